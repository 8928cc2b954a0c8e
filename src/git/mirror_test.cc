#include "git/mirror.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "git/test_repository.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

using test::must;

struct MirrorTest : testing::Test, test::Fixture {};

TEST_F(MirrorTest, FetchingBringsTheNewestCommit) {
  const auto second = user.commit_file("a", "1");
  EXPECT_EQ(fetch(), second);
  EXPECT_EQ(must(mirror->tip("main")), second);
  EXPECT_TRUE(must(mirror->exists(second)));
}

TEST_F(MirrorTest, FetchingFollowsARewrittenBranch) {
  user.commit_file("a", "1");
  fetch();
  user.git({"reset", "--quiet", "--hard", first});
  const auto other = user.commit_file("b", "1");
  EXPECT_EQ(fetch(), other);
}

TEST_F(MirrorTest, OnlyTheBranchAndTheVtidBranchesAreCopied) {
  user.git({"branch", "vtid/01213-x"});
  user.git({"branch", "private"});
  fetch();
  EXPECT_EQ(must(mirror->tip("vtid/01213-x")), first);
  EXPECT_EQ(must(mirror->tip("private")), std::nullopt);
  user.git({"branch", "-D", "vtid/01213-x"});
  fetch();
  EXPECT_EQ(must(mirror->tip("vtid/01213-x")), std::nullopt);
  EXPECT_EQ(must(mirror->tip("main")), first);
}

TEST_F(MirrorTest, FetchingLeavesTheUsersRepositoryAsItIs) {
  const auto before = user.git({"for-each-ref"}) + user.git({"status", "--porcelain"}) +
                      user.git({"config", "--local", "--list"});
  fetch();
  EXPECT_EQ(user.git({"for-each-ref"}) + user.git({"status", "--porcelain"}) +
                user.git({"config", "--local", "--list"}),
            before);
}

TEST_F(MirrorTest, AMissingBranchAndAGoneRepositoryAreToldApart) {
  EXPECT_EQ(mirror->fetch(user.source(), "nope").error().code, FailureCode::BRANCH_MISSING);
  std::filesystem::remove_all(user.path());
  EXPECT_EQ(mirror->fetch(user.source(), "main").error().code, FailureCode::REPO_UNAVAILABLE);
}

TEST_F(MirrorTest, ABranchBesideIsBroughtUnderANameOfItsOwnAndForgotten) {
  fetch();
  user.git({"checkout", "--quiet", "-b", "topic"});
  const auto other = user.commit_file("b", "1");
  user.git({"checkout", "--quiet", "main"});
  const auto newer = user.commit_file("a", "2");
  fetch();
  EXPECT_EQ(must(mirror->fetch_beside(user.source(), "refs/heads/topic")), other);
  EXPECT_EQ(must(mirror->tip("topic")), std::nullopt);
  EXPECT_EQ(must(mirror->tip("main")), newer);
  EXPECT_EQ(must(mirror->merge_base(other, newer)), first);
  must(mirror->forget_beside());
  must(mirror->forget_beside());
  EXPECT_EQ(must(mirror->run({"for-each-ref", "refs/vitana/"})), "");
  EXPECT_FALSE(mirror->fetch_beside(user.source(), "refs/heads/gone"));
  EXPECT_FALSE(mirror->fetch_beside(user.source(), "--upload-pack=x"));
}

TEST_F(MirrorTest, HistoriesWithNothingInCommonHaveNoBase) {
  fetch();
  user.git({"checkout", "--quiet", "--orphan", "island"});
  const auto other = user.commit_file("b", "1");
  EXPECT_EQ(must(mirror->fetch_beside(user.source(), "refs/heads/island")), other);
  EXPECT_EQ(must(mirror->merge_base(other, first)), std::nullopt);
}

TEST_F(MirrorTest, AUrlIsFetchedToo) {
  auto other = must(Mirror::open(temp.path() / "other", {}));
  EXPECT_EQ(must(other->fetch(Source::at_url("file://" + user.path().string()), "main")), first);
}

TEST_F(MirrorTest, AShallowRepositoryCanBeFetched) {
  user.commit_file("a", "1");
  user.git({"clone", "--quiet", "--depth=1", "file://" + user.path().string(), "../shallow"});
  auto other = must(Mirror::open(temp.path() / "other", {}));
  EXPECT_EQ(must(other->fetch(Source::at_path(temp.path() / "shallow"), "main")), user.head());
}

TEST_F(MirrorTest, OpeningAgainKeepsWhatIsThere) {
  mirror = must(Mirror::open(temp.path() / "mirror", {}));
  EXPECT_EQ(must(mirror->tip("main")), first);
}

