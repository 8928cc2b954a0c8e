#include "git/owner_programs.h"

#include <gmock/gmock.h>

#include "git/test_repository.h"

namespace vitana::git {
namespace {

using test::must;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

struct OwnerProgramsTest : testing::Test {
  TempDir temp = test::temp_dir();
  test::UserRepository user{temp.path() / "user"};
  Git git{Options{.home = temp.path() / "home"}};

  OwnerPrograms found() const { return must(owner_programs(git, user.source())); }
  void configure(const std::string& key, const std::string& value) const {
    user.git({"config", "--add", key, value});
  }
};

TEST_F(OwnerProgramsTest, AnOrdinaryRepositoryHasNone) {
  user.commit_file("a", "1");
  EXPECT_THAT(found().paths, IsEmpty());
  EXPECT_THAT(found().folders, IsEmpty());
}

TEST_F(OwnerProgramsTest, AFolderOfHooksInTheTreeByEachOfItsNames) {
  for (const std::string& value : {user.path("tools/hooks").string(), std::string("../tools/hooks"),
                                  std::string("tools/hooks")}) {
    user.git({"config", "core.hooksPath", value});
    EXPECT_THAT(found().folders, ElementsAre("tools/hooks")) << value;
    EXPECT_THAT(found().paths, AllOf(Contains("tools"), Contains("tools/hooks/pre-receive"))) << value;
  }
}

TEST_F(OwnerProgramsTest, LinksOnTheWayToTheHooksAndOfTheHooks) {
  user.write("real/hooks/lib.sh", "");
  user.write("scripts/check.sh", "");
  std::filesystem::create_symlink("real/hooks", user.path("hooks"));
  std::filesystem::create_symlink("../../scripts/check.sh", user.path("real/hooks/update"));
  configure("core.hooksPath", "../hooks");
  EXPECT_THAT(found().folders, ElementsAre("hooks", "real/hooks"));
  EXPECT_THAT(found().paths, AllOf(Contains("hooks"), Contains("real"), Contains("scripts/check.sh")));
}

TEST_F(OwnerProgramsTest, AHookOfTheGitFolderThatIsALinkIntoTheTree) {
  std::filesystem::create_directories(user.path(".git/hooks"));
  std::filesystem::create_symlink("tools", user.path("bin"));
  std::filesystem::create_symlink(user.path("bin/receive.sh"), user.path(".git/hooks/pre-receive"));
  EXPECT_THAT(found().paths, ElementsAre("bin", "tools", "tools/receive.sh"));
  EXPECT_THAT(found().folders, IsEmpty());
}

TEST_F(OwnerProgramsTest, TheWholeFolderOfHooksMayBeALink) {
  std::filesystem::remove_all(user.path(".git/hooks"));
  std::filesystem::create_symlink("../githooks", user.path(".git/hooks"));
  EXPECT_THAT(found().folders, ElementsAre("githooks"));
}

TEST_F(OwnerProgramsTest, ProgramsOfFiltersAndDriversOfTheTree) {
  configure("filter.One.clean", "tools/clean.sh %f");
  configure("filter.one.smudge", "python3 -u ./tools/smudge.py");
  configure("filter.one.process", "\"$PWD/tools/process.sh\"");
  configure("merge.x.driver", "sh -c 'tools/merge.sh %O %A %B'");
  configure("diff.x.textconv", user.path("tools/text.sh").string());
  configure("diff.y.command", "../tools/diff.sh");
  configure("core.fsmonitor", "$(git rev-parse --show-toplevel)/tools/monitor.sh");
  configure("credential.https://example.org.helper", "!A=1 tools/credential.sh");
  configure("filter.two.clean", "sh two.sh clean");
  user.write("two.sh", "");
  configure("user.name", "tools/nobody.sh");
  const auto paths = found().paths;
  for (const auto* name : {"clean.sh", "smudge.py", "process.sh", "merge.sh", "text.sh", "diff.sh", "monitor.sh",
                           "credential.sh"}) {
    EXPECT_THAT(paths, Contains("tools/" + std::string(name)));
  }
  EXPECT_THAT(paths, AllOf(Contains("two.sh"), Not(Contains("clean")), Not(Contains("tools/nobody.sh"))));
}

TEST_F(OwnerProgramsTest, ConfigurationThatLiesInTheTreeIsOneOfThem) {
  configure("include.path", "../.gitconfig");
  configure("includeIf.onbranch:never.path", "../more.config");
  user.write(".gitconfig", "[filter \"x\"]\n\tclean = tools/x.sh\n");
  EXPECT_THAT(found().paths, AllOf(Contains(".gitconfig"), Contains("more.config"), Contains("tools/x.sh")));
}

TEST_F(OwnerProgramsTest, TheConfigurationOfTheOwnersHomeCounts) {
  test::write_file(temp.path() / "home/.gitconfig",
                   "[core]\n\thooksPath = ~/../user/hooks\n[filter \"x\"]\n\tclean = tools/x.sh\n");
  EXPECT_THAT(found().folders, ElementsAre("hooks"));
  EXPECT_THAT(found().paths, Contains("tools/x.sh"));
}

TEST_F(OwnerProgramsTest, ALinkedWorkTreeIsATreeToo) {
  user.commit_file("a", "1");
  user.git({"worktree", "add", "--quiet", "-b", "side", "../linked"});
  configure("core.hooksPath", (temp.path() / "linked/hooks").string());
  EXPECT_THAT(found().folders, ElementsAre("hooks"));
}

TEST_F(OwnerProgramsTest, AUrlAndABareRepositoryHaveNone) {
  user.commit_file("a", "1");
  user.git({"clone", "--quiet", "--bare", ".", "../bare.git"});
  user.git({"--git-dir=../bare.git", "config", "filter.x.clean", "tools/x.sh"});
  EXPECT_THAT(must(owner_programs(git, Source::at_path(temp.path() / "bare.git"))).paths, IsEmpty());
  EXPECT_THAT(must(owner_programs(git, Source::at_url("https://example.org/x"))).paths, IsEmpty());
}

}  // namespace
}  // namespace vitana::git
