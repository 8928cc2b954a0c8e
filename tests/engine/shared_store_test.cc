// Several engines on one store that hosts share: who ends whose lease, and who is granted what.
#include <gtest/gtest.h>

#include "sql/test_server.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::RunState;
using domain::Step;
using engine::RunDesk;
using port::Directive;

const Vtid task_one(1);

/// The engine of home "a" has granted a step; `other_` is the desk of an engine of home "b".
class SharedStore : public ::testing::Test {
 protected:
  explicit SharedStore(bool on_server = true) {
    if (on_server && !sql::testing::has_server()) return;
    WorldOptions options;
    if (on_server) options.store_path = sql::testing::fresh_schema();
    world_ = std::make_unique<World>(options);
    other_ = std::make_unique<RunDesk>(world_->store(), world_->clock(), entropy_, world_->engine().setup());
    world_->repository().commit({{"docs/specs/00001-x.md", sample_spec()}});
    world_->scan();
    world_->conduct();
  }
  void SetUp() override {
    if (!world_) GTEST_SKIP() << "NO PostgreSQL SERVER: what engines share is not tested";
  }

  RunDesk& desk() { return world_->engine().runs; }

  static std::vector<port::Assignment> claim(RunDesk& desk, const std::string& worker,
                                             const std::vector<Step>& steps = {Step::execute}) {
    auto granted = desk.claim({worker, "", steps, 1});
    EXPECT_TRUE(granted);
    return granted ? *granted : std::vector<port::Assignment>();
  }
  void grant_to(const std::string& worker) {
    const auto granted = claim(desk(), worker);
    ASSERT_EQ(granted.size(), 1U);
    fence_ = granted.front().lease().fence;
    run_ = granted.front().run.id;
  }
  bool leased() { return world_->runs(task_one).back().lease.has_value(); }

  /// Both engines tick for as long.
  void pass(Duration time, bool renewed_here, bool renewed_there = false) {
    constexpr Duration tick = 5s;
    for (Duration passed{}; passed < time; passed += tick) {
      world_->clock().advance(tick);
      if (renewed_here) {
        EXPECT_EQ(desk().renew(run_, fence_), Directive::go_on);
      }
      if (renewed_there) {
        EXPECT_EQ(other_->renew(run_, fence_), Directive::go_on);
      }
      EXPECT_TRUE(desk().reap());
      EXPECT_TRUE(other_->reap());
    }
  }

  SimEntropy entropy_{7};
  std::unique_ptr<World> world_;
  std::unique_ptr<RunDesk> other_;
  RunId run_{task_one, 1};
  domain::Fence fence_ = 0;
};

TEST_F(SharedStore, AnEngineThatStartsFreesNothingOfAnothersHome) {
  grant_to("local:a.1/worker");
  EXPECT_TRUE(other_->end_dead_incarnations("b.1"));
  EXPECT_TRUE(leased());
}

TEST_F(SharedStore, AnEngineThatStartsFreesWhatItsHomesDeadProcessHeld) {
  grant_to("local:a.1/worker");
  EXPECT_TRUE(other_->end_dead_incarnations("a.2"));
  EXPECT_FALSE(leased());
  EXPECT_EQ(world_->task(task_one).spent.engine_losses, 1);
}

TEST_F(SharedStore, NobodyEndsALeaseThatItsOwnEngineHearsOf) {
  grant_to("local:a.1/worker");
  pass(10 * domain::lease_time, true);
  EXPECT_TRUE(leased());
}

TEST_F(SharedStore, AnotherEngineEndsALeaseThatNobodyHeardOfForAWholeTimeBeyondItsEnd) {
  grant_to("local:a.1/worker");
  pass(2 * domain::lease_time, true);
  // The engine of home "a" is gone; only the other one ticks.
  const auto silent_since = world_->clock().now();
  while (leased() && world_->clock().now() - silent_since < 10 * domain::lease_time) {
    world_->clock().advance(5s);
    EXPECT_TRUE(other_->reap());
  }
  EXPECT_FALSE(leased());
  EXPECT_GE(world_->clock().now() - silent_since, domain::lease_time);
  EXPECT_LE(world_->clock().now() - silent_since, 3 * domain::lease_time);
  EXPECT_EQ(world_->task(task_one).spent.engine_losses, 1);
}

