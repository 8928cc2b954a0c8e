#include "base/stop.h"

#include <gtest/gtest.h>

#include <future>

namespace vitana {
namespace {

TEST(StopScope, HoldsForItsThreadAndUntilItsEnd) {
  std::stop_source stop;
  stop.request_stop();
  {
    const StopScope scope(stop.get_token());
    EXPECT_TRUE(StopScope::current().stop_requested());
    EXPECT_FALSE(std::async(std::launch::async, [] { return StopScope::current().stop_requested(); }).get());
  }
  EXPECT_FALSE(StopScope::current().stop_requested());
}

TEST(Turn, IsGivenOnWhenItsHolderIsDone) {
  Turn turn;
  { const auto held = turn.take("it"); }
  EXPECT_TRUE(turn.take("it"));
}

TEST(Turn, WhoWaitsForItHeedsTheStopOfItsThread) {
  Turn turn;
  std::stop_source stop;
  const auto held = turn.take("it");
  auto waiting = std::async(std::launch::async, [&] {
    const StopScope scope(stop.get_token());
    return turn.take("it");
  });
  stop.request_stop();
  const auto answer = waiting.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, FailureCode::CANCELLED);
}

}  // namespace
}  // namespace vitana
