#include "worker/readable.h"

#include <gtest/gtest.h>

#include <fstream>

#include "git/test_repository.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;

struct ResolvedProgramTest : testing::Test {
  /// PREFIX/bin/NAME leads to PREFIX/share/NAME.
  fs::path linked(const std::string& name, const std::string& content) {
    const auto file = prefix / "share" / name;
    git::test::write_program(file, content);
    fs::create_directories(prefix / "bin");
    fs::create_symlink(fs::path("../share") / name, prefix / "bin" / name);
    return prefix / "bin" / name;
  }

  git::TempDir temp = git::test::temp_dir();
  fs::path prefix = fs::canonical(temp.path());
};

TEST_F(ResolvedProgramTest, AScriptIsStartedWhereItLiesForItFindsItsPartsThere) {
  const auto link = linked("tool", "#!/bin/sh\necho\n");
  const auto found = resolve_program({link.string()}, "/nowhere", "/usr/bin:/bin");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->start, prefix / "share/tool");
}

TEST_F(ResolvedProgramTest, AProgramKeepsTheNameOfItsLink) {
  const auto link = linked("many", "\x7f" "ELF");
  const auto found = resolve_program({link.string()}, "/nowhere", "/usr/bin:/bin");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->start, link);
}

}  // namespace
}  // namespace vitana::worker
