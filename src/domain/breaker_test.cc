#include "domain/breaker.h"

#include <gtest/gtest.h>

namespace vitana::domain {
namespace {

using namespace std::chrono_literals;
using enum FailureCode;

class BreakerTest : public ::testing::Test {
 protected:
  BreakerNews fault(std::uint32_t task, FailureCode code = AGENT_LOGIN) {
    return breaker_fault(breaker_, {Vtid(task), 1}, code, "detail", now_);
  }
  void open() {
    for (std::uint32_t task = 1; task <= 3; ++task) fault(task);
  }

  Instant now_ = from_rfc3339("2026-01-25T09:00:00Z").value();
  Breaker breaker_;
};

TEST_F(BreakerTest, TheThirdRunInARowOpensItOnce) {
  EXPECT_EQ(fault(1), BreakerNews::none);
  EXPECT_EQ(fault(2), BreakerNews::none);
  EXPECT_EQ(fault(3), BreakerNews::opened);
  EXPECT_EQ(fault(4), BreakerNews::none);
  EXPECT_TRUE(breaker_.open);
}

TEST_F(BreakerTest, OneTaskAloneOpensItToo) {
  EXPECT_EQ(fault(1), BreakerNews::none);
  EXPECT_EQ(fault(1), BreakerNews::none);
  EXPECT_EQ(fault(1), BreakerNews::opened);
}

TEST_F(BreakerTest, AnotherFaultOfTheScopeIsOfTheSameRow) {
  fault(1);
  fault(2, AGENT_QUOTA);
  EXPECT_EQ(fault(3), BreakerNews::opened);
}

TEST_F(BreakerTest, ASuccessBetweenBeginsTheRowAnew) {
  fault(1);
  fault(2);
  EXPECT_EQ(breaker_success(breaker_), BreakerNews::none);
  EXPECT_EQ(fault(3), BreakerNews::none);
}

TEST_F(BreakerTest, WhatIsTheSameForEveryTaskOpensItAtOnce) {
  EXPECT_EQ(fault(1, AGENT_MISSING), BreakerNews::opened);
}

TEST_F(BreakerTest, AnAgentThatIsNewOrFailedLastGetsNoMoreRunsThanWouldOpenIt) {
  EXPECT_EQ(breaker_.trial_slots(), 3);
  breaker_success(breaker_);
  EXPECT_EQ(breaker_.trial_slots(), std::nullopt);
  fault(1);
  EXPECT_EQ(breaker_.trial_slots(), 2);
  fault(2);
  EXPECT_EQ(breaker_.trial_slots(), 1);
  breaker_success(breaker_);
  EXPECT_EQ(breaker_.trial_slots(), std::nullopt);
}

TEST_F(BreakerTest, AFailedProbeWaitsLongerEachTimeUpToABound) {
  open();
  EXPECT_EQ(breaker_.probe_at, now_ + 1min);
  const RunId run{Vtid(9), 1};
  Duration before = 1min;
  for (int i = 0; i < 12; ++i) {
    breaker_probe(breaker_, run, now_);
    breaker_fault(breaker_, run, AGENT_LOGIN, "still", now_);
    EXPECT_FALSE(breaker_.probe);
    EXPECT_GE(breaker_.probe_at - now_, before);
    before = breaker_.probe_at - now_;
  }
  EXPECT_EQ(before, probe_delay_max);
}

TEST_F(BreakerTest, RunsThatBeganBeforeItOpenedDoNotPutOffTheProbe) {
  open();
  const auto due = breaker_.probe_at;
  now_ += 30s;
  fault(4);
  EXPECT_EQ(breaker_.probe_at, due);
}

TEST_F(BreakerTest, AProbeThatWorksClosesIt) {
  open();
  breaker_probe(breaker_, {Vtid(9), 1}, now_);
  EXPECT_EQ(breaker_success(breaker_), BreakerNews::closed);
  EXPECT_FALSE(breaker_.open);
  EXPECT_FALSE(breaker_.probe);
}

TEST(BreakerScope, OnlyFaultsOfTheSurroundingsHaveOne) {
  EXPECT_EQ(breaker_scope(BASE_RED), BreakerScope::repository);
  EXPECT_EQ(breaker_scope(BRANCH_MISSING), BreakerScope::repository);
  EXPECT_EQ(breaker_scope(AGENT_QUOTA), BreakerScope::agent);
  EXPECT_EQ(breaker_scope(AGENT_FAILED), std::nullopt);
}

TEST(BreakerScope, AFullDiskOfTheWorkspacesIsNoTasksFault) {
  EXPECT_EQ(breaker_scope(WORKSPACE_FAILED), BreakerScope::agent);
  Breaker breaker;
  EXPECT_EQ(breaker_fault(breaker, {Vtid(1), 1}, WORKSPACE_FAILED, "full", Instant{}), BreakerNews::opened);
}

}  // namespace
}  // namespace vitana::domain
