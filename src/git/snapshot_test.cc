#include "git/snapshot.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "git/test_repository.h"
#include "git/tree.h"
#include "git/workspace.h"

namespace vitana::git {
namespace {

using test::must;
using test::user_git;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

struct SnapshotTest : testing::Test, test::Fixture {
  fs::path folder = temp.path() / "work";
  Oid base = first;

  /// The user's folder as it is becomes the base, and a workspace is made of it.
  void start() {
    base = user.commit();
    fetch();
    must(clone_workspace(*mirror, {base, folder, "vtid/01213-x", {}}));
  }
  void write(std::string_view name, std::string_view content) {
    test::write_file(folder / name, content);
  }
  Result<Oid> take() { return snapshot(*mirror, {.folder = folder, .base = base, .exclude = {}}); }
  std::vector<std::string> changed() {
    std::vector<std::string> result;
    for (auto& change : must(diff_trees(*mirror, base, must(take())))) {
      const auto letter = std::string_view("AMDT").at(static_cast<std::size_t>(change.kind));
      result.push_back(std::string(1, letter) + " " + change.path);
    }
    return result;
  }
  void expect_forbidden(std::string_view path) {
    const auto tree = take();
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().code, FailureCode::PATH_FORBIDDEN) << to_string(tree.error());
    EXPECT_EQ(tree.error().context.at("path"), path);
  }
};

TEST_F(SnapshotTest, AFolderThatIsAsItWasHasTheBasesTree) {
  start();
  EXPECT_EQ(must(take()), must(tree_of(*mirror, base)));
}

TEST_F(SnapshotTest, NewChangedAndRemovedFilesAreSeen) {
  user.write("gone", "1");
  start();
  fs::remove(folder / "gone");
  write("new/file", "1");
  write("readme.md", "changed\n");
  EXPECT_THAT(changed(), ElementsAre("D gone", "A new/file", "M readme.md"));
}

TEST_F(SnapshotTest, ACommitOrAnIndexOfTheAgentMakesNoDifference) {
  start();
  write("a", "1");
  user_git(folder, {"add", "a"});
  user_git(folder, {"commit", "--quiet", "-m", "x"});
  user_git(folder, {"update-index", "--assume-unchanged", "readme.md"});
  write("readme.md", "changed\n");
  EXPECT_THAT(changed(), ElementsAre("A a", "M readme.md"));
}

TEST_F(SnapshotTest, FilesAndFoldersMayChangePlaces) {
  user.write("f", "1");
  user.write("d/x", "1");
  start();
  fs::remove(folder / "f");
  write("f/inner", "1");
  fs::remove_all(folder / "d");
  write("d", "1");
  EXPECT_THAT(changed(), ElementsAre("A d", "D d/x", "D f", "A f/inner"));
}

TEST_F(SnapshotTest, AFolderMayBecomeALink) {
  user.write("d/x", "1");
  user.write("e/x", "1");
  start();
  fs::remove_all(folder / "d");
  fs::create_symlink("e", folder / "d");
  EXPECT_THAT(changed(), ElementsAre("A d", "D d/x"));
}

TEST_F(SnapshotTest, TheExecutableBitAndNamesOfEveryKindAreKept) {
  start();
  test::write_program(folder / "run", "x");
  write("--all", "1");
  write("a\nb", "1");
  write("bad\xff", "1");
  EXPECT_THAT(changed(), ElementsAre("A --all", "A a\nb", "A bad\xff", "A run"));
}

TEST_F(SnapshotTest, WhatTheBaseIgnoresIsLeftOutAlsoWhenTheRuleIsDeleted) {
  user.write(".gitignore", "*.o\n");
  user.write("sub/.gitignore", "/out/\n!keep.o\n");
  start();
  fs::remove(folder / ".gitignore");
  fs::remove(folder / "sub/.gitignore");
  write("x.o", "1");
  write("sub/out/x", "1");
  write("sub/keep.o", "1");
  write("sub/deep/out/x", "1");
  EXPECT_THAT(changed(),
              ElementsAre("D .gitignore", "D sub/.gitignore", "A sub/deep/out/x", "A sub/keep.o"));
}

TEST_F(SnapshotTest, ANewIgnoreFileCountsToo) {
  start();
  write(".gitignore", "node_modules/\n");
  write("node_modules/x/y.js", "1");
  EXPECT_THAT(changed(), ElementsAre("A .gitignore"));
}

TEST_F(SnapshotTest, ATrackedFileCannotBeHiddenByIgnoringIt) {
  start();
  write(".gitignore", "*\n");
  write("readme.md", "changed\n");
  EXPECT_THAT(changed(), ElementsAre("M readme.md"));
}

TEST_F(SnapshotTest, AFileWithHolesIsJudgedByItsLengthAndNotRead) {
  start();
  write("small.bin", "x");
  write("big.bin", "x");
  fs::resize_file(folder / "small.bin", std::uintmax_t{1} << 30);
  fs::resize_file(folder / "big.bin", std::uintmax_t{8} << 40);
  const auto tree = take();
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code, FailureCode::AGENT_DISK_LIMIT);
  EXPECT_EQ(tree.error().context.at("path"), "big.bin");
  EXPECT_THAT(tree.error().message, testing::HasSubstr("8388608 MiB"));
}

