#include "worker/kept_folders.h"

#include <gtest/gtest.h>

#include "git/test_repository.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;
using git::test::read_all;
using git::test::write_file;

struct KeptFoldersTest : testing::Test, git::test::Fixture {
  KeptFoldersTest() {
    rules.mirror = std::shared_ptr<git::Mirror>(std::move(mirror));
    rules.setup = {"npm ci"};
    rules.cache = {"web/node_modules"};
    rules.kept_folders = temp.path() / "kept";
  }

  fs::path checkout(const std::string& name, const std::string& lock) const {
    const auto tree = temp.path() / name;
    write_file(tree / "web/page.html", "<b>");
    if (!lock.empty()) write_file(tree / "web/package-lock.json", lock);
    return tree;
  }
  /// A workspace of the branch, in which setup makes the folder with `content`.
  void set_up(const fs::path& tree, const std::string& content) const {
    const KeptFolders kept(rules, tree);
    kept.bring({});
    write_file(tree / "web/node_modules/a/index.js", content);
    kept.keep({});
  }
  /// What another workspace finds; empty: nothing.
  std::string found(const std::string& name, const std::string& lock) const {
    const auto tree = checkout(name, lock);
    KeptFolders(rules, tree).bring({});
    const auto file = tree / "web/node_modules/a/index.js";
    return fs::exists(file) ? read_all(file) : "";
  }

  RepositoryRules rules;
};

TEST_F(KeptFoldersTest, TheNextWorkspaceWithTheSameLockFileFindsIt) {
  set_up(checkout("one", "1"), "first");
  EXPECT_EQ(found("two", "1"), "first");
  EXPECT_EQ(found("three", "2"), "");
}

TEST_F(KeptFoldersTest, OtherSetupCommandsMakeAnotherOne) {
  set_up(checkout("one", "1"), "first");
  rules.setup = {"npm ci --omit=dev"};
  EXPECT_EQ(found("two", "1"), "");
}

TEST_F(KeptFoldersTest, WithoutALockFileNothingIsKept) {
  set_up(checkout("one", ""), "first");
  EXPECT_EQ(found("two", ""), "");
}

TEST_F(KeptFoldersTest, WhoComesFirstKeepsItAndNobodyChangesIt) {
  set_up(checkout("one", "1"), "first");
  set_up(checkout("two", "1"), "second");
  EXPECT_EQ(found("three", "1"), "first");
}

TEST_F(KeptFoldersTest, NoLinkOfTheRepositoryIsFollowed) {
  set_up(checkout("one", "1"), "first");
  const auto outside = temp.path() / "outside";
  write_file(outside / "package-lock.json", "1");
  const auto tree = temp.path() / "two";
  fs::create_directories(tree);
  fs::create_directory_symlink(outside, tree / "web");
  KeptFolders(rules, tree).bring({});
  EXPECT_FALSE(fs::exists(outside / "node_modules"));
}

TEST_F(KeptFoldersTest, WhatTheCommitItselfHasIsLeftAlone) {
  set_up(checkout("one", "1"), "first");
  const auto tree = checkout("two", "1");
  write_file(tree / "web/node_modules/own", "mine");
  KeptFolders(rules, tree).bring({});
  EXPECT_FALSE(fs::exists(tree / "web/node_modules/a"));
}

}  // namespace
}  // namespace vitana::worker