TEST_F(SharedStore, AWorkerMayRenewWithAnotherEngine) {
  grant_to("machine-7");
  pass(10 * domain::lease_time, false, true);
  EXPECT_TRUE(leased());
}

TEST_F(SharedStore, ALeaseThatIsOverIsRenewedNowhere) {
  grant_to("machine-7");
  pass(5 * domain::lease_time, false);
  EXPECT_FALSE(leased());
  EXPECT_EQ(other_->renew(run_, fence_), Directive::lost);
  EXPECT_EQ(desk().renew(run_, fence_), Directive::lost);
  EXPECT_EQ(world_->task(task_one).spent.worker_losses, 1);
}

TEST_F(SharedStore, VerifyingStaysWithTheHomeThatExecuted) {
  const auto granted = claim(desk(), "local:a.1/worker");
  ASSERT_EQ(granted.size(), 1U);
  std::vector<domain::Evidence> evidence;
  const auto report = world_->do_step(granted.front(), evidence);
  ASSERT_TRUE(desk().report(run_, report, {}));
  ASSERT_EQ(world_->runs(task_one).back().state, RunState::verifying);
  EXPECT_TRUE(claim(*other_, "local:b.1/worker", {Step::verify}).empty());
  EXPECT_EQ(claim(desk(), "local:a.2/worker", {Step::verify}).size(), 1U);
}

class OwnStore : public SharedStore {
 protected:
  OwnStore() : SharedStore(/*on_server=*/false) {}
};

TEST_F(OwnStore, ALeaseOfAnotherHomeHasItsWholeTimeAgain) {
  grant_to("local:a.1/worker");
  EXPECT_TRUE(other_->end_dead_incarnations("b.1"));
  EXPECT_TRUE(leased());
  world_->clock().advance(5s);
  for (Duration passed{}; passed < 2 * domain::lease_time; passed += 5s) {
    EXPECT_TRUE(other_->reap());
    world_->clock().advance(5s);
  }
  EXPECT_FALSE(leased());
}

TEST_F(OwnStore, ALeaseOfAVersionThatKnewNoHomesIsFreedAtOnce) {
  grant_to("local:boot:1:2/worker");
  EXPECT_TRUE(other_->end_dead_incarnations("b.1"));
  EXPECT_FALSE(leased());
}

TEST_F(OwnStore, WhatAnotherHomeExecutedIsVerifiedHere) {
  const auto granted = claim(desk(), "local:a.1/worker");
  ASSERT_EQ(granted.size(), 1U);
  std::vector<domain::Evidence> evidence;
  const auto report = world_->do_step(granted.front(), evidence);
  ASSERT_TRUE(desk().report(run_, report, {}));
  EXPECT_EQ(claim(*other_, "local:b.1/worker", {Step::verify}).size(), 1U) << "a folder that was copied has another id";
}

TEST_F(SharedStore, WhatAWorkerElsewhereExecutedIsVerifiedWhereItsGatewayIs) {
  const auto granted = claim(desk(), "wrk_1@a");
  ASSERT_EQ(granted.size(), 1U);
  std::vector<domain::Evidence> evidence;
  const auto report = world_->do_step(granted.front(), evidence);
  ASSERT_TRUE(desk().report(run_, report, {}));
  EXPECT_TRUE(claim(*other_, "local:b.1/worker", {Step::verify}).empty());
  EXPECT_EQ(claim(desk(), "local:a.1/worker", {Step::verify}).size(), 1U);
}

TEST_F(SharedStore, ARunThatNoWorkerHereCanTakeIsLeftToOtherEnginesForAWhile) {
  const auto wait = world_->engine().setup().policy.dispatch.pickup_deadline;
  world_->clock().advance(wait + 1s);
  world_->conduct();
  EXPECT_EQ(world_->runs(task_one).front().state, RunState::pending_pickup) << "one of them may have a slot for it";
  world_->clock().advance(domain::lease_time);
  world_->conduct();
  EXPECT_EQ(world_->runs(task_one).front().failure->code, FailureCode::PICKUP_TIMEOUT);
}

TEST_F(OwnStore, ARunThatNoWorkerHereCanTakeEndsWithItsDeadline) {
  world_->clock().advance(world_->engine().setup().policy.dispatch.pickup_deadline + 1s);
  world_->conduct();
  EXPECT_EQ(world_->runs(task_one).front().failure->code, FailureCode::PICKUP_TIMEOUT);
}

}  // namespace
}  // namespace vitana::testing
