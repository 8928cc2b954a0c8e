// Thousands of seeded schedules over the shipped engine and store. VITANA_SIM_SEED=n replays one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>

#include "simulation/schedule.h"

namespace vitana::testing {
namespace {

constexpr std::uint64_t schedules = 3000;
constexpr std::uint64_t shards = 4;

class Simulation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, EveryInvariantHoldsInEverySchedule) {
  const std::uint64_t per_shard = schedules / shards;
  for (std::uint64_t i = 1; i <= per_shard; ++i) {
    const auto outcome = run_schedule({.seed = GetParam() * per_shard + i});
    ASSERT_TRUE(outcome.findings.empty()) << outcome.report();
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, Simulation, ::testing::Range<std::uint64_t>(0, shards));

TEST(Replay, OneSeedWithItsWholeTrace) {
  const char* seed = std::getenv("VITANA_SIM_SEED");
  if (seed == nullptr) GTEST_SKIP() << "no VITANA_SIM_SEED";
  const auto outcome = run_schedule({.seed = std::strtoull(seed, nullptr, 10), .print = true});
  EXPECT_TRUE(outcome.findings.empty()) << outcome.report();
}

}  // namespace
}  // namespace vitana::testing
