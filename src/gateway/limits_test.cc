#include "gateway/limits.h"

#include <gtest/gtest.h>

namespace vitana::gateway {
namespace {

using namespace std::chrono_literals;

const Error no_token{FailureCode::UNAUTHENTICATED, "no"};

struct LimitsTest : ::testing::Test {
  Limits limits_{{.requests_per_minute = 60, .failures_per_minute = 3}};
  Limits::Time now_{};

  int asked(const std::string& origin, const std::string& token, int times) {
    int taken = 0;
    for (int i = 0; i < times; ++i) taken += limits_.ask(origin, token, now_).has_value() ? 1 : 0;
    return taken;
  }
  int refused_as_too_many(const std::string& origin, int times) {
    int many = 0;
    for (int i = 0; i < times; ++i) {
      many += limits_.failed(origin, "wrong", no_token, now_).code == FailureCode::TOO_MANY_REQUESTS ? 1 : 0;
    }
    return many;
  }
};

TEST_F(LimitsTest, AMinutesWorthAtOnceAndThenAsItFills) {
  EXPECT_EQ(asked("10.0.0.1", "", 100), 60);
  EXPECT_EQ(asked("10.0.0.2", "", 100), 60) << "another address has its own";
  const auto refused = limits_.ask("10.0.0.1", "", now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::TOO_MANY_REQUESTS);
  EXPECT_EQ(refused.error().context.at("retry_after"), "1");
  now_ += 5s;
  EXPECT_EQ(asked("10.0.0.1", "", 100), 5);
  now_ += 1h;
  EXPECT_EQ(asked("10.0.0.1", "", 100), 60) << "no more than a minute's worth is saved up";
}

TEST_F(LimitsTest, WhoHoldsATokenIsCountedByItAlone) {
  EXPECT_EQ(asked("10.0.0.1", "", 100), 60);
  EXPECT_FALSE(limits_.ask("10.0.0.1", "good", now_)) << "nobody knows yet that it holds";
  limits_.held("good");
  EXPECT_EQ(asked("10.0.0.1", "good", 100), 60);
  EXPECT_EQ(asked("10.0.0.2", "good", 100), 0) << "wherever it comes from";
  EXPECT_EQ(asked("10.0.0.2", "", 100), 60) << "and the address loses nothing by it";
}

TEST_F(LimitsTest, TokensThatDoNotHoldAreAnsweredAFewTimesAMinute) {
  EXPECT_EQ(refused_as_too_many("10.0.0.1", 3), 0);
  EXPECT_EQ(refused_as_too_many("10.0.0.1", 5), 5);
  EXPECT_EQ(refused_as_too_many("10.0.0.2", 3), 0);
  EXPECT_EQ(limits_.failed("10.0.0.1", "wrong", no_token, now_).context.at("retry_after"), "20");
  EXPECT_TRUE(limits_.ask("10.0.0.1", "good", now_)) << "a token that holds is let in all the same";
  now_ += 20s;
  EXPECT_EQ(refused_as_too_many("10.0.0.1", 2), 1);
}

TEST_F(LimitsTest, ATokenThatHoldsNoMoreIsCountedByItsOrigin) {
  limits_.held("good");
  EXPECT_EQ(asked("10.0.0.1", "", 60), 60);
  EXPECT_EQ(asked("10.0.0.1", "good", 1), 1);
  limits_.failed("10.0.0.1", "good", no_token, now_);
  EXPECT_EQ(asked("10.0.0.1", "good", 1), 0);
}

TEST_F(LimitsTest, WithinTheProcessNobodyCounts) {
  EXPECT_EQ(asked("", "", 1000), 1000);
  EXPECT_EQ(refused_as_too_many("", 1000), 0);
}

TEST(Buckets, KnowNoMoreKeysThanTheyMay) {
  Buckets buckets(1, 3);
  const Buckets::Time now{};
  for (const auto* key : {"a", "b", "c"}) EXPECT_FALSE(buckets.take(key, now));
  EXPECT_TRUE(buckets.take("a", now));
  EXPECT_FALSE(buckets.take("d", now)) << "b is forgotten: it was asked for longest ago";
  EXPECT_EQ(buckets.size(), 3U);
  EXPECT_TRUE(buckets.take("a", now));
  EXPECT_TRUE(buckets.take("c", now));
  EXPECT_FALSE(buckets.take("b", now));
  EXPECT_EQ(buckets.size(), 3U);
}

TEST(Buckets, AClockThatGoesBackGivesNothing) {
  Buckets buckets(1, 3);
  const Buckets::Time now{1h};
  EXPECT_FALSE(buckets.take("a", now));
  EXPECT_TRUE(buckets.take("a", now - 10min));
  EXPECT_TRUE(buckets.take("a", now + 1s));
}

TEST(Buckets, WithoutABoundTakeNoMemory) {
  Buckets buckets(0, 3);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(buckets.take("a", {}));
  EXPECT_EQ(buckets.size(), 0U);
}

}  // namespace
}  // namespace vitana::gateway
