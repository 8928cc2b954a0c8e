#include "git/names.h"

#include <gmock/gmock.h>

namespace vitana::git {
namespace {

TEST(Names, AnObjectIdIsAllOfItsDigits) {
  EXPECT_TRUE(is_oid(std::string(40, 'a')));
  EXPECT_TRUE(is_oid(std::string(64, '0')));
  EXPECT_FALSE(is_oid("abc123"));
  EXPECT_FALSE(is_oid(std::string(40, 'A')));
  EXPECT_FALSE(is_oid("--" + std::string(38, 'a')));
}

TEST(Names, UsualBranchesAreAccepted) {
  for (const auto* name : {"main", "vtid/01213-sidebar", "release/1.0", "größe", "a@b"}) {
    EXPECT_TRUE(is_branch_name(name)) << name;
  }
}

TEST(Names, WhatGitWouldReadAsSomethingElseIsRefused) {
  for (const auto* name : {"",     "-d",     "--all", "a..b", "a b",   "a~1",  "a^",   "a:b",
                           "a?",   "a*",     "a[b",   "a\\b", "a//b",  "/a",   "a/",   ".a",
                           "a/.b", "a.lock", "a.",    "@",    "a@{1}", "HEAD", "a\nb", "a\x7f"}) {
    EXPECT_FALSE(is_branch_name(name)) << name;
  }
}

TEST(Names, ARefStandsBelowRefs) {
  EXPECT_TRUE(is_ref("refs/heads/main"));
  EXPECT_FALSE(is_ref("main"));
  EXPECT_FALSE(is_ref("refs/heads/../x"));
}

TEST(Names, APathThatACheckoutCanHold) {
  for (const std::string& path :
       {std::string("docs/specs/a.md"), std::string(".github/x"), std::string("a/..b"),
        std::string("new\nline"), std::string("a:b"), std::string(255, 'x'), std::string("...")}) {
    EXPECT_TRUE(is_checkout_path(path)) << path;
  }
}

TEST(Names, APathThatGitRefusesToCheckOut) {
  for (const std::string& path :
       {std::string(""), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("a/../b"), std::string(".."), std::string("./a"), std::string("a/.git/x"),
        std::string(".GIT"), std::string(".git. "), std::string("git~1/x"), std::string(".git::$x"),
        std::string(256, 'x')}) {
    EXPECT_FALSE(is_checkout_path(path)) << path;
  }
  std::string deep = "a";
  while (deep.size() < 4'096) deep += "/aaaaaaaa";
  EXPECT_FALSE(is_checkout_path(deep));
}

TEST(Names, CredentialsAreTakenOutOfEveryUrl) {
  EXPECT_EQ(without_credentials("at https://me:secret@host/x and ssh://you@host, ok"),
            "at https://***@host/x and ssh://***@host, ok");
  EXPECT_EQ(without_credentials("https://host/a@b"), "https://host/a@b");
}

TEST(Names, ALongPathIsShownCut) {
  EXPECT_EQ(shown_path("a\n\x1b"), "a \uFFFD");
  EXPECT_EQ(shown_path(std::string(200, 'a')), std::string(200, 'a'));
  EXPECT_EQ(shown_path("a" + std::string(400, 'b')), "a" + std::string(199, 'b') + "…");
}

}  // namespace
}  // namespace vitana::git
