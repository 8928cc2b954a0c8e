// Workers on other machines, as the engine knows them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/world.h"

namespace vitana::engine {
namespace {

using namespace std::chrono_literals;
using domain::RunState;
using port::Directive;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const domain::Caller builder{.actor = "builder", .role = domain::Role::worker};
const domain::Caller other{.actor = "other", .role = domain::Role::worker};
const domain::Caller judge{.actor = "judge", .role = domain::Role::verifier};
const RunId first{Vtid(1), 1};

struct Workers : ::testing::Test {
  testing::World world;

  WorkerDesk& desk() { return world.engine().workers; }
  std::string enter(const std::string& name = "hand", const domain::Caller& caller = builder) {
    const auto row = desk().enter({.name = name}, caller);
    EXPECT_TRUE(row) << to_string(row.error());
    return row ? row->id : "";
  }
  void offer(int count = 1) {
    for (int i = 1; i <= count; ++i) {
      world.repository().commit({{fmt::format("docs/specs/{:05}-page.md", i), testing::sample_spec(fmt::format("Page {}", i))}});
    }
    world.scan();
    world.conduct();
  }
  std::vector<port::Assignment> claim(const std::string& id, const std::string& request = "1", int max = 1,
                                      const domain::Caller& caller = builder) {
    auto granted = desk().claim(id, caller, request, max);
    EXPECT_TRUE(granted) << to_string(granted.error());
    return granted ? std::move(granted->assignments) : std::vector<port::Assignment>();
  }
  Result<Claimed> claim_to_verify(const std::string& id, const domain::Caller& caller, const std::string& request) {
    return desk().claim(id, caller, request, 1, domain::Step::verify);
  }
  /// A run that a worker of this caller has executed.
  void executed_by(const domain::Caller& caller) {
    const auto id = enter("maker", caller);
    offer();
    ASSERT_THAT(claim(id, "1", 1, caller), SizeIs(1));
    ASSERT_TRUE(desk().report(first, domain::Executed{.fence = 1, .result_commit = "c", .result_tree = "t"}, caller));
  }
  domain::Run run() { return world.runs(Vtid(1)).at(0); }
  /// The reaper ticks as it does in an engine, for so long.
  void pass(Duration time) {
    for (; time > Duration{0}; time -= 5s) {
      world.clock().advance(5s);
      ASSERT_TRUE(world.engine().runs.reap());
    }
  }
  std::int64_t count(const std::string& type) {
    const auto types = world.event_types();
    return std::count(types.begin(), types.end(), type);
  }
};

TEST_F(Workers, TheSameNameOfTheSameActorIsTheSameWorker) {
  const auto id = enter();
  EXPECT_EQ(enter(), id);
  EXPECT_NE(enter("hand", other), id);
  EXPECT_NE(enter("foot"), id);
  EXPECT_THAT(*desk().workers(builder), SizeIs(3));
}

TEST_F(Workers, WhatOneSaysOfItselfIsBounded) {
  const auto code = [&](const port::WorkerIntroduction& worker) {
    const auto row = desk().enter(worker, builder);
    return row ? FailureCode::NOT_FOUND : row.error().code;
  };
  EXPECT_EQ(code({.name = "hand", .protocol = 0}), FailureCode::WORKER_TOO_OLD);
  EXPECT_EQ(code({.name = "hand", .protocol = 99}), FailureCode::NOT_FOUND);  // it speaks ours, too
  for (const auto& bad : {port::WorkerIntroduction{.name = ""}, port::WorkerIntroduction{.name = "a b"},
                          port::WorkerIntroduction{.name = "a\nb"}, port::WorkerIntroduction{.name = "\xff"},
                          port::WorkerIntroduction{.name = std::string(101, 'x')}, port::WorkerIntroduction{.name = "x", .slots = 0},
                          port::WorkerIntroduction{.name = "x", .labels = {""}},
                          port::WorkerIntroduction{.name = "x", .labels = std::vector<std::string>(33, "y")}}) {
    EXPECT_EQ(code(bad), FailureCode::REQUEST_INVALID) << bad.name;
  }
}

TEST_F(Workers, AreKeptInABoundedNumber) {
  for (int i = 0; i < workers_max; ++i) enter(fmt::format("w{}", i));
  EXPECT_EQ(desk().enter({.name = "late"}, builder).error().code, FailureCode::GATEWAY_BUSY);
  EXPECT_TRUE(desk().enter({.name = "w0"}, builder));
  world.clock().advance(25h);
  EXPECT_TRUE(desk().enter({.name = "late"}, builder));
  EXPECT_LE(desk().workers(builder)->size(), static_cast<std::size_t>(workers_max));
}

TEST_F(Workers, NobodySpeaksForAnothersWorker) {
  const auto id = enter();
  offer();
  EXPECT_EQ(desk().claim(id, other, "1", 1).error().code, FailureCode::NOT_FOUND);
  EXPECT_EQ(desk().heartbeat(id, other, {}).error().code, FailureCode::NOT_FOUND);
  ASSERT_THAT(claim(id), SizeIs(1));
  const auto theirs = enter("hand", other);
  EXPECT_THAT(desk().heartbeat(theirs, other, {{first, 1}})->directives, ElementsAre(Directive::lost));
  EXPECT_EQ(desk().held(first, 1, other).error().code, FailureCode::NOT_FOUND);
  EXPECT_EQ(desk().report(first, domain::Release{1}, other).error().code, FailureCode::NOT_FOUND);
  EXPECT_TRUE(run().lease);
  EXPECT_TRUE(desk().report(first, domain::Release{1}, builder));
  EXPECT_FALSE(run().lease);
}

TEST_F(Workers, AreGrantedExecuteStepsOfTheirRepositoriesAlone) {
  const auto id = enter();
  offer();
  auto bound = builder;
  bound.repos = {"elsewhere"};
  EXPECT_THAT(claim(id, "1", 1, bound), IsEmpty());
  EXPECT_FALSE(run().lease);
  bound.repos = {"elsewhere", run().repo};
  ASSERT_THAT(claim(id, "2", 1, bound), SizeIs(1));
  bound.repos = {"elsewhere"};
  EXPECT_EQ(desk().held(first, 1, bound).error().code, FailureCode::NOT_FOUND);
  ASSERT_TRUE(desk().report(first, domain::Executed{.fence = 1, .result_commit = "c", .result_tree = "t"}, builder));
  EXPECT_EQ(run().state, RunState::verifying);
  EXPECT_THAT(claim(id, "3"), IsEmpty());
}

TEST_F(Workers, ARequestThatComesAgainGetsWhatItWasGrantedAndHoldsStill) {
  const auto id = enter();
  offer(3);
  const auto granted = claim(id, "a", 2);
  ASSERT_THAT(granted, SizeIs(2));
  const auto again = claim(id, "a", 2);
  ASSERT_THAT(again, SizeIs(2));
  EXPECT_EQ(again[0].run, granted[0].run);
  EXPECT_EQ(again[0].spec_text, granted[0].spec_text);
  EXPECT_EQ(again[0].step, domain::Step::execute);
  const auto theirs = enter("hand", other);
  EXPECT_THAT(claim(theirs, "a", 0, other), IsEmpty());  // another's request of that name
  ASSERT_TRUE(desk().report(granted[0].run.id, domain::Release{1}, builder));
  EXPECT_THAT(claim(id, "a", 0), SizeIs(1));
}

TEST_F(Workers, OneThatIsSilentLosesItsRunToAnother) {
  const auto id = enter();
  offer();
  ASSERT_THAT(claim(id), SizeIs(1));
  for (int i = 0; i < 6; ++i) {
    pass(10s);
    EXPECT_THAT(desk().heartbeat(id, builder, {{first, 1}})->directives, ElementsAre(Directive::go_on));
  }
  pass(domain::lease_time + 5s);
  EXPECT_EQ(count("worker.lease.lost"), 1);
  EXPECT_THAT(desk().heartbeat(id, builder, {{first, 1}})->directives, ElementsAre(Directive::lost));
  const auto second = enter("second");
  const auto granted = claim(second);
  ASSERT_THAT(granted, SizeIs(1));
  EXPECT_EQ(granted[0].run.id, first);
  EXPECT_EQ(granted[0].lease().fence, 2);
  const domain::Executed late{.fence = 1, .result_commit = "late", .result_tree = "t"};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(desk().report(first, late, builder).error().code, FailureCode::LEASE_STALE);
  EXPECT_EQ(count("governance.transition.refused"), 1);
  EXPECT_TRUE(desk().report(first, domain::Executed{.fence = 2, .result_commit = "c", .result_tree = "t"}, builder));
  EXPECT_EQ(run().result_commit, "c");
}

TEST_F(Workers, AnEngineThatIsStartedAnewGivesThemTheirWholeTime) {
  const auto id = enter();
  offer();
  ASSERT_THAT(claim(id), SizeIs(1));
  world.clock().advance(1h);
  world.restart();
  EXPECT_THAT(desk().heartbeat(id, builder, {{first, 1}})->directives, ElementsAre(Directive::go_on));
  EXPECT_TRUE(desk().report(first, domain::Executed{.fence = 1, .result_commit = "c", .result_tree = "t"}, builder));
  EXPECT_EQ(count("worker.lease.lost"), 0);
}

TEST_F(Workers, AReportIsTakenOnceAndItsRepetitionChangesNothing) {
  const auto id = enter();
  offer();
  ASSERT_THAT(claim(id), SizeIs(1));
  const domain::StepFailed failed{1, Error{FailureCode::AGENT_FAILED, "no"}};
  EXPECT_TRUE(desk().report(first, failed, builder));
  EXPECT_TRUE(desk().report(first, failed, builder));
  EXPECT_EQ(count("autopilot.state.failed"), 1);
  EXPECT_EQ(count("governance.transition.refused"), 0);
}

TEST_F(Workers, ACodeThatNoExecuteStepEndsWithIsNotTaken) {
  const auto id = enter();
  offer();
  ASSERT_THAT(claim(id), SizeIs(1));
  ASSERT_TRUE(desk().report(first, domain::StepFailed{1, Error{FailureCode::STORE_DAMAGED, "ha"}}, builder));
  EXPECT_EQ(run().failure->code, FailureCode::AGENT_FAILED);
  EXPECT_THAT(run().failure->causes, ElementsAre("ha"));
}

TEST_F(Workers, WhetherNoChangeIsAllowedIsTheSpecsToSay) {
  const auto id = enter();
  offer();
  ASSERT_THAT(claim(id), SizeIs(1));
  const domain::Executed claimed{.fence = 1, .result_commit = "c", .result_tree = "t", .changed = false,
                                 .no_change_allowed = true};
  ASSERT_TRUE(desk().report(first, claimed, builder));
  EXPECT_EQ(run().failure->code, FailureCode::AGENT_NO_CHANGE);
}

TEST_F(Workers, OneWithoutTheRightToJudgeVerifiesNothing) {
  executed_by(builder);
  const auto id = enter("hand", other);
  EXPECT_EQ(claim_to_verify(id, other, "v").error().code, FailureCode::NOT_ALLOWED);
  EXPECT_FALSE(run().lease);
}

TEST_F(Workers, NobodyJudgesWhatHeExecuted) {
  const domain::Caller both{.actor = "both", .role = domain::Role::verifier};
  executed_by(both);
  for (const auto* name : {"maker", "another"}) {
    const auto own = claim_to_verify(enter(name, both), both, name);
    ASSERT_TRUE(own);
    EXPECT_THAT(own->assignments, IsEmpty()) << name;
    EXPECT_FALSE(own->for_nobody) << "there is something for others";
  }
  const auto granted = claim_to_verify(enter("hand", judge), judge, "v");
  ASSERT_THAT(granted->assignments, SizeIs(1));
  EXPECT_EQ(granted->assignments[0].step, domain::Step::verify);
  EXPECT_EQ(granted->assignments[0].run.id, first);
}

TEST_F(Workers, WhatAJudgeLostIsJudgedByAnotherAndStillNotByItsMaker) {
  const domain::Caller both{.actor = "both", .role = domain::Role::verifier};
  executed_by(both);
  const auto hand = enter("hand", judge);
  ASSERT_THAT(claim_to_verify(hand, judge, "v")->assignments, SizeIs(1));
  pass(domain::lease_time + 5s);
  EXPECT_EQ(count("worker.lease.lost"), 1);
  EXPECT_THAT(claim_to_verify(enter("maker", both), both, "m")->assignments, IsEmpty());
  const auto again = claim_to_verify(hand, judge, "w");
  ASSERT_THAT(again->assignments, SizeIs(1));
  EXPECT_EQ(again->assignments[0].lease().fence, 3);
  EXPECT_EQ(desk().report(first, domain::Verified{.fence = 2}, judge).error().code, FailureCode::LEASE_STALE);
}

TEST_F(Workers, WhatTheEngineExecutedItselfMayBeJudgedByAll) {
  offer();
  const auto granted = world.engine().runs.claim({.worker = local_worker("home.1", "w"), .request_id = "1",
                                                  .steps = {domain::Step::execute}, .max = 1});
  ASSERT_TRUE(granted);
  ASSERT_THAT(*granted, SizeIs(1));
  ASSERT_TRUE(world.engine().runs.report(first, domain::Executed{.fence = 1, .result_commit = "c", .result_tree = "t"}, {}));
  EXPECT_THAT(claim_to_verify(enter("hand", judge), judge, "v")->assignments, SizeIs(1));
}

TEST_F(Workers, WhatAJudgeLacksItselfPausesNobodyAndLosesNothing) {
  executed_by(builder);
  const auto hand = enter("hand", judge);
  // A full disk, no sandbox, a code that no verify step ends with: tried again for as long as it takes.
  const std::array codes{FailureCode::WORKSPACE_FAILED, FailureCode::SANDBOX_UNAVAILABLE, FailureCode::PATH_FORBIDDEN,
                         FailureCode::SETUP_FAILED, FailureCode::BASE_RED};
  for (int i = 0; i < 2 * domain::step_retries_max; ++i) {
    const auto granted = claim_to_verify(hand, judge, fmt::format("v{}", i));
    ASSERT_THAT(granted->assignments, SizeIs(1)) << i;
    const auto fence = granted->assignments[0].lease().fence;
    const Error error{codes.at(static_cast<std::size_t>(i) % codes.size()), "ha"};
    ASSERT_TRUE(desk().report(first, domain::StepFailed{fence, error}, judge));
    EXPECT_EQ(run().state, RunState::verifying);
    EXPECT_EQ(run().step_failures, i + 1);
    world.clock().advance(1h);
  }
  EXPECT_EQ(count("worker.step.retried"), 2 * domain::step_retries_max);
  EXPECT_EQ(count("governance.breaker.opened"), 0) << "the agent did its work";
  EXPECT_EQ(world.task(Vtid(1)).failure->code, FailureCode::VERIFIER_FAILED) << "a person is told";
}

TEST_F(Workers, AJudgeIsRefusedAStepThatIsNotItsOwn) {
  executed_by(builder);
  ASSERT_THAT(claim_to_verify(enter("hand", judge), judge, "v")->assignments, SizeIs(1));
  EXPECT_EQ(world.engine().runs.assignment(first, 1).error().code, FailureCode::LEASE_STALE);
  EXPECT_EQ(world.engine().runs.assignment(first, 2)->step, domain::Step::verify);
  EXPECT_FALSE(desk().report(first, domain::Executed{.fence = 2, .result_commit = "x", .result_tree = "t"}, judge));
  EXPECT_EQ(run().result_commit, "c");
  EXPECT_EQ(run().state, RunState::verifying);
}

TEST_F(Workers, ADrainedOneIsToldAndRegistersAnew) {
  const auto id = enter();
  offer(2);
  ASSERT_THAT(claim(id), SizeIs(1));
  ASSERT_TRUE(desk().drain(id, "ada"));
  ASSERT_TRUE(desk().drain(id, "ada"));
  EXPECT_EQ(count("worker.draining"), 1);
  const auto beat = desk().heartbeat(id, builder, {{first, 1}});
  EXPECT_TRUE(beat->drain);
  EXPECT_THAT(beat->directives, ElementsAre(Directive::go_on));
  EXPECT_THAT(claim(id, "2"), IsEmpty());
  enter();
  EXPECT_THAT(claim(id, "3"), SizeIs(1));
}

}  // namespace
}  // namespace vitana::engine
