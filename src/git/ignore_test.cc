#include "git/ignore.h"

#include <gmock/gmock.h>

namespace vitana::git {
namespace {

TEST(IgnoreRules, TheTopsRulesStayAsTheyAre) {
  EXPECT_EQ(ignore_rules("", "*.o\n/build/\n!keep\n"), "*.o\n/build/\n!keep\n");
}

TEST(IgnoreRules, AFoldersRulesCountBelowIt) {
  EXPECT_EQ(ignore_rules("a/b", "*.o\n"), "/a/b/**/*.o\n");
  EXPECT_EQ(ignore_rules("a", "out/\n"), "/a/**/out/\n");
  EXPECT_EQ(ignore_rules("a", "/out\n"), "/a/out\n");
  EXPECT_EQ(ignore_rules("a", "x/y\n"), "/a/x/y\n");
  EXPECT_EQ(ignore_rules("a", "!x\n"), "!/a/**/x\n");
}

TEST(IgnoreRules, CommentsAndEmptyLinesAreDropped) {
  EXPECT_EQ(ignore_rules("a", "# x\n\n   \nx"), "/a/**/x\n");
  EXPECT_EQ(ignore_rules("a", "\\#x\n"), "/a/**/\\#x\n");
}

TEST(IgnoreRules, FilesFromOtherSystemsAreRead) {
  EXPECT_EQ(ignore_rules("", "\xEF\xBB\xBF*.o\r\nx\r\n"), "*.o\nx\n");
}

TEST(IgnoreRules, AFoldersNameIsNoPattern) {
  EXPECT_EQ(ignore_rules("a[1]*", "x\n"), "/a\\[1]\\*/**/x\n");
  EXPECT_EQ(ignore_rules("a\nb", "x\n"), "");
}

}  // namespace
}  // namespace vitana::git
