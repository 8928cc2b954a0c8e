#include "worker/disk_meter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "git/test_repository.h"
#include "process/fd.h"
#include "process/run.h"

namespace vitana::worker {
namespace {

using namespace std::chrono_literals;
using git::test::temp_dir;

std::uint64_t size_of(const std::filesystem::path& folder) {
  DiskMeter meter(folder);
  meter.step(std::chrono::steady_clock::now(), 20s);
  return meter.bytes();
}

// Fills the folder as a program does that is in it.
void fill(const std::filesystem::path& folder, const std::string& script) {
  const auto ran = process::run({.argv = {"/bin/sh", "-e", "-c", script},
                                 .cwd = folder,
                                 .environment = {{"PATH", "/usr/bin:/bin"}},
                                 .input = {},
                                 .deadline = 30s});
  ASSERT_TRUE(ran && ran->ok());
}

TEST(DiskMeter, CountsAllocatedBytesBelowTheRoot) {
  const auto temp = temp_dir();
  fill(temp.path(), "mkdir -p a/b; head -c 1000000 /dev/zero > a/b/c; truncate -s 1G sparse");
  EXPECT_GE(size_of(temp.path()), 1'000'000U);
  EXPECT_LT(size_of(temp.path()), 2'000'000U);
}

TEST(DiskMeter, EmptyFilesTakeTheirPlace) {
  const auto temp = temp_dir();
  fill(temp.path(), "i=0; while [ $i -lt 500 ]; do : > $i; i=$((i+1)); done");
  EXPECT_EQ(size_of(temp.path()), 500 * DiskMeter::entry_bytes_min);
}

TEST(DiskMeter, NoPathIsTooLong) {
  const auto temp = temp_dir();
  const std::string name(250, 'n');
  process::Fd folder(::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(::mkdirat(folder.get(), name.c_str(), 0700), 0);
    folder = process::Fd(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  const process::Fd big(::openat(folder.get(), "big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::posix_fallocate(big.get(), 0, 1'000'000), 0);
  EXPECT_GE(size_of(temp.path()), 1'000'000U);
}

TEST(DiskMeter, TreeWithoutABottomHasNoEnd) {
  const auto temp = temp_dir();
  fill(temp.path(), "mkdir -p $(printf 'd/%.0s' $(seq 400))");
  EXPECT_EQ(size_of(temp.path()), DiskMeter::endless);
}

TEST(DiskMeter, LinksAreNotFollowed) {
  const auto temp = temp_dir();
  fill(temp.path(), "ln -s /usr usr; ln -s . self");
  EXPECT_EQ(size_of(temp.path()), 2 * DiskMeter::entry_bytes_min);
}

TEST(DiskMeter, FolderThatIsNotThereIsEmpty) { EXPECT_EQ(size_of("/nowhere/at/all"), 0U); }

}  // namespace
}  // namespace vitana::worker
