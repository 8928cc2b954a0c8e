// Thousands of seeded schedules over the shipped engine and store.
//   VITANA_SIM_SEED=n        replays one of them and prints its whole trace
//   VITANA_SIM_SCHEDULES=n   as many instead of the usual number
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "simulation/rare_moves.h"
#include "simulation/schedule.h"
#include "simulation/store_folder.h"
#include "sql/test_server.h"

namespace vitana::testing {
namespace {

using ::testing::IsEmpty;

constexpr std::uint64_t schedules_usual = 2000;
constexpr std::uint64_t shards = 4;
constexpr std::uint64_t schedules_in_files = 60;
constexpr std::uint64_t schedules_on_server = 12;
constexpr std::uint64_t coverage_schedules_max = 1000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

class Simulation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, EveryInvariantHoldsInEverySchedule) {
  const auto per_shard = from_environment("VITANA_SIM_SCHEDULES", schedules_usual) / shards;
  for (std::uint64_t i = 1; i <= per_shard; ++i) {
    const auto outcome = run_schedule({.seed = GetParam() * per_shard + i});
    ASSERT_THAT(outcome.findings, IsEmpty()) << outcome.report();
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, Simulation, ::testing::Range<std::uint64_t>(0, shards));

TEST(SimulationInFiles, EveryInvariantHoldsWhenTheStoreIsOpenedAnewAfterEachDeath) {
  StoreFolder folder;
  for (std::uint64_t seed = 100'001; seed <= 100'000 + schedules_in_files; ++seed) {
    const auto outcome = run_schedule({.seed = seed, .store_path = folder.fresh()});
    ASSERT_THAT(outcome.findings, IsEmpty()) << outcome.report();
  }
}

TEST(SimulationOnServer, EveryInvariantHolds) {
  if (!sql::testing::has_server()) GTEST_SKIP() << "NO PostgreSQL SERVER: nothing is played on one";
  for (std::uint64_t seed = 300'001; seed <= 300'000 + schedules_on_server; ++seed) {
    const auto outcome = run_schedule({.seed = seed, .store_path = sql::testing::fresh_schema()});
    ASSERT_THAT(outcome.findings, IsEmpty()) << outcome.report();
  }
}

TEST(SimulationReplay, OneSeedWithItsWholeTrace) {
  const auto seed = from_environment("VITANA_SIM_SEED", 1);
  const bool print = std::getenv("VITANA_SIM_SEED") != nullptr;
  const auto outcome = run_schedule({.seed = seed, .print = print});
  EXPECT_THAT(outcome.findings, IsEmpty()) << outcome.report();
}

TEST(SimulationReplay, TheSameSeedIsTheSameStory) {
  EXPECT_EQ(run_schedule({.seed = 7}).trace, run_schedule({.seed = 7}).trace);
}

TEST(SimulationCoverage, RareMovesBreakNothing) {
  Moves moves;
  EXPECT_THAT(play_rare_moves(moves), IsEmpty());
}

/// Every action that commits dies before and after it; and some dies at each side of each effect.
std::set<Death> wanted_deaths() {
  std::set<Death> wanted;
  for (const auto* action : {"scan", "submit", "race", "intake", "draft", "create", "person", "control",
                             "round", "reconcile", "allocate", "effects", "tell", "claim", "finish", "tick"}) {
    wanted.emplace(action, "before commit");
    wanted.emplace(action, "after commit");
  }
  for (const auto* when : {"before", "after"}) {
    for (const auto* effect : {" push", " route", " notify"}) wanted.emplace("", when + std::string(effect));
  }
  wanted.emplace("", "in push");
  return wanted;
}

TEST(SimulationCoverage, EveryLegalMoveIsTakenAndEveryPointIsDiedAt) {
  Moves moves;
  (void)play_rare_moves(moves);
  auto deaths = wanted_deaths();
  for (std::uint64_t seed = 1; seed <= coverage_schedules_max; ++seed) {
    if (moves.missing().empty() && deaths.empty()) return;
    const auto outcome = run_schedule({.seed = 200'000 + seed, .deaths = 0.3});
    EXPECT_THAT(outcome.findings, IsEmpty()) << outcome.report();
    moves.add(outcome.moves);
    for (const auto& death : outcome.deaths) {
      deaths.erase(death);
      deaths.erase({"", death.second});
    }
  }
  EXPECT_THAT(moves.missing(), IsEmpty());
  EXPECT_THAT(deaths, IsEmpty());
}

}  // namespace
}  // namespace vitana::testing
