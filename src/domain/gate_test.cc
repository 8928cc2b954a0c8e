#include "domain/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "domain/test_subjects.h"

namespace vitana::domain {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::noon;

Control on() { return {true, "start", "ann", std::nullopt, noon - 1h}; }

/// All gates open.
GateInput open() {
  GateInput in{.task = testing::task(TaskStatus::scheduled)};
  in.text_digest = in.task.spec->digest;
  in.execution = on();
  return in;
}

std::vector<std::string> names(const GateAnswer& answer) {
  std::vector<std::string> all;
  for (const auto& verdict : answer.verdicts) all.push_back(verdict.gate);
  return all;
}

TEST(Gate, LetsPassWhatNothingHolds) {
  for (const auto point :
       {GatePoint::schedule, GatePoint::dispatch, GatePoint::claim, GatePoint::delivery}) {
    EXPECT_TRUE(gate(point, open(), {}, noon).allowed()) << name_of(point);
  }
}

TEST(Gate, AsksInOneOrderAtEachPoint) {
  EXPECT_THAT(
      names(gate(GatePoint::dispatch, open(), {}, noon)),
      ElementsAre("spec", "integrity", "conflict", "identity", "adoption", "approved text",
                  "dependencies", "permission", "quarantine", "back-off", "runs of the task",
                  "execution control", "repository", "known deliveries", "state of the repository", "agent",
                  "state of the agent", "trial of the agent", "runs of the day", "concurrency"));
  EXPECT_THAT(
      names(gate(GatePoint::schedule, open(), {}, noon)),
      ElementsAre("spec", "integrity", "conflict", "identity", "adoption", "approved text",
                  "dependencies", "permission", "quarantine", "back-off", "runs of the task"));
  EXPECT_THAT(
      names(gate(GatePoint::claim, open(), {}, noon)),
      ElementsAre("spec", "integrity", "execution control", "repository", "known deliveries",
                  "state of the repository", "agent", "state of the agent", "trial of the agent",
                  "runs of the day", "concurrency"));
  EXPECT_THAT(names(gate(GatePoint::delivery, open(), {}, noon)),
              ElementsAre("spec", "integrity", "execution control", "repository",
                          "known deliveries", "state of the repository"));
}

struct Held {
  std::string gate;
  FailureCode code;
  std::function<void(GateInput&)> change;
};

Breaker opened(FailureCode code, Instant probe_at) {
  return {.code = code, .detail = "a fault", .since = noon - 1min, .probe_at = probe_at, .open = true};
}

/// In the order in which they are asked.
std::vector<Held> all_held() {
  return {
      {"spec", FailureCode::SPEC_NOT_FOUND, [](GateInput& in) { in.task.spec.reset(); }},
      {"integrity", FailureCode::CHECKSUM_MISMATCH,
       [](GateInput& in) { in.text_digest = Digest::of("changed"); }},
      {"conflict", FailureCode::SPEC_CONFLICT,
       [](GateInput& in) { in.task.waits.conflict = true; }},
      {"identity", FailureCode::SPEC_RENUMBERED,
       [](GateInput& in) { in.task.waits.renumbered = true; }},
      {"adoption", FailureCode::NOT_ADOPTED, [](GateInput& in) { in.task.waits.adoption = true; }},
      {"approved text", FailureCode::SPEC_NOT_APPROVED,
       [](GateInput& in) { in.task.waits.spec_approval = true; }},
      {"dependencies", FailureCode::DEPENDENCY_UNKNOWN,
       [](GateInput& in) { in.task.waits.dependency_unknown = true; }},
      {"permission", FailureCode::APPROVAL_REQUIRED,
       [](GateInput& in) { in.task.waits.approval = true; }},
      {"quarantine", FailureCode::QUARANTINED,
       [](GateInput& in) { in.task.blocked = BlockReason::quarantined; }},
      {"back-off", FailureCode::STATE_REFUSED,
       [](GateInput& in) { in.task.not_before = noon + 1us; }},
      {"runs of the task", FailureCode::BUDGET_RUNS, [](GateInput& in) { in.task.spent.runs = 3; }},
      {"execution control", FailureCode::EXECUTION_PAUSED,
       [](GateInput& in) { in.execution->on = false; }},
      {"repository", FailureCode::REPO_UNKNOWN, [](GateInput& in) { in.repo_known = false; }},
      {"known deliveries", FailureCode::REPO_UNSETTLED,
       [](GateInput& in) { in.repo_settled = false; }},
      {"state of the repository", FailureCode::BASE_RED,
       [](GateInput& in) {
         in.repo_breaker = opened(FailureCode::BASE_RED, noon + 1s);
       }},
      {"agent", FailureCode::AGENT_UNKNOWN, [](GateInput& in) { in.agent_known = false; }},
      {"state of the agent", FailureCode::AGENT_QUOTA,
       [](GateInput& in) {
         in.agent_breaker = opened(FailureCode::AGENT_QUOTA, noon + 1s);
       }},
      {"trial of the agent", FailureCode::SLOTS_BUSY, 
       [](GateInput& in) {
         in.agent_running = 1;
         if (!in.agent_breaker) in.agent_breaker = Breaker{};
         in.agent_breaker->tries = 2;
       }},
      {"runs of the day", FailureCode::BUDGET_DAY, [](GateInput& in) { in.repo_runs_day = 100; }},
      {"concurrency", FailureCode::SLOTS_BUSY, [](GateInput& in) { in.running = 2; }},
  };
}

TEST(Gate, EachConditionHoldsWithItsOwnCode) {
  for (const auto& held : all_held()) {
    GateInput in = open();
    held.change(in);
    const auto answer = gate(GatePoint::dispatch, in, {}, noon);
    ASSERT_NE(answer.blocking(), nullptr) << held.gate;
    EXPECT_EQ(answer.blocking()->gate, held.gate);
    EXPECT_EQ(answer.blocking()->code, held.code) << held.gate;
    EXPECT_FALSE(answer.blocking()->detail.empty() && held.gate != "spec") << held.gate;
  }
}

TEST(Gate, TheFirstThatHoldsIsNamed) {
  const auto all = all_held();
  for (std::size_t first = 1; first < all.size(); ++first) {
    GateInput in = open();
    for (std::size_t i = first; i < all.size(); ++i) all[i].change(in);
    EXPECT_EQ(gate(GatePoint::dispatch, in, {}, noon).blocking()->gate, all[first].gate);
  }
}

TEST(Gate, ATextThatIsGoneIsNotTrusted) {
  GateInput in = open();
  in.text_digest.reset();
  EXPECT_EQ(gate(GatePoint::claim, in, {}, noon).blocking()->gate, "integrity");
}

TEST(Gate, ARunIsHeldToItsOwnDigestNotTheNewest) {
  GateInput in = open();
  in.run = testing::run(RunState::executing, true);
  in.run->spec_digest = Digest::of("older");
  EXPECT_FALSE(gate(GatePoint::claim, in, {}, noon).allowed());
  in.text_digest = Digest::of("older");
  EXPECT_TRUE(gate(GatePoint::claim, in, {}, noon).allowed());
}

TEST(Gate, ACapOfZeroIsNone) {
  Policy policy;
  policy.caps = {0, 0, 0, 0s};
  GateInput in = open();
  in.task.spent.runs = 1000;
  in.repo_runs_day = 1000;
  in.running = 1000;
  EXPECT_TRUE(gate(GatePoint::dispatch, in, policy, noon).allowed());
}

TEST(Gate, TheDaysRunsDoNotHoldARunThatExists) {
  GateInput in = open();
  in.repo_runs_day = 1000;
  EXPECT_TRUE(gate(GatePoint::claim, in, {}, noon).allowed());
}

TEST(Gate, AnOpenBreakerLetsOneProbePassAndNobodyBesideIt) {
  GateInput in = open();
  in.repo_breaker = opened(FailureCode::BASE_RED, noon);
  EXPECT_TRUE(gate(GatePoint::dispatch, in, {}, noon).allowed());
  in.repo_breaker->probe = RunId{in.task.vtid, 1};
  EXPECT_FALSE(gate(GatePoint::dispatch, in, {}, noon).allowed());
  in.run = domain::Run{.id = *in.repo_breaker->probe, .spec_digest = in.task.spec->digest};
  EXPECT_TRUE(gate(GatePoint::claim, in, {}, noon).allowed());
  in.run->id.attempt = 2;
  EXPECT_FALSE(gate(GatePoint::claim, in, {}, noon).allowed());
}

TEST(Gate, AnAgentThatIsNewOrFailedLastIsOnTrial) {
  GateInput in = open();
  const auto allowed_beside = [&](int running) {
    in.agent_running = running;
    return gate(GatePoint::dispatch, in, {}, noon).allowed();
  };
  EXPECT_TRUE(allowed_beside(2));
  EXPECT_FALSE(allowed_beside(3));
  in.agent_breaker = Breaker{.proven = true};
  EXPECT_TRUE(allowed_beside(50));
  in.agent_breaker->tries = 1;
  EXPECT_TRUE(allowed_beside(1));
  EXPECT_FALSE(allowed_beside(2));
}

TEST(Gate, ASpecsOwnFailureSaysWhyThereIsNone) {
  GateInput in = open();
  in.task.spec.reset();
  in.task.failure = Failure{FailureCode::SPEC_INVALID, "no criteria", "draft"};
  EXPECT_EQ(gate(GatePoint::dispatch, in, {}, noon).blocking()->code, FailureCode::SPEC_INVALID);
}

TEST(Control, MissingIsOff) {
  EXPECT_FALSE(is_on(std::nullopt, noon));
  GateInput in = open();
  in.execution.reset();
  for (const auto point : {GatePoint::dispatch, GatePoint::claim, GatePoint::delivery}) {
    EXPECT_EQ(gate(point, in, {}, noon).blocking()->code, FailureCode::EXECUTION_PAUSED);
  }
}

TEST(Control, AGrantLapsesToDenied) {
  Control grant = on();
  grant.until = noon;
  EXPECT_TRUE(is_on(grant, noon - 1us));
  EXPECT_FALSE(is_on(grant, noon));
}

TEST(Control, APauseEndsAtItsTimeAndStaysWithoutOne) {
  Control pause = on();
  pause.on = false;
  EXPECT_FALSE(is_on(pause, noon + 10'000h));
  pause.until = noon;
  EXPECT_FALSE(is_on(pause, noon - 1us));
  EXPECT_TRUE(is_on(pause, noon));
}

}  // namespace
}  // namespace vitana::domain
