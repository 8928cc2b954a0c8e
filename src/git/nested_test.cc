#include "git/nested.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>

namespace vitana::git {
namespace {

using Paths = std::vector<std::string>;

std::optional<std::string> judged(const Paths& changed, const Paths& result) {
  std::vector<Change> changes;
  for (const auto& path : changed) changes.push_back({.path = path});
  std::string listed;
  for (const auto& path : result) listed.append(path).push_back('\0');
  auto found = repository_touched(changes, listed);
  EXPECT_TRUE(!found || may_touch_repository(changes));
  return found;
}

TEST(Nested, AHeadBesideObjectsAndRefsIsOneWhicheverCameLast) {
  const Paths whole = {"a", "x/HEAD", "x/config", "x/objects/00/1", "x/refs/heads/main"};
  for (const auto& last : whole) EXPECT_EQ(judged({last}, whole).has_value(), last != "a") << last;
  EXPECT_EQ(judged({"x/HEAD"}, whole), "x");
  EXPECT_EQ(judged({"x/hooks/post-checkout"}, whole), "x");
  EXPECT_EQ(judged({"x/HEAD"}, {"x/HEAD", "x/config", "x/objects/00/1"}), std::nullopt);
  EXPECT_EQ(judged({"x/HEAD"}, {"x/HEAD", "x/config", "x/refs/heads/main"}), std::nullopt);
  EXPECT_EQ(judged({"x/refs/heads/main"}, {"x/objects/00/1", "x/refs/heads/main"}), std::nullopt);
}

TEST(Nested, OneThatNobodyTouchedStays) {
  const Paths one = {"a", "x/HEAD", "x/objects/1", "x/refs/1", "y/config/z", "y/objects/1"};
  EXPECT_EQ(judged({"a", "x/description", "y/config/z", "y/objects/1"}, one), std::nullopt);
}

TEST(Nested, WhatStandsWhereAFolderWouldCounts) {
  EXPECT_EQ(judged({"x/objects"}, {"x/HEAD", "x/objects", "x/refs"}), "x");
  EXPECT_EQ(judged({"x/commondir"}, {"x/HEAD", "x/commondir"}), "x");
  EXPECT_EQ(judged({"x/commondir"}, {"x/commondir", "x/objects/1"}), std::nullopt);
  EXPECT_EQ(judged({"x/objects"}, {"x/HEAD/1", "x/objects", "x/refs"}), std::nullopt);
}

TEST(Nested, CaseMakesNoDifference) {
  EXPECT_EQ(judged({"a/X/Objects/1"}, {"a/X/Objects/1", "a/X/REFS/1", "a/X/head"}), "a/X");
  EXPECT_TRUE(judged({"x/objects/1"}, {"X/HEAD", "X/refs/1", "x/objects/1"}));
}

TEST(Nested, TheFolderIsNamedHoweverDeepAndTheTopIsNone) {
  EXPECT_EQ(judged({"a/b/config"}, {"a/b/HEAD", "a/b/config", "a/b/objects/refs/1", "a/b/refs/1"}), "a/b");
  EXPECT_EQ(judged({"x/objects/objects/1"}, {"x/objects/HEAD", "x/objects/objects/1", "x/objects/refs/1"}), "x/objects");
  EXPECT_EQ(judged({"x/objects-/1", "x/HEAD"}, {"x/HEAD", "x/objects-/1", "x/refs/1"}), std::nullopt);
  EXPECT_EQ(judged({"HEAD", "config"}, {"HEAD", "config", "objects/1", "refs/1"}), std::nullopt);
}

TEST(Nested, PathsOfManyFoldersCostWhatTheirBytesDo) {
  std::string deep;
  for (int i = 0; i < 800; ++i) deep += "refs/";
  Paths paths;
  for (int i = 0; i < 4'000; ++i) paths.push_back(fmt::format("n{}/{}a", i, deep));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(judged(paths, paths), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

}  // namespace
}  // namespace vitana::git
