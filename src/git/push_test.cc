#include "git/push.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <thread>

#include "base/stop.h"
#include "git/checked_out.h"
#include "git/commit.h"
#include "git/test_repository.h"
#include "git/tree.h"
#include "process/run.h"

namespace vitana::git {
namespace {

using test::must;
using test::user_git;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// A result that is ready: the first commit, with `readme.md` changed and `new/file` added.
struct PushTest : testing::Test, test::Fixture {
  Oid next = make_next();

  Oid make_next() {
    user.git({"checkout", "--quiet", "-b", "vtid/00001-seed"});
    user.write("readme.md", "changed\n");
    user.write("new/file", "1");
    const auto made = user.commit();
    fetch();
    user.git({"checkout", "--quiet", "main"});
    user.git({"branch", "--quiet", "-D", "vtid/00001-seed"});
    return made;
  }
  PushRequest request(std::string ref = "refs/heads/main") const {
    return {user.source(), next, std::move(ref), first};
  }
  std::string files() const {
    return user.git({"status", "--porcelain", "--untracked-files=all"}) +
           test::read_all(user.path("readme.md")) + user.git({"for-each-ref"});
  }
  void expect_refused(FailureCode code, const PushRequest& pushed) {
    const auto before = files();
    const auto done = push(*mirror, pushed);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, code) << to_string(done.error());
    EXPECT_EQ(files(), before);
  }
  void hook(const std::string& name, const std::string& script) const {
    test::write_program(user.path(".git/hooks/" + name), "#!/bin/sh\n" + script + "\n");
  }
};

TEST_F(PushTest, ACleanCheckedOutBranchMovesWithItsFiles) {
  must(push(*mirror, request()));
  EXPECT_EQ(user.head(), next);
  EXPECT_EQ(user.git({"status", "--porcelain"}), "");
  EXPECT_EQ(test::read_all(user.path("readme.md")), "changed\n");
  EXPECT_EQ(test::read_all(user.path("new/file")), "1");
}

TEST_F(PushTest, ANewBranchIsMadeAndNothingElseMoves) {
  auto pushed = request("refs/heads/vtid/01213-x");
  pushed.expected.reset();
  user.write("readme.md", "my own work\n");
  must(push(*mirror, pushed));
  EXPECT_EQ(user.git({"rev-parse", "vtid/01213-x"}), next);
  EXPECT_EQ(user.head(), first);
  EXPECT_EQ(test::read_all(user.path("readme.md")), "my own work\n");
}

TEST_F(PushTest, ABranchIsRemovedWhereItIsWhatItWas) {
  const std::string ref = "refs/heads/vtid/01213-x";
  must(push(*mirror, {user.source(), next, ref, {}}));
  must(remove_branch(*mirror, user.source(), ref, first));
  EXPECT_EQ(user.git({"rev-parse", ref}), next);
  must(remove_branch(*mirror, user.source(), ref, next));
  EXPECT_EQ(user.git({"for-each-ref", "--format=%(refname)"}), "refs/heads/main");
  must(remove_branch(*mirror, user.source(), ref, next));
}

TEST_F(PushTest, ACheckedOutBranchIsNotRemoved) {
  user.git({"checkout", "--quiet", "-b", "vtid/01213-x"});
  const auto before = files();
  must(remove_branch(*mirror, user.source(), "refs/heads/vtid/01213-x", first));
  EXPECT_EQ(files(), before);
}

TEST_F(PushTest, PushingAgainIsDone) {
  must(push(*mirror, request()));
  must(push(*mirror, request()));
  EXPECT_EQ(user.head(), next);
}

TEST_F(PushTest, ABareRepositoryAndAUrlTakeItToo) {
  user.git({"clone", "--quiet", "--bare", ".", "../bare.git"});
  const auto bare = temp.path() / "bare.git";
  must(push(*mirror, {Source::at_path(bare), next, "refs/heads/main", first}));
  EXPECT_EQ(user_git(bare, {"rev-parse", "main"}), next);
  must(push(*mirror, {Source::at_url("file://" + bare.string()), next, "refs/heads/x", {}}));
  EXPECT_EQ(user_git(bare, {"rev-parse", "x"}), next);
}

TEST_F(PushTest, AChangedFileKeepsEverythingAsItIs) {
  user.write("readme.md", "my own work\n");
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, request());
  const auto why = push(*mirror, request()).error();
  EXPECT_EQ(why.context.at("paths"), "readme.md");
  EXPECT_EQ(why.context.at("hint"), "commit or stash the changes in " + user.path().string());
}