TEST_F(MirrorTest, ALockThatAKilledGitLeftDoesNotStopFetching) {
  const auto lock = mirror->path() / "refs/remotes/origin/main.lock";
  test::write_file(lock, "");
  std::filesystem::last_write_time(
      lock, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(5));
  const auto second = user.commit_file("a", "1");
  EXPECT_EQ(fetch(), second);
}

TEST_F(MirrorTest, ALockThatAKilledGitLeftAMomentAgoDoesNotStopOpening) {
  for (const auto* lock : {"config.lock", "HEAD.lock"}) test::write_file(mirror->path() / lock, "");
  mirror = must(Mirror::open(temp.path() / "mirror", {}));
  EXPECT_EQ(fetch(), user.head());
}

TEST_F(MirrorTest, OneThatDiedWhileItWasMadeIsInNobodysWay) {
  const auto half = temp.path() / fmt::format("other.{}.new", ::getpid());
  test::write_file(half / "config.lock", "");
  const auto made = must(Mirror::open(temp.path() / "other", {}));
  EXPECT_FALSE(std::filesystem::exists(half));
  EXPECT_TRUE(made->fetch(user.source(), "main"));
}

TEST_F(MirrorTest, AncestryIsReadFromHistory) {
  const auto second = user.commit_file("a", "1");
  fetch();
  EXPECT_TRUE(must(mirror->is_ancestor(first, second)));
  EXPECT_TRUE(must(mirror->is_ancestor(first, first)));
  EXPECT_FALSE(must(mirror->is_ancestor(second, first)));
  EXPECT_EQ(mirror->is_ancestor(std::string(40, '1'), first).error().code,
            FailureCode::COMMIT_MISSING);
}

TEST_F(MirrorTest, WhetherABranchHoldsACommitIsReadFromTheRepositoryItself) {
  const std::string main = "refs/heads/main";
  EXPECT_TRUE(must(mirror->holds(user.source(), main, first)));
  const auto second = user.commit_file("a", "1");
  EXPECT_FALSE(must(mirror->holds(user.source(), main, second)));  // unknown here: not ours
  EXPECT_TRUE(must(mirror->holds(user.source(), main, first)));    // fetches what is new
  EXPECT_TRUE(must(mirror->holds(user.source(), main, second)));
  user.git({"reset", "--quiet", "--hard", first});
  EXPECT_FALSE(must(mirror->holds(user.source(), main, second)));
  EXPECT_FALSE(must(mirror->holds(user.source(), "refs/heads/none", first)));
}

TEST_F(MirrorTest, OnlyCommitsExistAsCommits) {
  EXPECT_FALSE(must(mirror->exists(std::string(40, '1'))));
  EXPECT_FALSE(must(mirror->exists("main")));
  EXPECT_FALSE(must(mirror->exists(must(tree_of(*mirror, first)))));
}

TEST_F(MirrorTest, WhatIsKeptOutlivesMaintenanceAndWhatIsForgottenDoesNot) {
  const auto kept = user.commit_file("a", "1");
  fetch();
  must(mirror->keep("runs/VTID-01213.1", kept));
  user.git({"reset", "--quiet", "--hard", first});
  fetch();
  // Two packs are one too many.
  const auto clean_up = [&](const char* file) {
    must(mirror->run({"repack"}));
    user.commit_file(file, file);
    fetch();
    must(mirror->run({"repack"}));
    must(mirror->maintain(0, 1));
  };
  clean_up("b");
  EXPECT_TRUE(must(mirror->exists(kept)));
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  EXPECT_THAT(must(mirror->kept(now - std::chrono::hours(24 * 365 * 50))), ::testing::IsEmpty());
  EXPECT_THAT(must(mirror->kept(now + std::chrono::hours(1))), ::testing::ElementsAre("runs/VTID-01213.1"));
  must(mirror->forget("runs/VTID-01213.1"));
  clean_up("c");
  auto again = must(Mirror::open(temp.path() / "mirror", {}));
  EXPECT_FALSE(must(again->exists(kept)));
}

TEST_F(MirrorTest, HooksOfTheSourceDoNotRunWhenItIsRead) {
  const auto mark = temp.path() / "ran";
  const auto script = "#!/bin/sh\ntouch " + mark.string() + "\n";
  for (const auto* hook : {"reference-transaction", "post-checkout", "fsmonitor"}) {
    test::write_program(user.path(".git/hooks") / hook, script);
  }
  user.git({"config", "core.fsmonitor", user.path(".git/hooks/fsmonitor").string()});
  user.git({"config", "uploadpack.packObjectsHook", user.path(".git/hooks/fsmonitor").string()});
  must(remote_tip(mirror->git(), user.source(), "main"));
  fetch();
  EXPECT_FALSE(std::filesystem::exists(mark));
}

}  // namespace
}  // namespace vitana::git