TEST_F(SnapshotTest, ManyFilesWithHolesAreJudgedTogether) {
  start();
  for (const auto* name : {"a", "b", "c"}) {
    write(name, "x");
    fs::resize_file(folder / name, std::uintmax_t{1} << 20);
  }
  const auto take_at_most = [&](std::uint64_t bytes) {
    return snapshot(*mirror, {.folder = folder, .base = base, .exclude = {}, .bytes_max = bytes});
  };
  EXPECT_FALSE(take_at_most(2 << 20));
  EXPECT_TRUE(take_at_most(3 << 20));
}

TEST_F(SnapshotTest, AnIgnoredFileMayHaveAnyHoles) {
  user.write(".gitignore", "*.mdb\n");
  start();
  write("data.mdb", "x");
  fs::resize_file(folder / "data.mdb", std::uintmax_t{8} << 40);
  write("y", "1");
  EXPECT_THAT(changed(), ElementsAre("A y"));
}

TEST_F(SnapshotTest, AFileThatGitPutsIntoAPackIsTaken) {
  start();
  write("a", "1");  // is written first, and opens the batch
  write("big.bin", "x");
  fs::resize_file(folder / "big.bin", std::uintmax_t{512} << 20);
  EXPECT_THAT(changed(), ElementsAre("A a", "A big.bin"));
}

TEST_F(SnapshotTest, TheCallerMayExcludeMore) {
  start();
  write("cache/x", "1");
  write("y", "1");
  const auto tree =
      must(snapshot(*mirror, {.folder = folder, .base = base, .exclude = {"/cache/"}}));
  EXPECT_EQ(must(diff_trees(*mirror, base, tree)).size(), 1U);
}

TEST_F(SnapshotTest, NoProgramOfTheWorkspaceRuns) {
  user.write(".gitattributes", "* filter=evil diff=evil\n");
  start();
  const auto mark = temp.path() / "ran";
  const auto program = (folder / "evil.sh").string();
  test::write_program(program, "#!/bin/sh\ntouch " + mark.string() + "\ncat\n");
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"filter.evil.clean", program},
                                                        {"filter.evil.smudge", program},
                                                        {"filter.evil.process", program},
                                                        {"filter.evil.required", "true"},
                                                        {"core.fsmonitor", program},
                                                        {"core.hooksPath", folder.string()},
                                                        {"diff.evil.textconv", program},
                                                        {"core.pager", program}}) {
    user_git(folder, {"config", key, value});
  }
  for (const auto* hook : {"pre-commit", "post-index-change", "reference-transaction"}) {
    test::write_program(folder / ".git/hooks" / hook, "#!/bin/sh\ntouch " + mark.string() + "\n");
  }
  write("readme.md", "changed\n");
  must(take());
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(SnapshotTest, ABrokenOrMissingGitFolderIsNoMatter) {
  start();
  write("a", "1");
  fs::remove_all(folder / ".git");
  EXPECT_THAT(changed(), ElementsAre("A a"));
  write(".git", "gitdir: /nonexistent\n");
  EXPECT_THAT(changed(), ElementsAre("A a"));
}