TEST_F(PushTest, AChangeInAnotherFileOrOnlyInTheIndexCountsToo) {
  user.commit_file("other", "1");
  fetch();
  const std::vector<Oid> parents = {user.head()};
  const auto on_top = must(commit_tree(
      *mirror, must(merge_trees(*mirror, first, next, user.head())), parents, "x", {}, {}));
  PushRequest pushed{user.source(), on_top, "refs/heads/main", user.head()};
  user.write("other", "2");
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, pushed);
  user.git({"add", "other"});
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, pushed);
  user.git({"reset", "--quiet", "--hard"});
  must(push(*mirror, pushed));
}

TEST_F(PushTest, AnUntrackedFileThatWouldBeOverwrittenIsKept) {
  user.write("new/file", "mine");
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, request());
  EXPECT_EQ(test::read_all(user.path("new/file")), "mine");
}

TEST_F(PushTest, AnIgnoredFileThatWouldBeOverwrittenIsKept) {
  test::write_file(user.path(".git/info/exclude"), "new/\n");
  user.write("new/file", "mine");
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, request());
  EXPECT_EQ(test::read_all(user.path("new/file")), "mine");
}

TEST_F(PushTest, AnUntrackedFileInAFoldersPlaceIsKept) {
  user.write("new", "mine");
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, request());
  EXPECT_EQ(test::read_all(user.path("new")), "mine");
}

TEST_F(PushTest, AnUntrackedFolderInAFilesPlaceIsKept) {
  user.write("new/file/mine", "mine");
  const auto done = push(*mirror, request());
  ASSERT_FALSE(done);
  EXPECT_EQ(user.head(), first);
  EXPECT_EQ(test::read_all(user.path("new/file/mine")), "mine");
}

/// What lies in the place of a file of the result, and which git would take away without a word.
struct InTheWayTest : PushTest {
  /// A result that has `steps` done to the newest commit, which a person makes on another branch.
  PushRequest made_by(const std::string& steps) {
    const auto old = user.head();
    user.git({"checkout", "--quiet", "-b", "vtid/00002-way"});
    const auto done = process::run({.argv = {"/bin/sh", "-e", "-c", steps},
                                    .cwd = user.path(),
                                    .environment = {{"PATH", "/usr/bin:/bin"}},
                                    .input = {},
                                    .deadline = std::chrono::seconds(30)});
    EXPECT_TRUE(done && done->ok());
    const auto made = user.commit();
    fetch();
    user.git({"checkout", "--quiet", "-f", "main"});
    user.git({"branch", "--quiet", "-D", "vtid/00002-way"});
    return {user.source(), made, "refs/heads/main", old};
  }
  void expect_kept(const PushRequest& pushed, const std::string& path) {
    const auto before = files();
    const auto done = push(*mirror, pushed);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, FailureCode::DELIVERY_TARGET_DIRTY) << to_string(done.error());
    EXPECT_EQ(done.error().context.at("paths"), path);
    EXPECT_EQ(files(), before);
    EXPECT_EQ(test::read_all(user.path(path)), "mine");
  }
};

TEST_F(InTheWayTest, AnIgnoredFolderIsKept) {
  user.commit_file(".gitignore", "data/\n");
  const auto pushed = made_by("rm -rf data && echo x > data && git add -f data");
  user.write("data/deep/k", "mine");
  expect_kept(pushed, "data/deep/k");
}

TEST_F(InTheWayTest, AnIgnoredFolderInAFolderThatIsReplacedIsKept) {
  user.commit_file(".gitignore", "cache/\n");
  user.commit_file("out/readme", "1");
  const auto pushed = made_by("rm -rf out && echo x > out");
  user.write("out/cache/k", "mine");
  expect_kept(pushed, "out/cache/k");
}

TEST_F(InTheWayTest, AnIgnoredFolderWhereALinkShallBeIsKept) {
  user.commit_file(".gitignore", "node_modules/\n");
  const auto pushed = made_by("ln -s vendor node_modules && git add -f node_modules");
  user.write("node_modules/k", "mine");
  expect_kept(pushed, "node_modules/k");
}

