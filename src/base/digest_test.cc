#include "base/digest.h"

#include <gtest/gtest.h>

namespace vitana {
namespace {

constexpr std::string_view abc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, IsTheNumberThatSha256sumPrints) { EXPECT_EQ(Digest::of("abc").to_string(), abc); }

TEST(Digest, ReadsItsOwnForm) { EXPECT_EQ(Digest::parse(abc), Digest::of("abc")); }

TEST(Digest, RefusesOtherForms) {
  std::string upper(abc);
  upper[8] = 'A';
  EXPECT_FALSE(Digest::parse(upper));
  EXPECT_FALSE(Digest::parse(abc.substr(7)));
  EXPECT_FALSE(Digest::parse(abc.substr(0, abc.size() - 1)));
  EXPECT_FALSE(Digest::parse(std::string(abc) + "0"));
}

TEST(Hasher, PartsFedOneByOneGiveTheDigestOfTheWhole) {
  Hasher hasher;
  hasher.feed("a");
  hasher.feed("");
  hasher.feed("bc");
  EXPECT_EQ(hasher.finish(), Digest::of("abc"));
}

TEST(Hasher, FramedPartsDoNotCollide) {
  Hasher one;
  one.feed_framed("ab");
  one.feed_framed("c");
  Hasher other;
  other.feed_framed("a");
  other.feed_framed("bc");
  EXPECT_NE(one.finish(), other.finish());
}

}  // namespace
}  // namespace vitana
