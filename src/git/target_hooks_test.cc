#include "git/target_hooks.h"

#include <gtest/gtest.h>

#include "git/test_repository.h"
#include "process/run.h"

namespace vitana::git {
namespace {

using test::must;

/// git is about to move the checked-out branch from the first commit to `next`.
struct TargetHooksTest : testing::Test, test::Fixture {
  Oid next = user.commit_file("readme.md", "changed\n");
  std::filesystem::path folder = temp.path() / "hooks";
  TargetHooks hooks = make_hooks();

  TargetHooks make_hooks() {
    user.git({"reset", "--quiet", "--hard", first});
    const auto& git = mirror->git();
    const auto repository = must(locate(git, user.path()));
    const std::string ref = "refs/heads/main";
    const auto trees = must(work_trees_on(git, repository, ref));
    return must(TargetHooks::write(git, repository, trees, {user.source(), next, ref, first}, folder));
  }
  /// What git does when it has locked the branch; the hook's exit code.
  int prepare() const {
    process::RunRequest request{.argv = {(folder / "reference-transaction").string(), "prepared"}};
    request.input = first + " " + next + " refs/heads/main\n";
    request.cwd = user.path();
    request.environment = {{"PATH", "/usr/bin:/bin"}};
    return must(process::run(request)).exit_code;
  }
  std::string file() const { return test::read_all(user.path("readme.md")); }
};

TEST_F(TargetHooksTest, TheFilesMoveBeforeTheBranch) {
  EXPECT_EQ(prepare(), 0);
  EXPECT_EQ(file(), "changed\n");
  EXPECT_EQ(user.head(), first);
}

TEST_F(TargetHooksTest, AfterThePushMayEndTheFilesDoNotBeginToMove) {
  EXPECT_TRUE(hooks.may_end());
  EXPECT_NE(prepare(), 0);
  EXPECT_EQ(file(), "hello\n");
  EXPECT_TRUE(hooks.may_end());
}

TEST_F(TargetHooksTest, AfterTheFilesBeganToMoveThePushMayNotEnd) {
  EXPECT_EQ(prepare(), 0);
  EXPECT_FALSE(hooks.may_end());
}

}  // namespace
}  // namespace vitana::git