TEST_F(InTheWayTest, ASubmoduleWithFilesIsKept) {
  const auto other = user.path("../other");
  user_git(".", {"init", "--quiet", "--initial-branch=main", other.string()});
  test::write_file(other / "s", "1");
  user_git(other, {"add", "."});
  user_git(other, {"commit", "--quiet", "-m", "s"});
  user.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.string(), "sub"});
  user.commit();
  user.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "deinit", "-f", "sub"});
  const auto pushed = made_by("git rm -r -q --cached sub && rm -rf sub && echo x > sub");
  user.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"});
  user.write("sub/s", "mine");
  const auto done = push(*mirror, pushed);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::DELIVERY_TARGET_DIRTY) << to_string(done.error());
  EXPECT_EQ(test::read_all(user.path("sub/s")), "mine");
}

TEST_F(InTheWayTest, WhatTheChangeItselfTakesAwayIsNotInTheWay) {
  user.write("old/a", "1");
  user.write("old/b/c", "2");
  fs::create_directory_symlink("old", user.path("link"));
  user.commit();
  must(push(*mirror, made_by("rm -r old link && echo x > old && mkdir link && echo y > link/a")));
  EXPECT_EQ(test::read_all(user.path("old")), "x\n");
  EXPECT_EQ(test::read_all(user.path("link/a")), "y\n");
  EXPECT_EQ(user.git({"status", "--porcelain"}), "");
}

TEST_F(PushTest, AnUntrackedFileElsewhereIsNoHindrance) {
  user.write("notes", "mine");
  must(push(*mirror, request()));
  EXPECT_EQ(test::read_all(user.path("notes")), "mine");
}

TEST_F(PushTest, ALinkedWorkTreeOnTheBranchMovesOrRefusesLikeTheMainOne) {
  user.git({"checkout", "--quiet", "--detach"});
  user.git({"worktree", "add", "--quiet", "../linked", "main"});
  const auto linked = temp.path() / "linked";
  test::write_file(linked / "readme.md", "my own work\n");
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, request());
  EXPECT_EQ(test::read_all(linked / "readme.md"), "my own work\n");
  user_git(linked, {"checkout", "--quiet", "readme.md"});
  must(push(*mirror, request()));
  EXPECT_EQ(test::read_all(linked / "readme.md"), "changed\n");
  EXPECT_EQ(user_git(linked, {"status", "--porcelain"}), "");
  EXPECT_EQ(test::read_all(user.path("readme.md")), "hello\n");
}

TEST_F(PushTest, ALinkedWorkTreeThatIsGoneIsNamed) {
  user.git({"checkout", "--quiet", "--detach"});
  user.git({"worktree", "add", "--quiet", "../linked", "main"});
  fs::remove_all(temp.path() / "linked");
  expect_refused(FailureCode::DELIVERY_REFUSED, request());
}

TEST_F(PushTest, AListOfWorkTreesThatCannotBeReadIsNoEmptyOne) {
  user.write(".git/worktrees", "");
  expect_refused(FailureCode::GIT_FAILED, request());
}

TEST_F(PushTest, ARebaseUnderWayIsNotDisturbed) {
  user.commit_file("readme.md", "one\n");
  fetch();
  const auto tip = user.head();
  user.git({"checkout", "--quiet", "-b", "other", first});
  user.commit_file("readme.md", "two\n");
  user.git({"checkout", "--quiet", "main"});
  EXPECT_THROW(user.git({"rebase", "other"}), std::runtime_error);
  user.git({"checkout", "--quiet", "--force", "HEAD"});
  const std::vector<Oid> parents = {tip};
  const auto made = must(commit_tree(*mirror, next, parents, "x", {}, {}));
  expect_refused(FailureCode::DELIVERY_TARGET_DIRTY, {user.source(), made, "refs/heads/main", tip});
}

TEST_F(PushTest, ABranchThatMovedIsARace) {
  user.commit_file("other", "1");
  expect_refused(FailureCode::DELIVERY_RACE, request());
}

TEST_F(PushTest, ABranchThatShouldNotBeThereIsARace) {
  user.git({"branch", "vtid/01213-x"});
  auto pushed = request("refs/heads/vtid/01213-x");
  pushed.expected.reset();
  expect_refused(FailureCode::DELIVERY_RACE, pushed);
}

