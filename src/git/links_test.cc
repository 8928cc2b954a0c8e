#include "git/links.h"

#include <gmock/gmock.h>

namespace vitana::git {
namespace {

TEST(Links, ALinkWithinTheTreeStays) {
  EXPECT_FALSE(link_leaves({{"a/b/l", "../c"}}, "a/b/l"));
  EXPECT_FALSE(link_leaves({{"l", "./x/../y"}}, "l"));
  EXPECT_FALSE(link_leaves({{"a/l", ".."}}, "a/l"));
}

TEST(Links, AbsoluteAndClimbingLinksLeave) {
  EXPECT_TRUE(link_leaves({{"l", "/etc/passwd"}}, "l"));
  EXPECT_TRUE(link_leaves({{"l", ".."}}, "l"));
  EXPECT_TRUE(link_leaves({{"a/l", "../../x"}}, "a/l"));
}

TEST(Links, ALinkThroughAnotherLinkIsFollowed) {
  // As text p/q/s/../../x stays inside; through s, which leads to r, it does not.
  EXPECT_TRUE(link_leaves({{"p/q/s", "../../r"}, {"l", "p/q/s/../../x"}}, "l"));
  EXPECT_FALSE(link_leaves({{"p/s", "../a/b"}, {"l", "p/s/../x"}}, "l"));
}

TEST(Links, LinksThatNeverEndAreRefused) {
  EXPECT_TRUE(link_leaves({{"a", "b"}, {"b", "a"}}, "a"));
  EXPECT_TRUE(link_leaves({{"a", "a/a/a"}}, "a"));
}

TEST(Links, TheRepositorysOwnFolderIsOutside) {
  EXPECT_TRUE(link_leaves({{"l", ".git/hooks"}}, "l"));
  EXPECT_TRUE(link_leaves({{"l", ".GIT/config"}}, "l"));
  EXPECT_FALSE(link_leaves({{"l", ".gitignore"}}, "l"));
}

}  // namespace
}  // namespace vitana::git