TEST_F(SnapshotTest, LineEndingsFollowTheAttributes) {
  user.write(".gitattributes", "*.txt text\n*.bat text eol=crlf\n");
  user.write("a.bat", "one\r\n");
  start();
  EXPECT_EQ(test::read_all(folder / "a.bat"), "one\r\n");
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(SnapshotTest, ANestedRepositoryIsForbidden) {
  start();
  test::UserRepository nested(folder / "lib/nested");
  nested.commit_file("a", "1");
  expect_forbidden("lib/nested");
}

TEST_F(SnapshotTest, ANestedRepositoryAroundTrackedFilesIsForbidden) {
  user.write("lib/a", "1");
  start();
  write("lib/.git", "gitdir: ../elsewhere\n");
  expect_forbidden("lib");
}

TEST_F(SnapshotTest, ABareRepositoryIsForbidden) {
  start();
  user.git({"clone", "--quiet", "--bare", ".", (folder / "bare.git").string()});
  expect_forbidden("bare.git");
}

// What git itself says of the folder shows that each of these would be one.
struct NestedRepository : SnapshotTest {
  void base_with_head() {
    user.write("x/HEAD", "ref: refs/heads/main\n");
    user.write("s/objects/1", "1");
    user.write("s/refs/1", "1");
    start();
  }
  void expect_repository(std::string_view path) {
    EXPECT_EQ(user_git(folder / path, {"config", "--bool", "planted.it"}), "true");
    expect_forbidden(path);
  }
  static constexpr auto config = "[core]\n\tbare = true\n[planted]\n\tit = true\n";
};

TEST_F(NestedRepository, WhoseHeadWasThereAlreadyIsForbidden) {
  base_with_head();
  write("x/objects/1", "1");
  write("x/refs/1", "1");
  write("x/config", config);
  expect_repository("x");
}

TEST_F(NestedRepository, OfLinksWithinTheTreeIsForbidden) {
  base_with_head();
  fs::create_symlink("../s/objects", folder / "x/objects");
  fs::create_symlink("../s/refs", folder / "x/refs");
  write("x/config", config);
  expect_repository("x");
}

TEST_F(NestedRepository, OfProgramsIsForbidden) {
  base_with_head();
  test::write_program(folder / "x/objects", "");
  test::write_program(folder / "x/refs", "");
  write("x/config", config);
  expect_repository("x");
}

TEST_F(NestedRepository, OfAnotherFoldersPartsIsForbidden) {
  base_with_head();
  write("x/commondir", "../s\n");
  write("s/config", config);
  expect_repository("x");
}

TEST_F(NestedRepository, OfTheBaseStaysAsLongAsItIsNotTouched) {
  user.write("x/HEAD", "ref: refs/heads/main\n");
  user.write("x/objects/1", "1");
  user.write("x/refs/1", "1");
  user.write("x/config", config);
  start();
  write("a", "1");
  write("b/config", "1");
  EXPECT_THAT(changed(), ElementsAre("A a", "A b/config"));
  write("x/config", "[core]\n");
  expect_forbidden("x");
}

TEST_F(SnapshotTest, WhatIsIgnoredIsNotJudged) {
  user.write(".gitignore", "/vendor/\n");
  start();
  test::UserRepository nested(folder / "vendor/nested");
  test::UserRepository odd(folder / "vendor/:(glob)*[");
  ASSERT_EQ(::mkfifo((folder / "vendor/pipe").c_str(), 0600), 0);
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(SnapshotTest, ASubmoduleOfTheBaseStays) {
  user.git({"update-index", "--add", "--cacheinfo", "160000," + first + ",sub"});
  user.git({"commit", "--quiet", "-m", "x"});
  base = user.head();
  fetch();
  must(clone_workspace(*mirror, {base, folder, "", {}}));
  write("a", "1");
  EXPECT_THAT(changed(), ElementsAre("A a"));
}

TEST_F(SnapshotTest, AFifoASocketAndADeviceAreForbidden) {
  start();
  fs::create_directory(folder / "d");
  ASSERT_EQ(::mkfifo((folder / "d/pipe").c_str(), 0600), 0);
  expect_forbidden("d/pipe");
  fs::remove(folder / "d/pipe");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (folder / "sock").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  expect_forbidden("sock");
}

TEST_F(SnapshotTest, ATrackedFileThatBecameAFifoIsForbiddenEvenWhenIgnored) {
  user.write("f", "1");
  user.commit();
  user.write(".gitignore", "f\n");
  start();
  fs::remove(folder / "f");
  ASSERT_EQ(::mkfifo((folder / "f").c_str(), 0600), 0);
  expect_forbidden("f");
}

TEST_F(SnapshotTest, FoldersWithoutABottomAreForbidden) {
  start();
  fs::path deep = folder;
  for (int i = 0; i < 300; ++i) deep /= "d";
  fs::create_directories(deep);
  expect_forbidden(deep.lexically_relative(folder).string().substr(0, 200) + "…");
}

TEST_F(SnapshotTest, ALinkOutOfTheTreeIsForbidden) {
  start();
  for (const auto* target : {"/etc/passwd", "../outside", ".git/config"}) {
    fs::create_symlink(target, folder / "l");
    expect_forbidden("l");
    fs::remove(folder / "l");
  }
}

TEST_F(SnapshotTest, AFolderReplacedByALinkThatLeadsAnOldLinkOutIsForbidden) {
  user.write("p/q/s/x", "1");
  user.write("x", "1");
  user.write("r/x", "1");
  fs::create_symlink("p/q/s/../../x", user.path("l"));
  start();
  fs::remove_all(folder / "p/q/s");
  fs::create_symlink("../../r", folder / "p/q/s");
  expect_forbidden("l");
}

TEST_F(SnapshotTest, LinksInTheTreeAndOldOnesThatLeaveItMayStay) {
  fs::create_symlink("/usr/share", user.path("old"));
  start();
  fs::create_symlink("readme.md", folder / "new");
  EXPECT_THAT(changed(), ElementsAre("A new"));
}

TEST_F(SnapshotTest, ANameThatStandsForGitsFolderElsewhereIsForbidden) {
  start();
  write("git~1/config", "1");
  const auto tree = take();
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code, FailureCode::PATH_FORBIDDEN);
  EXPECT_THAT(tree.error().causes, testing::Contains(testing::HasSubstr("git~1")));
}

TEST_F(SnapshotTest, TooManyFilesAreRefused) {
  start();
  for (int i = 0; i < 20; ++i) write("f" + std::to_string(i), "1");
  const auto tree =
      snapshot(*mirror, {.folder = folder, .base = base, .exclude = {}, .entries_max = 10});
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code, FailureCode::PATH_FORBIDDEN);
}

TEST_F(SnapshotTest, AMissingBaseHasItsCode) {
  start();
  base = Oid(40, '1');
  EXPECT_EQ(take().error().code, FailureCode::COMMIT_MISSING);
}

TEST_F(SnapshotTest, NothingTemporaryStaysBehind) {
  start();
  must(take());
  EXPECT_TRUE(fs::is_empty(mirror->scratch()));
}

}  // namespace
}  // namespace vitana::git