TEST_F(PushTest, ABranchThatMovesBetweenLookAndPushIsARaceToo) {
  // The owner's hook stands for another writer who comes first.
  user.git({"checkout", "--quiet", "--detach"});
  const auto other = user.commit_file("other", "1");
  hook("pre-receive", "unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main " + other);
  const auto done = push(*mirror, request());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::DELIVERY_RACE) << to_string(done.error());
  EXPECT_EQ(user.git({"rev-parse", "main"}), other);
}

TEST_F(PushTest, TheOwnersHookMayRefuse) {
  hook("pre-receive", "echo no such changes here >&2; exit 1");
  expect_refused(FailureCode::DELIVERY_REFUSED, request());
  const auto done = push(*mirror, request());
  EXPECT_THAT(done.error().causes, testing::Contains(HasSubstr("no such changes here")));
}

TEST_F(PushTest, TheOwnersHooksSeeTheirOwnEnvironment) {
  hook("post-receive", "env > seen; exit 1");
  must(push(*mirror, request()));
  const auto seen = test::read_all(user.path(".git/seen"));
  EXPECT_THAT(seen, testing::Not(HasSubstr("GIT_LITERAL_PATHSPECS")));
  EXPECT_THAT(seen, testing::Not(HasSubstr("GIT_CEILING_DIRECTORIES")));
}

// At the moment at which git has taken the objects and is about to move the branch.
TEST_F(PushTest, ACommitMadeMeanwhileKeepsItsFilesAndIsARace) {
  hook("update", "unset GIT_DIR GIT_QUARANTINE_PATH; cd .. && echo mine > mine && git add mine && "
                 "git -c user.name=Ada -c user.email=ada@example.org commit --quiet -m mine");
  const auto done = push(*mirror, request());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::DELIVERY_RACE) << to_string(done.error());
  EXPECT_EQ(user.git({"status", "--porcelain", "--untracked-files=all"}), "");
  EXPECT_EQ(user.git({"rev-parse", "main^"}), first);
  EXPECT_EQ(test::read_all(user.path("mine")), "mine\n");
  EXPECT_FALSE(fs::exists(user.path("new/file")));
}

TEST_F(PushTest, AChangeMadeMeanwhileToAFileOfTheResultIsKept) {
  hook("update", "echo mine > ../readme.md");
  const auto done = push(*mirror, request());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::DELIVERY_TARGET_DIRTY) << to_string(done.error());
  EXPECT_EQ(user.head(), first);
  EXPECT_EQ(user.git({"status", "--porcelain", "--untracked-files=all"}), " M readme.md");
  EXPECT_EQ(test::read_all(user.path("readme.md")), "mine\n");
}

TEST_F(PushTest, AChangeMadeMeanwhileToAnotherFileIsKeptBesideTheResult) {
  hook("update", "echo mine > ../mine && cd .. && env -u GIT_DIR -u GIT_QUARANTINE_PATH git add mine");
  must(push(*mirror, request()));
  EXPECT_EQ(user.head(), next);
  EXPECT_EQ(user.git({"status", "--porcelain", "--untracked-files=all"}), "A  mine");
}

TEST_F(PushTest, ALockOfAnotherGitCommandIsWaitedForAndThenNamed) {
  user.write(".git/index.lock", "");
  const auto done = push(*mirror, request());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::DELIVERY_TARGET_DIRTY);
  EXPECT_THAT(done.error().message, HasSubstr("index.lock"));
  fs::remove(user.path(".git/index.lock"));
  must(push(*mirror, request()));
}

TEST_F(PushTest, WhoWaitsForALockOfAnotherGitCommandHeedsAStop) {
  user.write(".git/index.lock", "");
  std::stop_source stop;
  stop.request_stop();
  const StopScope scope(stop.get_token());
  const auto free = require_unlocked({user.path(".git"), user.path()});
  ASSERT_FALSE(free);
  EXPECT_EQ(free.error().code, FailureCode::CANCELLED);
}

