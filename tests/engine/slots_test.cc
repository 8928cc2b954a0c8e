// How many runs are under way at a time: who holds a slot, and who gives it back.
#include <gtest/gtest.h>

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
