// Faults of the surroundings: what they may cost, who is told, and how the work goes on by itself.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::TaskStatus;

constexpr int tasks = 20;

/// Twenty tasks, an agent whose runs fail as the test says, and a count of what was spent on them.
class Surroundings : public ::testing::Test {
 protected:
  Surroundings() : world_(options()) {
    SimRepository::Tree specs;
    for (int i = 1; i <= tasks; ++i) {
      specs[fmt::format("docs/specs/{:05}-x.md", i)] = sample_spec(fmt::format("Change number {}", i));
    }
    world_.repository().commit(specs);
  }

  WorldOptions options() {
    WorldOptions options;
    options.agent = [this](const port::Assignment&) {
      ++starts_;
      SimAgent agent;
      agent.error = fault_;
      return agent;
    };
    options.notifier = [this](const std::string& event) -> Result<void> {
      told_.push_back(event);
      return {};
    };
    return options;
  }

  int unspent() {
    int count = 0;
    for (int i = 1; i <= tasks; ++i) count += world_.task(Vtid(static_cast<std::uint32_t>(i))).attempt == 0;
    return count;
  }
  int with_status(TaskStatus status) {
    int count = 0;
    for (int i = 1; i <= tasks; ++i) {
      count += world_.task(Vtid(static_cast<std::uint32_t>(i))).status == status;
    }
    return count;
  }
  int runs_counted() {
    int count = 0;
    for (int i = 1; i <= tasks; ++i) count += world_.task(Vtid(static_cast<std::uint32_t>(i))).spent.runs;
    return count;
  }

  std::optional<Error> fault_ = Error{FailureCode::AGENT_LOGIN, "the key is refused"};
  int starts_ = 0;
  std::vector<std::string> told_;
  World world_;
};

TEST_F(Surroundings, ALoginThatFailsCostsThreeStartsAndOneNotification) {
  world_.settle();
  EXPECT_EQ(starts_, 3);
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_EQ(unspent(), tasks - 3);
  EXPECT_EQ(runs_counted(), 0);
  EXPECT_EQ(with_status(TaskStatus::scheduled), tasks);
}