TEST_F(PushTest, AllHooksOfTheOwnerRunAndSeeNoneOfOurs) {
  user.git({"config", "core.hooksPath", "own-hooks"});
  for (const auto* name : {"pre-receive", "update", "post-receive", "post-update", "reference-transaction"}) {
    test::write_program(user.path(std::string(".git/own-hooks/") + name),
                        "#!/bin/sh\necho " + std::string(name) + " \"$(git config core.hooksPath)\" >> ran\n");
  }
  must(push(*mirror, request()));
  const auto ran = test::read_all(user.path(".git/ran"));
  for (const auto* name : {"pre-receive", "update", "post-receive", "post-update", "reference-transaction"}) {
    EXPECT_THAT(ran, HasSubstr(std::string(name) + " own-hooks\n"));
  }
  EXPECT_THAT(ran, testing::Not(HasSubstr("delivery-hooks")));
  EXPECT_EQ(user.git({"status", "--porcelain"}), "");
}

/// A hook says through a pipe that it has begun, and the test says through another that it may end.
struct HangingHookTest : PushTest {
  fs::path begun = temp.path() / "begun";
  fs::path may_end = temp.path() / "may-end";

  void SetUp() override {
    ASSERT_EQ(::mkfifo(begun.c_str(), 0600), 0);
    ASSERT_EQ(::mkfifo(may_end.c_str(), 0600), 0);
  }
  std::string hang() const {
    return "echo > " + begun.string() + "\nread line < " + may_end.string();
  }
  void open_with(Options options) {
    options.home = temp.path() / "home";
    mirror = must(Mirror::open(temp.path() / "mirror", std::move(options)));
  }
  Result<void> push_until(std::stop_token stop) const {
    const StopScope scope(std::move(stop));
    return push(*mirror, request());
  }
  static void wait_for(const fs::path& pipe) { std::ifstream(pipe).get(); }
  /// As often as this process has it open.
  static int openings(const fs::path& file) {
    std::error_code closed;
    return static_cast<int>(std::ranges::count_if(
        fs::directory_iterator("/proc/self/fd"), [&](const auto& fd) { return fs::read_symlink(fd, closed) == file; }));
  }
};

TEST_F(HangingHookTest, IsNamedWhenItsDeadlineHasPassedAndNothingMoved) {
  hook("pre-receive", "exec sleep 60");
  open_with({.push_deadline = std::chrono::seconds(2)});
  const auto before = files();
  const auto done = push(*mirror, request());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::GIT_FAILED);
  EXPECT_THAT(done.error().causes, testing::Contains(testing::ContainsRegex("pre-receive .process [0-9]+. ")));
  EXPECT_EQ(files(), before);
  fs::remove(user.path(".git/hooks/pre-receive"));
  must(push(*mirror, request()));
}

TEST_F(HangingHookTest, AfterTheBranchMovedIsADeliveryAllTheSame) {
  hook("post-receive", "exec sleep 60");
  open_with({.push_deadline = std::chrono::seconds(2)});
  must(push(*mirror, request()));
  EXPECT_EQ(user.head(), next);
}

TEST_F(HangingHookTest, EndsWithAStop) {
  hook("pre-receive", hang());
  std::stop_source stop;
  auto pushing = std::async(std::launch::async, [&] { return push_until(stop.get_token()); });
  wait_for(begun);
  stop.request_stop();
  const auto done = pushing.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::CANCELLED);
  EXPECT_EQ(user.head(), first);
}

TEST_F(HangingHookTest, AStopDoesNotCutTheMoveOfTheFiles) {
  test::write_file(temp.path() / "home/.gitconfig",
                   "[filter \"slow\"]\n\tsmudge = \"echo > " + begun.string() + "; read line < " +
                       may_end.string() + "; cat\"\n");
  test::write_file(user.path(".git/info/attributes"), "new/file filter=slow\n");
  open_with({});
  std::stop_source stop;
  auto pushing = std::async(std::launch::async, [&] { return push_until(stop.get_token()); });
  wait_for(begun);
  stop.request_stop();
  std::ofstream(may_end) << "\n";
  EXPECT_FALSE(pushing.get());
  EXPECT_EQ(user.head(), next);
  EXPECT_EQ(user.git({"status", "--porcelain"}), "");
}

