#include "git/room.h"

#include <gtest/gtest.h>

#include "git/test_repository.h"

namespace vitana::git {
namespace {

struct statvfs space_of(unsigned blocks_free, unsigned inodes_free) {
  struct statvfs space{};
  space.f_frsize = 4096;
  space.f_blocks = 1000;
  space.f_bavail = blocks_free;
  space.f_files = 1000;
  space.f_favail = inodes_free;
  return space;
}

TEST(Room, LessThanAMebibyteOrNoInodeIsFull) {
  EXPECT_TRUE(is_full(space_of(255, 100)));
  EXPECT_FALSE(is_full(space_of(256, 100)));
  EXPECT_TRUE(is_full(space_of(1000, 0)));
}

TEST(Room, AFileSystemThatDoesNotCountIsNotFull) {
  EXPECT_FALSE(is_full({}));
}

TEST(Room, WhereThereIsRoomTheErrorSaysItsOwnCause) {
  const auto temp = test::temp_dir();
  EXPECT_EQ(to_string(workspace_error(temp.path() / "not/there", "why")), "WORKSPACE_FAILED: why");
}

}  // namespace
}  // namespace vitana::git
