#include "base/glob.h"

#include <gtest/gtest.h>

#include <vector>

namespace vitana {
namespace {

TEST(Glob, StarStaysInItsFolder) {
  EXPECT_TRUE(glob_match("docs/*.md", "docs/a.md"));
  EXPECT_TRUE(glob_match("docs/*.md", "docs/.md"));
  EXPECT_FALSE(glob_match("docs/*.md", "docs/x/a.md"));
  EXPECT_FALSE(glob_match("*.md", "docs/a.md"));
  EXPECT_TRUE(glob_match("a*b*c", "axxbyybzc"));
  EXPECT_FALSE(glob_match("a*b*c", "axxbyybz"));
}

TEST(Glob, TwoStarsMatchZeroOrMoreFolders) {
  EXPECT_TRUE(glob_match("docs/specs/**/*.md", "docs/specs/a.md"));
  EXPECT_TRUE(glob_match("docs/specs/**/*.md", "docs/specs/x/y/a.md"));
  EXPECT_FALSE(glob_match("docs/specs/**/*.md", "docs/a.md"));
  EXPECT_TRUE(glob_match("**/a/**/b", "x/a/a/y/b"));
  EXPECT_TRUE(glob_match("**", "a/b"));
  EXPECT_TRUE(glob_match("**/b", "b"));
}

TEST(Glob, TwoStarsAtTheEndMatchWhatIsInside) {
  EXPECT_TRUE(glob_match(".github/**", ".github/workflows/ci.yml"));
  EXPECT_FALSE(glob_match(".github/**", ".github"));
  EXPECT_FALSE(glob_match(".github/**", ".githubs/x"));
}

TEST(Glob, ASlashAtTheEndMatchesAllBelow) {
  EXPECT_TRUE(glob_match("src/", "src/a/b.cc"));
  EXPECT_FALSE(glob_match("src/", "src"));
  EXPECT_FALSE(glob_match("src/", "srcs/a"));
}

TEST(Glob, QuestionMarkAndSets) {
  EXPECT_TRUE(glob_match("v?.txt", "v1.txt"));
  EXPECT_FALSE(glob_match("v?.txt", "v.txt"));
  EXPECT_TRUE(glob_match("[a-c_]x", "bx"));
  EXPECT_TRUE(glob_match("[a-c_]x", "_x"));
  EXPECT_FALSE(glob_match("[a-c]x", "dx"));
  EXPECT_TRUE(glob_match("[!a-c]x", "dx"));
  EXPECT_FALSE(glob_match("[!a-c]x", "ax"));
  EXPECT_TRUE(glob_match("[]]x", "]x"));
  EXPECT_TRUE(glob_match("[x", "[x")) << "a bracket that never closes";
}

TEST(Glob, CaseMatters) { EXPECT_FALSE(glob_match("README.md", "readme.md")); }

TEST(Glob, EmptyMatchesOnlyEmpty) {
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("a", ""));
}

TEST(Glob, ManyStarsOverALongNameEndSoon) {
  std::string pattern;
  std::string deep_pattern;
  std::string deep_path;
  for (int i = 0; i < 200; ++i) {
    pattern += "*a";
    deep_pattern += "**/a/";
    deep_path += "a/";
  }
  // A search that backtracks without end would not come back from either.
  EXPECT_FALSE(glob_match(pattern + "b", std::string(5'000, 'a')));
  EXPECT_FALSE(glob_match(deep_pattern + "b", deep_path + deep_path + "c"));
}

TEST(GlobAny, OneIsEnough) {
  const std::vector<std::string> patterns{"a/*", "b/*"};
  EXPECT_TRUE(glob_match_any(patterns, "b/x"));
  EXPECT_FALSE(glob_match_any(patterns, "c/x"));
  EXPECT_FALSE(glob_match_any({}, "b/x"));
}

TEST(GlobShape, EachBracketClosesWithinItsFolder) {
  for (const char* glob : {"", "a/[0-9]*/b", "[!a]", "[[]", "[]]x", "a]"}) EXPECT_TRUE(is_glob(glob)) << glob;
  for (const char* glob : {"[", "[]", "[!]", "a/[0-9/b]", "[a][b"}) EXPECT_FALSE(is_glob(glob)) << glob;
}

}  // namespace
}  // namespace vitana
