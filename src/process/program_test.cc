#include "process/program.h"

#include <gmock/gmock.h>

namespace vitana::process {
namespace {

TEST(FindProgram, LooksThroughTheFoldersInOrder) {
  const auto found = find_program("sh", "/nowhere:/bin:/usr/bin");
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(*found, "/bin/sh");
}

TEST(FindProgram, ANameWithASlashIsItself) {
  EXPECT_EQ(find_program("/bin/sh", "").value(), "/bin/sh");
}

TEST(FindProgram, RelativeAndEmptyFoldersAreNeverSearched) {
  EXPECT_FALSE(find_program("sh", ".:bin:"));
}

TEST(FindProgram, AFolderIsNoProgram) { EXPECT_FALSE(find_program("bin", "/usr:/")); }

TEST(FindProgram, AMissingProgramHasACodeAndItsName) {
  const auto found = find_program("no-such-program", "/bin");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, FailureCode::PROGRAM_FAILED);
  EXPECT_THAT(found.error().message, testing::HasSubstr("no-such-program"));
}

}  // namespace
}  // namespace vitana::process
