// What holds a task that itself waits for nothing, and a text that is not what was locked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/world.h"

namespace vitana::testing {
namespace {

using domain::TaskStatus;

const Vtid first(1);
const Vtid second(2);

std::optional<domain::GateVerdict> hold(World& world, Vtid vtid) {
  std::optional<domain::GateVerdict> held;
  const auto done = world.store().read([&](store::Reader& reader) -> Result<void> {
    const auto runs = reader.runs(vtid);
    held = world.engine().desk.hold(reader, *reader.task(vtid),
                                    runs.empty() ? std::nullopt : std::optional(runs.back()));
    return {};
  });
  EXPECT_TRUE(done);
  return held;
}

WorldOptions one_run_a_day() {
  WorldOptions options;
  options.policy.caps.runs_per_repo_day = 1;
  return options;
}

TEST(Hold, NamesTheCapOfTheDay) {
  World world(one_run_a_day());
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec("Change one")},
                             {"docs/specs/00002-x.md", sample_spec("Change two")}});
  world.settle();
  ASSERT_EQ(world.task(second).status, TaskStatus::scheduled);
  ASSERT_TRUE(hold(world, second));
  EXPECT_EQ(hold(world, second)->code, FailureCode::BUDGET_DAY);
  EXPECT_FALSE(hold(world, first)) << "it has ended";
}

TEST(Hold, OfAPausedAgentSaysWhenItIsTried) {
  WorldOptions options;
  options.agent = [](const port::Assignment&) {
    SimAgent agent;
    agent.error = Error{FailureCode::AGENT_MISSING, "no such program"};
    return agent;
  };
  World world(options);
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  world.settle();
  const auto held = hold(world, first);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->code, FailureCode::AGENT_MISSING);
  ASSERT_TRUE(held->until);
  EXPECT_GT(*held->until, world.clock().now());
}

TEST(Hold, IsNoneOfATaskThatWaitsByItself) {
  World world({.adopt_all = false});
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  world.settle();
  ASSERT_EQ(world.task(first).blocked, domain::BlockReason::not_adopted);
  EXPECT_FALSE(hold(world, first));
}

domain::GateAnswer damaged(domain::GatePoint point, const domain::GateInput& input,
                           const domain::Policy& policy, Instant now) {
  auto other = input;
  other.text_digest = Digest::of("another text");
  return domain::gate(point, other, policy, now);
}

TEST(DamagedText, FailsItsTaskBeforeARunIsMade) {
  WorldOptions options;
  options.rules.gate = &damaged;
  World world(options);
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  world.settle();
  EXPECT_EQ(world.task(first).status, TaskStatus::failed);
  EXPECT_EQ(world.task(first).failure->code, FailureCode::CHECKSUM_MISMATCH);
  EXPECT_TRUE(world.runs(first).empty());
  EXPECT_THAT(world.event_types(), ::testing::Contains("vtid.spec.checksum_failed"));
}

TEST(Approve, OfATaskThatHasEndedIsRefused) {
  WorldOptions options;
  options.policy.specs.approval = domain::ApprovalMode::required;
  World world(options);
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
  world.settle();
  auto& desk = world.engine().desk;
  ASSERT_TRUE(desk.cancel(first, "no more", "op"));
  const auto answer = desk.approve(first, "op");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, FailureCode::STATE_REFUSED);
}

}  // namespace
}  // namespace vitana::testing
