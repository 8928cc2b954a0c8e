#include "git/workspace.h"

#include <gmock/gmock.h>

#include "git/test_repository.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

using test::must;
using test::user_git;
namespace fs = std::filesystem;

struct WorkspaceTest : testing::Test, test::Fixture {
  fs::path folder = temp.path() / "work";

  void clone(std::string branch = "vtid/01213-x") {
    must(clone_workspace(*mirror, {fetch(), folder, std::move(branch), {"Bot", "bot@x"}}));
  }
};

TEST_F(WorkspaceTest, StandsCleanOnItsBranchAtTheCommit) {
  clone();
  EXPECT_EQ(user_git(folder, {"rev-parse", "HEAD"}), first);
  EXPECT_EQ(user_git(folder, {"symbolic-ref", "--short", "HEAD"}), "vtid/01213-x");
  EXPECT_EQ(user_git(folder, {"status", "--porcelain"}), "");
  EXPECT_EQ(test::read_all(folder / "readme.md"), "hello\n");
}

TEST_F(WorkspaceTest, WithoutABranchItsHeadIsDetached) {
  clone("");
  EXPECT_EQ(user_git(folder, {"rev-parse", "HEAD"}), first);
  EXPECT_THROW(user_git(folder, {"symbolic-ref", "HEAD"}), std::runtime_error);
}

TEST_F(WorkspaceTest, HasNoRemoteNoHooksAndOnlyItsOwnRef) {
  user.git({"branch", "vtid/00001-other"});
  clone();
  EXPECT_EQ(user_git(folder, {"remote"}), "");
  EXPECT_FALSE(fs::exists(folder / ".git/hooks"));
  EXPECT_EQ(user_git(folder, {"for-each-ref", "--format=%(refname)"}), "refs/heads/vtid/01213-x");
}

TEST_F(WorkspaceTest, WhatHappensInItReachesNeitherMirrorNorUser) {
  clone();
  const auto before = must(mirror->run({"for-each-ref"})) + user.git({"for-each-ref"});
  test::write_file(folder / "a", "1");
  user_git(folder, {"add", "a"});
  user_git(folder, {"commit", "--quiet", "-m", "x"});
  user_git(folder, {"update-ref", "refs/heads/main", "HEAD"});
  EXPECT_EQ(must(mirror->run({"for-each-ref"})) + user.git({"for-each-ref"}), before);
  EXPECT_FALSE(must(mirror->exists(user_git(folder, {"rev-parse", "HEAD"}))));
}

TEST_F(WorkspaceTest, ItsConfigurationNamesNoPathSoItMayBeSeenElsewhere) {
  clone();
  EXPECT_THAT(user_git(folder, {"config", "--local", "--list"}),
              testing::Not(testing::HasSubstr(temp.path().string())));
}

TEST_F(WorkspaceTest, CommitsInItCarryTheGivenIdentity) {
  clone();
  EXPECT_EQ(user_git(folder, {"config", "user.name"}), "Bot");
  EXPECT_EQ(user_git(folder, {"config", "user.email"}), "bot@x");
}

TEST_F(WorkspaceTest, AFilterThatTheMirrorKnowsDoesNotRun) {
  const auto mark = temp.path() / "ran";
  user.write(".gitattributes", "*.md filter=evil\n");
  user.commit();
  user.git({"config", "filter.evil.smudge", "touch " + mark.string() + "; cat"});
  clone();
  must(checkout_tree(*mirror, user.head(), temp.path() / "plain"));
  EXPECT_FALSE(fs::exists(mark));
  EXPECT_EQ(test::read_all(folder / "readme.md"), "hello\n");
}

TEST_F(WorkspaceTest, AFolderWithSomethingInItIsRefused) {
  test::write_file(folder / "mine", "1");
  const auto made = clone_workspace(*mirror, {first, folder, "", {}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, FailureCode::WORKSPACE_FAILED);
  EXPECT_EQ(checkout_tree(*mirror, first, folder).error().code, FailureCode::WORKSPACE_FAILED);
  EXPECT_EQ(test::read_all(folder / "mine"), "1");
}

TEST_F(WorkspaceTest, ATreeThatNobodyCanCheckOutIsTheCommitsFault) {
  const auto blob = user.git({"hash-object", "-w", "readme.md"});
  user.git({"update-index", "--add", "--cacheinfo", "100644," + blob + "," + std::string(300, 'n')});
  const auto tree = user.git({"write-tree"});
  user.git({"update-ref", "refs/heads/main", user.git({"commit-tree", "-m", "bad", tree})});
  const auto bad = fetch();
  EXPECT_EQ(clone_workspace(*mirror, {bad, folder, "", {}}).error().code, FailureCode::SETUP_FAILED);
  const auto made = checkout_tree(*mirror, bad, temp.path() / "plain");
  EXPECT_EQ(made.error().code, FailureCode::SETUP_FAILED);
  EXPECT_EQ(made.error().message, "the commit cannot be checked out");
}

TEST_F(WorkspaceTest, AMissingCommitHasItsCodeAndMakesNoFolder) {
  EXPECT_EQ(clone_workspace(*mirror, {Oid(40, '1'), folder, "", {}}).error().code,
            FailureCode::COMMIT_MISSING);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(WorkspaceTest, ABranchThatIsAnOptionIsRefused) {
  EXPECT_FALSE(clone_workspace(*mirror, {first, folder, "--all", {}}));
}

TEST_F(WorkspaceTest, AShallowMirrorGivesAWorkspaceToo) {
  user.commit_file("a", "1");
  user.git({"clone", "--quiet", "--depth=1", "file://" + user.path().string(), "../shallow"});
  auto other = must(Mirror::open(temp.path() / "other", {}));
  const auto tip = must(other->fetch(Source::at_path(temp.path() / "shallow"), "main"));
  must(clone_workspace(*other, {tip, folder, "", {}}));
  EXPECT_EQ(user_git(folder, {"rev-list", "--count", "HEAD"}), "1");
}

TEST_F(WorkspaceTest, APlainCheckoutHasTheFilesAndNoGit) {
  test::write_program(user.path("run"), "x");
  user.write("a\nb/--c", "1");
  fs::create_symlink("/etc/passwd", user.path("link"));
  user.commit();
  fetch();
  const auto plain = temp.path() / "plain";
  must(checkout_tree(*mirror, must(tree_of(*mirror, user.head())), plain));
  EXPECT_FALSE(fs::exists(plain / ".git"));
  EXPECT_EQ(test::read_all(plain / "a\nb/--c"), "1");
  EXPECT_EQ(fs::read_symlink(plain / "link"), "/etc/passwd");
  EXPECT_NE(fs::status(plain / "run").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_TRUE(fs::is_empty(mirror->scratch()));
}

}  // namespace
}  // namespace vitana::git
