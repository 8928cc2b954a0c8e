#include "config/values.h"

#include <gtest/gtest.h>

#include "config/config.h"

namespace vitana::config {
namespace {

TEST(Values, SizesReadBack) {
  for (const std::string text : {"16M", "4G", "1536M", "3T", "1K"}) {
    ASSERT_TRUE(parse_size(text)) << text;
    EXPECT_EQ(size_text(*parse_size(text)), text);
  }
  for (const std::string text : {"", "4", "G", "-1G", "4g", "4GB", "99999999999T"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Values, BranchNamesFollowGit) {
  for (const std::string good : {"main", "feature/x", "v1.2", "a-b_c"})
    EXPECT_TRUE(is_branch_name(good));
  for (const std::string bad : {"", "-x", "/x", "x/", "a..b", "a b", "x.lock", "a//b", "@", "x@{1}",
                                "a:b", "x.", ".x", "a/.b"}) {
    EXPECT_FALSE(is_branch_name(bad)) << bad;
  }
}

TEST(Values, RepositoryAddressesAreThoseThatRunNothing) {
  for (const std::string good : {"https://git.example/x.git", "ssh://git@git.example/x",
                                 "git@git.example:x", "file:///srv/x.git", "git://git.example/x"}) {
    EXPECT_TRUE(is_repository_address(good)) << good;
  }
  for (const std::string bad :
       {"", "ext::sh", "fd::17", "-x", "https://-x/y", "ssh://git@-oProxyCommand=x/y",
        "git@-oProxyCommand=x:y", "https://x/ y", "ftp://x/y"}) {
    EXPECT_FALSE(is_repository_address(bad)) << bad;
  }
}

TEST(Values, APasswordIsSeenInEveryPlace) {
  EXPECT_TRUE(holds_password("https://token@git.example/x"));
  EXPECT_TRUE(holds_password("ssh://u:p@h/x"));
  EXPECT_TRUE(holds_password("postgresql://h/db?sslmode=on&password=x"));
  EXPECT_FALSE(holds_password("ssh://git@git.example/x"));
  EXPECT_FALSE(holds_password("postgresql://vitana@db/x"));
}

TEST(Values, PathsThatStayInside) {
  EXPECT_TRUE(stays_inside("docs/**/*.md"));
  EXPECT_TRUE(stays_inside("a..b/c"));
  for (const std::string bad : {"", "/x", "../x", "a/../b", "a\\b"})
    EXPECT_FALSE(stays_inside(bad)) << bad;
}

TEST(Values, ListenAddresses) {
  EXPECT_TRUE(is_listen_address("127.0.0.1:0"));
  EXPECT_TRUE(is_listen_address("[::1]:8080"));
  for (const std::string bad :
       {"", ":80", "x", "x:", "x:65536", "::1:80", "[]:1", "a b:1", "x:-1"}) {
    EXPECT_FALSE(is_listen_address(bad)) << bad;
  }
}

TEST(Values, Origins) {
  for (const std::string good : {"https://a.example", "http://127.0.0.1:8080", "https://[::1]:8443", "https://[::1]"}) {
    EXPECT_TRUE(is_origin(good)) << good;
  }
  for (const std::string bad : {"", "a.example", "ftp://a", "https://", "https://a/", "https://a/b", "https://u@a",
                                "https://a:x", "https://a b", "https://a?b", "HTTPS://a", "https://A", "https://a:443"}) {
    EXPECT_FALSE(is_origin(bad)) << bad;
  }
}

}  // namespace
}  // namespace vitana::config
