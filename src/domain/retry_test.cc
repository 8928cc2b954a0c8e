#include "domain/retry.h"

#include <gtest/gtest.h>

#include "domain/breaker.h"

namespace vitana::domain {
namespace {

using namespace std::chrono_literals;

const Instant noon = *from_rfc3339("2026-01-25T12:00:00Z");

TEST(Budget, NoCodeThatIsNotRetryableHasOne) {
  for (const auto& info : failure_catalogue()) {
    if (info.retryable) continue;
    EXPECT_EQ(budget_of(info.code), Budget::none) << info.name;
  }
}

TEST(Budget, GovernanceIsNeverRetried) {
  for (const auto& info : failure_catalogue()) {
    if (info.cls != FailureClass::governance) continue;
    EXPECT_EQ(budget_of(info.code), Budget::none) << info.name;
  }
}

TEST(Budget, EveryOtherRetryableCodeHasOne) {
  for (const auto& info : failure_catalogue()) {
    if (!info.retryable || info.cls == FailureClass::governance) continue;
    EXPECT_NE(budget_of(info.code), Budget::none) << info.name;
  }
}

TEST(Budget, TellsTheAgentsDoingFromTheSurroundings) {
  EXPECT_EQ(budget_of(FailureCode::AGENT_FAILED), Budget::agent);
  EXPECT_EQ(budget_of(FailureCode::AGENT_TIMEOUT), Budget::agent);
  EXPECT_EQ(budget_of(FailureCode::VERIFICATION_FAILED), Budget::agent);
  EXPECT_EQ(budget_of(FailureCode::MERGE_CONFLICT), Budget::agent);
  EXPECT_EQ(budget_of(FailureCode::STEP_TIMEOUT), Budget::agent);
  EXPECT_EQ(budget_of(FailureCode::STORE_BUSY), Budget::transient);
  EXPECT_EQ(budget_of(FailureCode::GIT_FAILED), Budget::transient);
  EXPECT_EQ(budget_of(FailureCode::REPO_UNAVAILABLE), Budget::environment);
  EXPECT_EQ(budget_of(FailureCode::BASE_RED), Budget::environment);
  EXPECT_EQ(budget_of(FailureCode::WORKSPACE_FAILED), Budget::environment);
  EXPECT_EQ(budget_of(FailureCode::VERIFIER_FAILED), Budget::environment);
}

TEST(Backoff, DoublesUpToItsBound) {
  EXPECT_EQ(backoff(10s, 10min, 1, 0.5), 10s);
  EXPECT_EQ(backoff(10s, 10min, 2, 0.5), 20s);
  EXPECT_EQ(backoff(10s, 10min, 3, 0.5), 40s);
  EXPECT_EQ(backoff(10s, 10min, 7, 0.5), 10min);
}

TEST(Backoff, JitterStaysWithinATenth) {
  EXPECT_EQ(backoff(10s, 10min, 1, 0.0), 9s);
  EXPECT_LT(backoff(10s, 10min, 1, 0.999999), 11s);
  EXPECT_GT(backoff(10s, 10min, 1, 0.999999), 10'990ms);
}

TEST(Backoff, IsBoundedForEveryInput) {
  for (const Duration delay : {Duration(0us), Duration(1us), Duration(10s), Duration(24h)}) {
    for (const Duration bound : {Duration(0us), Duration(1s), Duration(30 * 24h)}) {
      for (const int n : {-5, 0, 1, 2, 31, 32, 1000, 2'000'000'000}) {
        for (const double roll : {0.0, 0.5, 0.9999}) {
          const auto wait = backoff(delay, bound, n, roll);
          EXPECT_GE(wait, 0us);
          EXPECT_LE(wait, bound + bound / 10);
        }
      }
    }
  }
}

TEST(Backoff, NeverShrinksWithMoreTries) {
  for (int n = 1; n < 40; ++n)
    EXPECT_LE(backoff(10s, 10min, n, 0.5), backoff(10s, 10min, n + 1, 0.5));
}

/// How many runs may end with `code`, one after the other.
int runs_until_the_end(FailureCode code, const Policy& policy, Spent spent = {}) {
  for (int runs = 1; runs < 1000; ++runs) {
    const auto answer = retry(spent, code, policy, noon, 0.5);
    if (!answer.again) return runs;
    EXPECT_GE(*answer.again, noon);
    spent = answer.spent;
  }
  return 1000;
}

Policy uncapped() {
  Policy policy;
  policy.caps.runs_per_task = 0;
  return policy;
}

TEST(Retry, AgentFailuresEndAfterTheRunsOfTheRule) {
  EXPECT_EQ(runs_until_the_end(FailureCode::AGENT_FAILED, {}), 3);
  Policy policy = uncapped();
  policy.retry.runs = 7;
  EXPECT_EQ(runs_until_the_end(FailureCode::AGENT_FAILED, policy), 7);
}

TEST(Retry, TheCapOnATaskComesFirst) {
  Policy policy;
  policy.retry.runs = 7;
  policy.caps.runs_per_task = 2;
  EXPECT_EQ(runs_until_the_end(FailureCode::AGENT_FAILED, policy), 2);
}

TEST(Retry, ARuleOfACodeCountsThatCodeAlone) {
  Policy policy = uncapped();
  policy.retry.by_code[FailureCode::AGENT_TIMEOUT] = {5, 1min, 1min};
  EXPECT_EQ(runs_until_the_end(FailureCode::AGENT_TIMEOUT, policy), 5);
  EXPECT_EQ(runs_until_the_end(FailureCode::AGENT_FAILED, policy), 3);
  Spent spent;
  spent.runs = 2;
  EXPECT_EQ(runs_until_the_end(FailureCode::AGENT_TIMEOUT, policy, spent), 5);
  EXPECT_EQ(retry({}, FailureCode::AGENT_TIMEOUT, policy, noon, 0.5).again, noon + 1min);
}

TEST(Retry, ACodeThatIsNotRetryableEndsAtOnceWhateverTheRule) {
  Policy policy = uncapped();
  policy.retry.by_code[FailureCode::PATH_FORBIDDEN] = {50, 1s, 1s};
  EXPECT_EQ(runs_until_the_end(FailureCode::PATH_FORBIDDEN, policy), 1);
  EXPECT_EQ(runs_until_the_end(FailureCode::DELIVERY_REFUSED, policy), 1);
}

TEST(Retry, FaultsOfTheSurroundingsHaveABudgetOfTheirOwn) {
  EXPECT_EQ(runs_until_the_end(FailureCode::STORE_BUSY, uncapped()), transient_failures_max);
  Spent spent;
  spent.runs = 2;
  const auto answer = retry(spent, FailureCode::STORE_BUSY, uncapped(), noon, 0.5);
  EXPECT_EQ(answer.spent.runs, 2);
  EXPECT_EQ(answer.spent.transient, 1);
  EXPECT_TRUE(answer.again);
}

TEST(Retry, AFaultThatLosesAnAgentsWorkCountsAsARun) {
  const auto answer = retry({}, FailureCode::GIT_FAILED, uncapped(), noon, 0.5, /*paid=*/true);
  EXPECT_EQ(answer.spent.runs, 1);
  EXPECT_EQ(answer.spent.transient, 0);
  Spent spent;
  spent.runs = 2;
  EXPECT_FALSE(retry(spent, FailureCode::GIT_FAILED, uncapped(), noon, 0.5, /*paid=*/true).again);
  // What pauses the repository or the agent meets every task alike.
  EXPECT_TRUE(retry(spent, FailureCode::BASE_RED, uncapped(), noon, 0.5, /*paid=*/true).again);
}

TEST(Retry, ARuleOfACodeHoldsForFaultsOfTheSurroundings) {
  Policy policy = uncapped();
  policy.retry.by_code[FailureCode::GIT_FAILED] = {2, 1min, 1min};
  EXPECT_EQ(runs_until_the_end(FailureCode::GIT_FAILED, policy), 2);
}

TEST(Retry, ARedBaseNeverCounts) {
  Spent spent{2, transient_failures_max - 1, 2, 19, {}};
  const auto answer = retry(spent, FailureCode::BASE_RED, {}, noon, 0.5);
  EXPECT_EQ(answer.spent, spent);
  EXPECT_EQ(answer.again, noon + probe_delay);
  EXPECT_EQ(runs_until_the_end(FailureCode::BASE_RED, {}), 1000);
}

TEST(Retry, AnAgentsFailureLeavesTheOtherBudgetsAlone) {
  const auto answer = retry({0, 4, 1, 2, {}}, FailureCode::AGENT_FAILED, {}, noon, 0.5);
  EXPECT_EQ(answer.spent, (Spent{1, 4, 1, 2, {{FailureCode::AGENT_FAILED, 1}}}));
}

Task ended_by(FailureCode code) {
  Task task{.vtid = Vtid(7)};
  task.status = TaskStatus::failed;
  task.failure = Failure{code, "why", "executing"};
  return task;
}

TEST(AfterTheEnd, APersonMayRunItAgain) {
  EXPECT_EQ(way_on(ended_by(FailureCode::AGENT_FAILED)),
            "read the agent's log: vitana task log VTID-00007; to run it again: "
            "vitana task retry VTID-00007 --reason TEXT");
  EXPECT_EQ(way_on(Task{.vtid = Vtid(7)}), "vitana task retry VTID-00007 --reason TEXT");
}

TEST(AfterTheEnd, NoRetryMendsADamagedText) {
  const auto damaged = ended_by(FailureCode::CHECKSUM_MISMATCH);
  EXPECT_NE(way_on(damaged).find("vitana audit"), std::string::npos);
  EXPECT_EQ(way_on(damaged).find("vitana task retry"), std::string::npos);
}

}  // namespace
}  // namespace vitana::domain
