// A delivery whose remote stays away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::RunState;
using domain::TaskStatus;

const Vtid vtid(1213);

class RemoteAway : public ::testing::Test {
 protected:
  RemoteAway() : world_(options()) {
    world_.repository().commit({{"docs/specs/01213-x.md", sample_spec()}});
    while (!delivering()) {
      world_.scan();
      world_.conduct();
      if (!world_.work_one({domain::Step::execute, domain::Step::verify})) break;
    }
    world_.repository().unavailable = true;
  }

  WorldOptions options() {
    WorldOptions options;
    options.notifier = [this](const std::string& event) -> Result<void> {
      told_.push_back(event);
      return {};
    };
    return options;
  }
  bool delivering() {
    if (!world_.find(vtid)) return false;
    const auto runs = world_.runs(vtid);
    return !runs.empty() && runs.back().state == RunState::delivering;
  }
  void try_for_long() {
    for (int i = 0; i < 30; ++i) {
      world_.conduct();
      while (world_.work_one()) world_.conduct();
      world_.clock().advance(11min);
    }
  }

  std::vector<std::string> told_;
  World world_;
};

TEST_F(RemoteAway, IsTriedOnAndAPersonIsToldOnce) {
  ASSERT_TRUE(delivering());
  try_for_long();
  EXPECT_TRUE(delivering());
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_EQ(world_.runs(vtid).size(), 1U) << "another run could deliver it again";
  world_.repository().unavailable = false;
  world_.settle();
  world_.clock().advance(11min);
  world_.settle();
  EXPECT_EQ(world_.task(vtid).status, TaskStatus::completed);
  EXPECT_EQ(world_.repository().deliveries_of("VTID-01213"), 1);
}

TEST_F(RemoteAway, CanBeCancelledBetweenTwoTries) {
  try_for_long();
  ASSERT_TRUE(world_.engine().desk.cancel(vtid, "the remote is gone", "op"));
  EXPECT_EQ(world_.task(vtid).status, TaskStatus::cancelled);
  world_.repository().unavailable = false;
  world_.settle();
  EXPECT_EQ(world_.repository().deliveries_of("VTID-01213"), 0);
}

/// The target is checked out, with changes that nobody has committed.
class TargetDirty : public ::testing::Test {
 protected:
  TargetDirty() {
    world_.repository().commit({{"docs/specs/01213-x.md", sample_spec()}});
    world_.repository().dirty = true;
    world_.settle();
  }
  std::string beside() {
    const auto branch = domain::delivery_branch(vtid, world_.task(vtid).title);
    return world_.repository().ref_commit(branch)->value_or("");
  }
  void look_again() {
    world_.clock().advance(domain::dirty_recheck + 1s);
    world_.settle();
  }

  World world_;
};

TEST_F(TargetDirty, KeepsTheResultBesideUntilItIsDelivered) {
  ASSERT_EQ(world_.task(vtid).blocked, domain::BlockReason::delivery_target_dirty);
  EXPECT_EQ(beside(), world_.runs(vtid).back().deliverable->new_commit);
  world_.repository().dirty = false;
  look_again();
  EXPECT_EQ(world_.task(vtid).status, TaskStatus::completed);
  EXPECT_EQ(beside(), "");
}

TEST_F(TargetDirty, KeepsTheNewResultBesideWhenTheBranchMoved) {
  world_.repository().commit({{"another.txt", "1"}});
  look_again();
  ASSERT_EQ(world_.task(vtid).blocked, domain::BlockReason::delivery_target_dirty);
  EXPECT_EQ(beside(), world_.runs(vtid).back().deliverable->new_commit);
  EXPECT_THAT(world_.task(vtid).failure->message, ::testing::HasSubstr("meanwhile the result is on vtid/"));
  world_.repository().dirty = false;
  look_again();
  EXPECT_EQ(beside(), "");
}

TEST_F(TargetDirty, KeepsTheResultBesideWhileTheBranchIsGone) {
  const auto kept = beside();
  const auto tip = world_.repository().take_away("main");
  look_again();
  EXPECT_NE(kept, "");
  EXPECT_EQ(beside(), kept);
  world_.repository().put_back("main", tip);
  world_.repository().dirty = false;
  look_again();
  look_again();
  EXPECT_EQ(world_.task(vtid).status, TaskStatus::completed);
}

TEST_F(TargetDirty, LeavesABranchThatSomebodyWorkedOn) {
  const auto branch = domain::delivery_branch(vtid, world_.task(vtid).title);
  const auto theirs = world_.repository().commit({{"mine.txt", "1"}}, branch.substr(std::string("refs/heads/").size()));
  world_.repository().dirty = false;
  look_again();
  EXPECT_EQ(world_.task(vtid).status, TaskStatus::completed);
  EXPECT_EQ(beside(), theirs);
}

}  // namespace
}  // namespace vitana::testing
