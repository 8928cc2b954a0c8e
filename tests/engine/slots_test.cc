// How many runs are under way at a time: who holds a slot, and who gives it back.
#include <gtest/gtest.h>

#include "engine/conduct.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::BlockReason;
using domain::RunState;
using domain::Step;
using domain::TaskStatus;

const Vtid first(1);
const Vtid second(2);

/// Two tasks and room for one run.
class Slots : public ::testing::Test {
 protected:
  void begin() {
    world_.options().agent = [this](const auto& assignment) {
      return assignment.run.id.vtid == first ? agent_ : SimAgent();
    };
    world_.repository().commit({{"docs/specs/00001-a.md", sample_spec("One")},
                                {"docs/specs/00002-b.md", sample_spec("Two")}});
    world_.scan();
    world_.conduct();
    ASSERT_EQ(world_.task(first).status, TaskStatus::in_progress);
    ASSERT_EQ(world_.task(second).status, TaskStatus::scheduled);
  }
  void work(Step step) {
    ASSERT_TRUE(world_.work_one({step}));
    world_.conduct();
  }
  bool second_began() { return world_.task(second).status == TaskStatus::in_progress; }
  /// How many the second task sees at work.
  int running(const engine::Setup& setup) {
    int seen = -1;
    const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
      seen = engine::gate_input(reader, setup, *reader.task(second), std::nullopt).running;
      return {};
    });
    EXPECT_TRUE(read);
    return seen;
  }
  static WorldOptions options() {
    WorldOptions options;
    options.policy.caps.concurrent = 1;
    return options;
  }

  SimAgent agent_;  ///< of the first task
  World world_{options()};
};

TEST_F(Slots, ARunHoldsItsSlotUntilItIsDelivered) {
  begin();
  work(Step::execute);
  EXPECT_FALSE(second_began());
  work(Step::verify);
  EXPECT_FALSE(second_began());
  work(Step::deliver);
  EXPECT_TRUE(second_began());
}

TEST_F(Slots, ARunThatWaitsForAPersonHoldsNone) {
  agent_.open_sign_offs = 1;
  begin();
  work(Step::execute);
  work(Step::verify);
  ASSERT_EQ(world_.task(first).blocked, BlockReason::sign_off);
  EXPECT_TRUE(second_began());
}

TEST_F(Slots, ADeliveryThatWaitsForACleanWorkingTreeHoldsNone) {
  begin();
  work(Step::execute);
  work(Step::verify);
  world_.repository().dirty = true;
  work(Step::deliver);
  ASSERT_EQ(world_.task(first).blocked, BlockReason::delivery_target_dirty);
  EXPECT_TRUE(second_began());
}

TEST_F(Slots, AStepThatIsTriedAgainLaterHoldsNoneUntilThen) {
  agent_.verdict = Error{FailureCode::REPO_UNAVAILABLE, "no answer"};
  begin();
  work(Step::execute);
  work(Step::verify);
  ASSERT_EQ(world_.runs(first).back().state, RunState::verifying);
  EXPECT_TRUE(second_began());
}

TEST_F(Slots, ARunWhoseAgentIsNoLongerConfiguredHoldsNone) {
  begin();
  world_.options().agents = {"new"};
  world_.restart();
  world_.conduct();
  EXPECT_TRUE(second_began());
}

TEST_F(Slots, ARunThatMayGoOnIsWork) {
  begin();
  EXPECT_FALSE(*world_.engine().autopilot.idle());
}

TEST_F(Slots, ARunWhoseAgentIsNoLongerConfiguredIsNoWork) {
  world_.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  world_.scan();
  world_.conduct();
  ASSERT_EQ(world_.task(Vtid(1)).status, TaskStatus::in_progress);
  world_.options().agents = {"new"};
  world_.restart();
  world_.conduct();
  EXPECT_TRUE(*world_.engine().autopilot.idle());
}

TEST_F(Slots, ARunThatWaitsForItsSurroundingsIsWork) {
  agent_.verdict = Error{FailureCode::REPO_UNAVAILABLE, "no answer"};
  begin();
  work(Step::execute);
  for (int i = 0; i < 3; ++i) {
    world_.clock().advance(1min);
    work(Step::verify);
  }
  ASSERT_FALSE(world_.work_one({Step::verify})) << "its repository is paused";
  EXPECT_FALSE(*world_.engine().autopilot.idle());
}

TEST_F(Slots, APausedEngineHasOnlyTheWorkThatIsUnderWay) {
  begin();
  work(Step::execute);
  ASSERT_TRUE(world_.engine().desk.set_control("execution", false, "night", std::nullopt, "op"));
  EXPECT_TRUE(*world_.engine().autopilot.idle());
}

TEST_F(Slots, ARunWhoseWorkIsDoneNeedsItsAgentNoMore) {
  begin();
  work(Step::execute);
  world_.options().agents = {"new"};
  world_.restart();
  world_.conduct();
  EXPECT_FALSE(second_began());
  work(Step::verify);
  work(Step::deliver);
  EXPECT_EQ(world_.task(first).status, TaskStatus::completed);
}

TEST_F(Slots, ARunWhoseRepositoryIsNoLongerConfiguredHoldsNone) {
  begin();
  EXPECT_EQ(running(world_.engine().setup()), 1);
  auto setup = world_.engine().setup();
  setup.repos.clear();
  EXPECT_EQ(running(setup), 0);
}

TEST_F(Slots, ARunWhoseAgentIsPausedHoldsNoneUntilItIsTried) {
  begin();
  const auto done = world_.store().commit([&](store::Ledger& ledger) -> Result<void> {
    domain::Breaker open;
    domain::breaker_fault(open, {second, 1}, FailureCode::AGENT_MISSING, "no such program", ledger.now());
    ledger.put(store::BreakerRow{"agent:fixer", open});
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(running(world_.engine().setup()), 0);
  world_.clock().advance(domain::probe_delay);
  EXPECT_EQ(running(world_.engine().setup()), 1);
}

TEST_F(Slots, WhoWorksOnOneTaskAloneDoesNotWaitForRunsThatNobodyCarriesOn) {
  begin();
  work(Step::execute);
  world_.options().only = second;
  world_.restart();
  world_.conduct();
  EXPECT_TRUE(second_began());
}

}  // namespace
}  // namespace vitana::testing