TEST_F(Surroundings, OneRunTriesAgainWhenItIsTime) {
  world_.settle();
  world_.clock().advance(61s);
  world_.settle();
  EXPECT_EQ(starts_, 4);
  world_.clock().advance(61s);
  world_.settle();
  EXPECT_EQ(starts_, 4) << "a second try waits longer than the first";
  world_.clock().advance(60s);
  world_.settle();
  EXPECT_EQ(starts_, 5);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(Surroundings, ATryThatWorksSetsAllTheOthersGoing) {
  world_.settle();
  fault_.reset();
  world_.clock().advance(61s);
  world_.settle();
  EXPECT_EQ(with_status(TaskStatus::completed), tasks);
  EXPECT_THAT(world_.event_types(), ::testing::Contains("governance.breaker.closed").Times(1));
}

TEST_F(Surroundings, AStartOfTheEngineTriesAtOnce) {
  world_.settle();
  world_.restart();
  world_.settle();
  EXPECT_EQ(starts_, 4);
}

TEST_F(Surroundings, ATryThatIsCancelledHoldsNobodyForEver) {
  world_.settle();
  world_.clock().advance(61s);
  world_.scan();
  world_.conduct();
  for (int i = 1; i <= tasks; ++i) {
    const Vtid vtid(static_cast<std::uint32_t>(i));
    if (world_.task(vtid).status != TaskStatus::in_progress) continue;
    ASSERT_TRUE(world_.engine().desk.cancel(vtid, "not this one", "op"));
  }
  fault_.reset();
  world_.clock().advance(5min);
  world_.settle();
  EXPECT_EQ(with_status(TaskStatus::completed), tasks - 1);
}

TEST(WorkOnOneTask, WaitsForNoTryOfAnother) {
  std::optional<Error> fault = Error{FailureCode::AGENT_LOGIN, "the key is refused"};
  WorldOptions options;
  options.agent = [&](const port::Assignment&) {
    SimAgent agent;
    agent.error = fault;
    return agent;
  };
  World world(std::move(options));
  for (std::uint32_t i = 1; i <= 4; ++i) {
    world.repository().commit({{fmt::format("docs/specs/{:05}-x.md", i), sample_spec(fmt::format("Number {}", i))}});
  }
  world.settle();
  world.clock().advance(61s);
  world.conduct();  // one run is the try now, and nobody claims it
  fault.reset();
  std::optional<Vtid> other;
  for (std::uint32_t i = 1; i <= 4; ++i) {
    const auto runs = world.runs(Vtid(i));
    const bool live = !runs.empty() && !domain::is_terminal(runs.back().state);
    if (!live && world.task(Vtid(i)).status == TaskStatus::scheduled) other = Vtid(i);
  }
  ASSERT_TRUE(other);
  world.options().only = other;
  world.restart();
  world.clock().advance(16min);
  world.settle();
  EXPECT_EQ(world.task(*other).status, TaskStatus::completed);
}

TEST(AnAgentThatIsNew, StartsWithThreeRunsWhateverTheSlots) {
  WorldOptions options;
  options.policy.caps.concurrent = 0;
  World world(options);
  SimRepository::Tree specs;
  for (int i = 1; i <= tasks; ++i) {
    specs[fmt::format("docs/specs/{:05}-x.md", i)] = sample_spec(fmt::format("Change number {}", i));
  }
  world.repository().commit(specs);
  const auto under_way = [&] {
    int count = 0;
    for (int i = 1; i <= tasks; ++i) {
      count += world.task(Vtid(static_cast<std::uint32_t>(i))).status == TaskStatus::in_progress;
    }
    return count;
  };
  world.scan();
  world.conduct();
  EXPECT_EQ(under_way(), domain::breaker_tries);
  ASSERT_TRUE(world.work_one({domain::Step::execute}));
  world.conduct();
  EXPECT_EQ(under_way(), tasks);
}

TEST(ManyTasksOfAPausedAgent, HoldUpNobodyElse) {
  WorldOptions options;
  options.agent = [](const port::Assignment& assignment) {
    SimAgent agent;
    if (assignment.run.agent == "fixer") agent.error = Error{FailureCode::AGENT_LOGIN, "refused"};
    return agent;
  };
  World world(options);
  SimRepository::Tree specs;
  constexpr int many = static_cast<int>(engine::refused_max) + 10;
  for (int i = 1; i <= many; ++i) {
    specs[fmt::format("docs/specs/{:05}-x.md", i)] = sample_spec(fmt::format("Change number {}", i));
  }
  world.repository().commit(specs);
  world.settle();
  const Vtid last(many + 1);
  engine::Submission other{.vtid = last, .text = sample_spec("The last one"), .agent = "other"};
  other.provenance.source = domain::SpecSource::manual;
  ASSERT_TRUE(world.engine().registry.submit(other, "op"));
  world.settle();
  EXPECT_EQ(world.task(last).status, TaskStatus::completed);
}

TEST(ARunThatWaitsForASlotOfTheEngine, WaitsForAsLongAsItTakes) {
  WorldOptions options;
  options.own_workers = true;
  World world(options);
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  world.scan();
  for (int i = 0; i < 8; ++i) {
    world.conduct();
    world.clock().advance(10min);
  }
  EXPECT_EQ(world.runs(Vtid(1)).size(), 1U);
  world.settle();
  EXPECT_EQ(world.task(Vtid(1)).status, TaskStatus::completed);
}

TEST(WorkOnOneTask, IsIdleWhileExecutionIsPaused) {
  World world;
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  world.scan();
  world.conduct();
  ASSERT_EQ(world.task(Vtid(1)).status, TaskStatus::in_progress);
  world.engine().work_only_on(Vtid(1));
  EXPECT_FALSE(world.engine().autopilot.idle().value());
  ASSERT_TRUE(world.engine().desk.set_control("execution", false, "a look", {}, "op"));
  EXPECT_TRUE(world.engine().autopilot.idle().value());
}

TEST(OneTaskAlone, WhoseLoginFailsPausesTheAgentAfterItsThirdTry) {
  int told = 0, starts = 0;
  WorldOptions options;
  options.agent = [&](const port::Assignment&) {
    ++starts;
    SimAgent agent;
    agent.error = Error{FailureCode::AGENT_LOGIN, "the key is refused"};
    return agent;
  };
  options.notifier = [&](const std::string&) -> Result<void> {
    ++told;
    return {};
  };
  World world(options);
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  for (int minute = 0; minute < 60; ++minute) {
    world.settle();
    EXPECT_EQ(told, minute < 2 ? 0 : 1) << "minute " << minute;
    world.clock().advance(61s);
  }
  EXPECT_LT(starts, 12) << "later each time";
  EXPECT_EQ(world.task(Vtid(1)).spent.runs, 0);
}

TEST_F(Surroundings, ARedBaseSpendsNoAttempt) {
  fault_ = Error{FailureCode::BASE_RED, "make test fails on the base"};
  world_.settle();
  EXPECT_LE(starts_, 3);
  EXPECT_EQ(runs_counted(), 0);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_THAT(told_.front(), ::testing::HasSubstr("vitana task why VTID-0"));
  fault_.reset();
  world_.clock().advance(61s);
  world_.settle();
  EXPECT_EQ(with_status(TaskStatus::completed), tasks);
}

TEST_F(Surroundings, ANewCommitIsTriedAtOnce) {
  fault_ = Error{FailureCode::BASE_RED, "make test fails on the base"};
  world_.settle();
  fault_.reset();
  world_.settle();
  EXPECT_EQ(with_status(TaskStatus::completed), 0) << "the same commit waits for its time";
  world_.repository().commit({{"mended.txt", "1"}});
  world_.settle();
  EXPECT_EQ(with_status(TaskStatus::completed), tasks);
}

TEST_F(Surroundings, ATryOnACommitThatIsOldByThenSaysNothingOfTheNewOne) {
  fault_ = Error{FailureCode::BASE_RED, "make test fails on the base"};
  world_.settle();
  world_.restart();
  world_.conduct();
  world_.repository().commit({{"mended.txt", "1"}});
  world_.scan();
  while (world_.work_one()) {
  }
  fault_.reset();
  world_.settle();
  EXPECT_EQ(with_status(TaskStatus::completed), tasks);
}

TEST_F(Surroundings, ARepositoryThatAnswersAgainIsTriedAtOnce) {
  fault_ = Error{FailureCode::BRANCH_MISSING, "there is no branch 'main'"};
  world_.settle();
  const auto tip = world_.repository().take_away("main");
  world_.scan();
  world_.repository().put_back("main", tip);
  ASSERT_EQ(told_.size(), 1U);
  const auto told = nlohmann::json::parse(told_.front());
  EXPECT_EQ(told["reason"], "paused");
  EXPECT_EQ(told["what"], "repo:hub");
  EXPECT_NE(told["next"], "");
  fault_.reset();
  world_.settle();
  EXPECT_EQ(with_status(TaskStatus::completed), tasks);
}

TEST_F(Surroundings, AnAgentsOwnFailureIsNoFaultOfTheSurroundings) {
  fault_ = Error{FailureCode::AGENT_FAILED, "exit 1"};
  for (int i = 0; i < 10; ++i) {
    world_.settle();
    world_.clock().advance(1h);
  }
  EXPECT_EQ(with_status(TaskStatus::failed), tasks);
  EXPECT_THAT(world_.event_types(), ::testing::Not(::testing::Contains("governance.breaker.opened")));
}

}  // namespace
}  // namespace vitana::testing
