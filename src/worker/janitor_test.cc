#include "worker/janitor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>

#include "git/test_repository.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;
using git::test::temp_dir;
using git::test::write_file;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct JanitorTest : ::testing::Test {
  void add(const std::string& name, int days_old, std::size_t bytes = 1) {
    write_file(root / name / "tree/file", std::string(bytes, 'x'));
    const timespec then{now_s - days_old * 86400, 0};
    const timespec times[2] = {then, then};
    ::utimensat(AT_FDCWD, (root / name).c_str(), times, 0);
  }
  Sweep run(WorkspaceFate fate, JanitorOptions options) {
    options.folder = root;
    return sweep(
        options, [=](const std::string&) { return fate; }, Instant(std::chrono::seconds(now_s)));
  }

  git::TempDir temp = temp_dir();
  fs::path root = temp.path() / "workspaces";
  std::int64_t now_s = 1'800'000'000;
};

TEST_F(JanitorTest, EndedAreRemovedAndLiveStay) {
  add("VTID-00001.1-f1", 0);
  EXPECT_THAT(run(WorkspaceFate::live, {}).removed, IsEmpty());
  EXPECT_THAT(run(WorkspaceFate::ended, {}).removed, ElementsAre("VTID-00001.1-f1"));
  EXPECT_TRUE(fs::is_empty(root));
}

TEST_F(JanitorTest, FailedAreKeptByCount) {
  add("a", 3);
  add("b", 1);
  add("c", 2);
  EXPECT_THAT(run(WorkspaceFate::failed, {.failed_max = 2}).removed, ElementsAre("a"));
}

TEST_F(JanitorTest, FailedAreKeptByAge) {
  add("a", 8);
  add("b", 6);
  EXPECT_THAT(run(WorkspaceFate::failed, {}).removed, ElementsAre("a"));
}

TEST_F(JanitorTest, FailedAreKeptBySize) {
  add("old", 2, 500'000);
  add("new", 1, 500'000);
  EXPECT_THAT(run(WorkspaceFate::failed, {.failed_bytes_max = 700'000}).removed,
              ElementsAre("old"));
}

TEST_F(JanitorTest, LinksAreNotFollowed) {
  write_file(temp.path() / "precious/file", "x");
  add("a", 0);
  fs::create_directory_symlink(temp.path() / "precious", root / "a/link");
  fs::create_directory_symlink(temp.path() / "precious", root / "b");
  run(WorkspaceFate::ended, {});
  EXPECT_TRUE(fs::exists(temp.path() / "precious/file"));
}

TEST_F(JanitorTest, LockedFoldersAreRemovedToo) {
  add("a", 0);
  fs::permissions(root / "a/tree", fs::perms::none);
  EXPECT_THAT(run(WorkspaceFate::ended, {}).stuck, IsEmpty());
}

TEST_F(JanitorTest, TreesDeeperThanAPathMayBeAreRemovedToo) {
  add("a", 0);
  process::Fd at(::open((root / "a").c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < 1500; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), "dd", 0700), 0);
    at.reset(::openat(at.get(), "dd", O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  }
  EXPECT_THAT(run(WorkspaceFate::ended, {}).stuck, IsEmpty());
  EXPECT_FALSE(fs::exists(root / "a"));
}

TEST(WorkspaceName, TellsRunAndGrant) {
  EXPECT_EQ(workspace_name(RunId{Vtid(1213), 2}, 3), "VTID-01213.2-f3");
}

}  // namespace
}  // namespace vitana::worker
