#include "gateway/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitana::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Target, IsItsPartsDecodedOnce) {
  const auto target = parse_target("/api/a%2Fb/c%20d?x=1&y=a+b%2B&z");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->path, ElementsAre("api", "a/b", "c d"));
  EXPECT_THAT(target->query, ElementsAre(Pair("x", "1"), Pair("y", "a b+"), Pair("z", "")));
}

TEST(Target, OfTheRootHasNoParts) {
  EXPECT_THAT(parse_target("/")->path, IsEmpty());
  EXPECT_THAT(parse_target("/?")->query, IsEmpty());
  EXPECT_THAT(parse_target("/?a=b")->query, ElementsAre(Pair("a", "b")));
}

TEST(Target, DotsAreNoWayUp) {
  EXPECT_THAT(parse_target("/api/../../etc")->path, ElementsAre("api", "..", "..", "etc"));
}

TEST(Target, RefusesWhatIsNoAddress) {
  for (const char* bad : {"", "api", "http://host/a", "*", "/a%", "/a%4", "/a%zz", "/a%00b", "/%ff", "/a?b=%",
                          "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21"}) {
    const auto target = parse_target(bad);
    ASSERT_FALSE(target) << bad;
    EXPECT_EQ(target.error().code, FailureCode::REQUEST_INVALID) << bad;
  }
}

TEST(Target, EscapedIsReadBack) {
  const std::string odd = "a/b c%?&=+é";
  const auto target = parse_target("/" + escaped(odd) + "?k=" + escaped(odd));
  ASSERT_TRUE(target);
  EXPECT_THAT(target->path, ElementsAre(odd));
  EXPECT_THAT(target->query, ElementsAre(Pair("k", odd)));
}

}  // namespace
}  // namespace vitana::gateway