TEST_F(HangingHookTest, OfAnEngineThatDiedIsEndedByTheNextDelivery) {
  hook("pre-receive", hang());
  const pid_t engine = ::fork();
  ASSERT_NE(engine, -1);
  if (engine == 0) {
    (void)push(*mirror, request()).has_value();
    ::_exit(0);
  }
  wait_for(begun);
  ::kill(engine, SIGKILL);
  ::waitpid(engine, nullptr, 0);
  fs::remove(user.path(".git/hooks/pre-receive"));
  must(push(*mirror, request()));
  EXPECT_EQ(user.head(), next);
  EXPECT_EQ(user.git({"status", "--porcelain"}), "");
}

TEST_F(HangingHookTest, WhoWaitsForAnotherDeliveryIsStoppedToo) {
  hook("pre-receive", hang());
  std::stop_source first_stop;
  std::stop_source second_stop;
  auto pushing = std::async(std::launch::async, [&] { return push_until(first_stop.get_token()); });
  wait_for(begun);
  auto waiting = std::async(std::launch::async, [&] { return push_until(second_stop.get_token()); });
  while (openings(mirror->path() / "delivery.lock") < 2 &&
         waiting.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    std::this_thread::yield();
  }
  second_stop.request_stop();
  const auto stopped = waiting.get();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, FailureCode::CANCELLED);
  EXPECT_THAT(stopped.error().message, HasSubstr("another delivery"));
  std::ofstream(may_end) << "\n";
  must(pushing.get());
  EXPECT_EQ(user.head(), next);
}

TEST_F(PushTest, TheOwnersWayOfMovingTheFilesIsTaken) {
  hook("push-to-checkout", "git read-tree -u -m HEAD \"$1\" && touch moved");
  must(push(*mirror, request()));
  EXPECT_EQ(user.git({"status", "--porcelain", "--untracked-files=no"}), "");
  EXPECT_TRUE(fs::exists(user.path("moved")) || fs::exists(user.path(".git/moved")));
}

TEST_F(PushTest, OurSideRunsNoHookAndTheTargetNoMonitor) {
  const auto mark = temp.path() / "ran";
  test::write_program(mirror->path() / "hooks/pre-push", "#!/bin/sh\ntouch " + mark.string());
  test::write_program(temp.path() / "monitor", "#!/bin/sh\ntouch " + mark.string());
  user.git({"config", "core.fsmonitor", (temp.path() / "monitor").string()});
  must(push(*mirror, request()));
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(PushTest, AFilterOfTheOwnersHomeKeepsAWorkTreeClean) {
  const auto home = temp.path() / "home";
  test::write_file(home / ".gitconfig",
                   "[filter \"x\"]\n\tclean = tr A-Z a-z\n\tsmudge = tr a-z A-Z\n");
  user.write(".gitattributes", "loud filter=x\n");
  user.write("loud", "quiet\n");
  const auto base = user.commit();
  fetch();
  user.write("loud", "QUIET\n");
  mirror = must(Mirror::open(temp.path() / "mirror", {.home = home}));
  const std::vector<Oid> parents = {base};
  const auto tree = must(merge_trees(*mirror, first, next, base));
  const auto made = must(commit_tree(*mirror, tree, parents, "x", {}, {}));
  must(push(*mirror, {user.source(), made, "refs/heads/main", base}));
  EXPECT_EQ(test::read_all(user.path("loud")), "QUIET\n");
}

TEST_F(PushTest, OnlyBranchesAreDelivered) {
  expect_refused(FailureCode::DELIVERY_REFUSED, request("refs/tags/v1"));
  expect_refused(FailureCode::DELIVERY_REFUSED, request("refs/heads/../x"));
}

TEST_F(PushTest, AMissingCommitAndAGoneTargetHaveTheirCodes) {
  auto pushed = request();
  pushed.commit = Oid(40, '1');
  expect_refused(FailureCode::COMMIT_MISSING, pushed);
  pushed = request();
  pushed.target = Source::at_path(temp.path() / "gone");
  expect_refused(FailureCode::REPO_UNAVAILABLE, pushed);
}

TEST_F(PushTest, AnEmptyRepositoryGetsItsFirstBranch) {
  test::UserRepository empty(temp.path() / "empty");
  must(push(*mirror, {empty.source(), next, "refs/heads/main", {}}));
  EXPECT_EQ(empty.head(), next);
  EXPECT_EQ(test::read_all(empty.path("new/file")), "1");
}

}  // namespace
}  // namespace vitana::git
