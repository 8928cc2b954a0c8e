#include "domain/transition.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "domain/test_subjects.h"

namespace vitana::domain {
namespace {

using namespace std::chrono_literals;
using namespace testing;

Policy merging() {
  Policy p;
  p.delivery = DeliveryMode::merge;
  return p;
}

Result<Decision> give(const Subject& s, const Command& c, const Policy& policy = {},
                      Instant now = noon + 1s) {
  return transition(s, c, "tester", now, policy, {0.5});
}

bool live(const std::optional<Run>& run) { return run && !is_terminal(run->state); }

/// What holds of every task with its run, whatever happened to it.
void expect_sound(const Subject& s) {
  const Task& t = s.task;
  EXPECT_EQ(t.status == TaskStatus::blocked, t.blocked.has_value());
  EXPECT_EQ(is_terminal(t.status), t.next.kind == NextKind::none);
  if (!is_terminal(t.status)) {
    EXPECT_FALSE(t.next.what.empty());
  }
  if (t.next.kind == NextKind::timer || t.next.kind == NextKind::worker) {
    EXPECT_TRUE(t.next.due);
  }
  if (t.status == TaskStatus::scheduled || t.status == TaskStatus::in_progress) {
    EXPECT_TRUE(t.spec);
  }
  if (t.status == TaskStatus::in_progress) {
    EXPECT_TRUE(live(s.run));
  }
  if (t.status == TaskStatus::failed) {
    EXPECT_TRUE(t.failure);
  }
  if (t.status == TaskStatus::scheduled) {
    EXPECT_FALSE(t.waits.first());
  }
  if (!live(s.run)) return;
  EXPECT_EQ(s.run->id, (RunId{t.vtid, t.attempt}));
  EXPECT_TRUE(t.status == TaskStatus::in_progress || t.status == TaskStatus::blocked);
  if (s.run->parked) {
    EXPECT_EQ(t.status, TaskStatus::blocked);
  }
  if (s.run->parked) {
    EXPECT_FALSE(s.run->lease);
  }
  if (s.run->lease) {
    EXPECT_EQ(s.run->lease->fence, s.run->fence);
  }
  if (s.run->state == RunState::delivering) {
    EXPECT_TRUE(s.run->deliverable);
  }
}

/// What holds of every step from one to the next.
void expect_lawful(const Subject& before, const Command& command, const Decision& after) {
  const CommandKind kind = kind_of(command);
  const TaskMove move{kind, before.task.status, after.task.status};
  EXPECT_EQ(std::count(task_moves().begin(), task_moves().end(), move), 1);
  EXPECT_EQ(after.task.attempt, before.task.attempt + (kind == CommandKind::allocate ? 1 : 0));
  const bool changed = after.task != before.task || after.run != before.run;
  EXPECT_EQ(after.task.revision, before.task.revision + (changed ? 1 : 0));
  if (after.task.status != before.task.status) {
    EXPECT_FALSE(after.events.empty());
  }
  for (const auto& event : after.events) EXPECT_EQ(event.actor, "tester");
  if (before.run && is_terminal(before.run->state)) {
    EXPECT_TRUE(after.run == before.run || after.run->id != before.run->id);
  }
  if (!before.run || !after.run || before.run->id != after.run->id) return;
  EXPECT_GE(after.run->fence, before.run->fence);
  EXPECT_EQ(after.run->revision, before.run->revision + (after.run != before.run ? 1 : 0));
}

template <typename Visit>
void for_all(Visit visit) {
  const std::vector<Policy> policies = {{}, merging()};
  for (Subject subject : all_subjects()) {
    for (const Policy& policy : policies) {
      if (live(subject.run)) subject.run->delivery = policy.delivery;
      for (const Command& command : all_commands(3)) visit(subject, command, policy);
    }
  }
}

TEST(Transition, EveryCommandInEveryStateMovesAlongTheTablesOrIsRefused) {
  int moved = 0;
  for_all([&](const Subject& subject, const Command& command, const Policy& policy) {
    SCOPED_TRACE(describe(subject, command));
    const auto decision = give(subject, command, policy);
    if (decision) {
      ++moved;
      expect_sound({decision->task, decision->run});
      expect_lawful(subject, command, *decision);
    } else {
      const auto code = decision.error().code;
      EXPECT_TRUE(code == FailureCode::STATE_REFUSED || code == FailureCode::LEASE_STALE);
    }
  });
  EXPECT_GT(moved, 1000);
}

std::string words(const TaskMove& m) {
  return fmt::format("{}: {} -> {}", name_of(m.command), name_of(m.from), name_of(m.to));
}
std::string words(const RunMove& m) {
  return fmt::format("{}: {} -> {}", name_of(m.command), m.from ? name_of(*m.from) : "none",
                     name_of(m.to));
}
template <typename Moves>
std::set<std::string> all_words(const Moves& moves) {
  std::set<std::string> all;
  for (const auto& move : moves) all.insert(words(move));
  return all;
}

TEST(Transition, TakesEveryRowOfTheTablesAndNoOther) {
  std::set<std::string> of_tasks;
  std::set<std::string> of_runs;
  for_all([&](const Subject& subject, const Command& command, const Policy& policy) {
    const auto decision = give(subject, command, policy);
    if (!decision) return;
    const CommandKind kind = kind_of(command);
    of_tasks.insert(words(TaskMove{kind, subject.task.status, decision->task.status}));
    if (!decision->run || decision->run == subject.run) return;
    const bool fresh = !subject.run || subject.run->id != decision->run->id;
    of_runs.insert(words(RunMove{kind, fresh ? std::nullopt : std::optional(subject.run->state),
                                 decision->run->state}));
  });
  EXPECT_THAT(of_tasks, ::testing::ContainerEq(all_words(task_moves())));
  EXPECT_THAT(of_runs, ::testing::ContainerEq(all_words(run_moves())));
}

TEST(Transition, NoRowStandsTwice) {
  EXPECT_EQ(all_words(task_moves()).size(), task_moves().size());
  EXPECT_EQ(all_words(run_moves()).size(), run_moves().size());
}

class FencedCommand : public ::testing::TestWithParam<CommandKind> {
 protected:
  /// Every command of this kind, under `fence`.
  std::vector<Command> commands(Fence fence) {
    std::vector<Command> all;
    for (auto& c : all_commands(fence)) {
      if (kind_of(c) == GetParam()) all.push_back(std::move(c));
    }
    return all;
  }
};

TEST_P(FencedCommand, OfAnOldTokenIsStaleInEveryState) {
  for (const Subject& subject : all_subjects()) {
    for (const Fence fence : {Fence{0}, Fence{2}, Fence{4}}) {
      for (const Command& command : commands(fence)) {
        SCOPED_TRACE(describe(subject, command));
        const auto decision = give(subject, command);
        ASSERT_FALSE(decision);
        EXPECT_EQ(decision.error().code, FailureCode::LEASE_STALE);
      }
    }
  }
}

TEST_P(FencedCommand, WithoutALeaseIsStaleWhateverItsToken) {
  for (const Subject& subject : all_subjects()) {
    if (subject.run && subject.run->lease) continue;
    for (const Command& command : commands(3)) {
      SCOPED_TRACE(describe(subject, command));
      const auto decision = give(subject, command);
      ASSERT_FALSE(decision);
      EXPECT_EQ(decision.error().code, FailureCode::LEASE_STALE);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FencedCommand,
                         ::testing::Values(CommandKind::executed, CommandKind::step_failed,
                                           CommandKind::verified, CommandKind::base_moved,
                                           CommandKind::target_dirty, CommandKind::delivered,
                                           CommandKind::lease_lost, CommandKind::release),
                         [](const auto& test) { return std::string(name_of(test.param)); });

// Single decisions that the tables alone do not show.

TEST(RegisterSpec, OfACancelledDraftIsKeptUntilARetry) {
  Subject s{task(TaskStatus::draft), std::nullopt};
  s.task.status = TaskStatus::cancelled;
  s.task.next = {NextKind::none, "", std::nullopt};
  const auto kept = give(s, RegisterSpec{{1, Digest::of("one")}, "T", "hub"});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->task.status, TaskStatus::cancelled);
  const auto retried = give({kept->task, std::nullopt}, Retry{"now", {}});
  ASSERT_TRUE(retried);
  EXPECT_EQ(retried->task.status, TaskStatus::scheduled);
  EXPECT_EQ(retried->task.spec, (SpecPin{1, Digest::of("one")}));
}

TEST(RegisterSpec, DuringARunLeavesTheRunOnItsOwnDigest) {
  const auto s = in_progress(RunState::executing, true);
  const auto d = give(s, RegisterSpec{{2, Digest::of("two")}, "T", "hub"});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->run, s.run);
  EXPECT_EQ(d->task.spec, s.task.spec);
  EXPECT_EQ(d->task.newer, (NewerSpec{{2, Digest::of("two")}, false, "T", "hub"}));
  EXPECT_EQ(d->task.title, s.task.title);
}

TEST(RegisterSpec, DuringARunSaysOfTheTaskWhatHoldsForTheNextOne) {
  RegisterSpec two{{2, Digest::of("two")}, "The other title", "hub"};
  two.priority = 1;
  const auto kept = give(in_progress(RunState::executing, true), two);
  ASSERT_TRUE(kept);
  const auto d = give({kept->task, kept->run}, StepFailed{3, {FailureCode::AGENT_FAILED, "x"}});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.spec, two.spec);
  EXPECT_EQ(d->task.title, "The other title");
  EXPECT_EQ(d->task.priority, 1);
}

TEST(RegisterSpec, OfTheRunsOwnTextAgainWaitsForNothingOfTheOneBetween) {
  const auto s = in_progress(RunState::executing, true);
  RegisterSpec between{{2, Digest::of("two")}, "T", "hub"};
  between.waits.dependencies_open = 1;
  const auto second = give(s, between);
  ASSERT_TRUE(second);
  const auto third = give({second->task, second->run}, RegisterSpec{{3, s.run->spec_digest}, "T", "hub"});
  ASSERT_TRUE(third);
  const auto d = give({third->task, third->run}, StepFailed{3, {FailureCode::AGENT_FAILED, "x"}});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.status, TaskStatus::scheduled);
}

TEST(Retry, TellsTheNextRunWhatPersonsSaid) {
  Subject s{task(TaskStatus::failed), std::nullopt};
  s.task.answer = "the second blue";
  s.task.failure = Failure{FailureCode::AGENT_FAILED, "exit 1", "executing"};
  EXPECT_EQ(give(s, Retry{"again", {}})->task.answer, "the second blue");
  s.task.failure = Failure{FailureCode::SIGN_OFF_REFUSED, "AC-2 is not met: too dark", "verifying"};
  EXPECT_EQ(give(s, Retry{"again", {}})->task.answer, "the second blue\n\nAC-2 is not met: too dark");
}

TEST(Answer, GoesToTheNewerTextThatStandsBy) {
  auto s = blocked(BlockReason::question);
  s.task.newer = NewerSpec{{2, Digest::of("two")}, false, "Two"};
  const auto d = give(s, Answer{"the second blue"});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.spec, (SpecPin{2, Digest::of("two")}));
  EXPECT_EQ(d->task.answer, "the second blue");
  s.task.newer->needs_approval = true;
  EXPECT_EQ(give(s, Answer{"the second blue"})->task.spec, s.task.spec);
}

TEST(RegisterSpec, OfANewerTextThatIsHeldHoldsTheRunAfterThisOne) {
  RegisterSpec held{{2, Digest::of("two")}, "T", "hub"};
  held.waits.spec_held = true;
  auto d = give(in_progress(RunState::executing, true), held);
  ASSERT_TRUE(d);
  d = give({d->task, d->run}, StepFailed{3, {FailureCode::AGENT_FAILED, "x"}});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.blocked, BlockReason::spec_held);
  EXPECT_EQ(d->task.spec->version, 2);
}

TEST(RegisterSpec, OfTheTextThatWasWorkedOnEndsTheDrift) {
  for (auto before : {Subject{task(TaskStatus::completed), std::nullopt},
                      in_progress(RunState::executing, true)}) {
    const auto drifted = give(before, RegisterSpec{{2, Digest::of("two")}, "T", "hub"});
    ASSERT_TRUE(drifted->task.newer);
    const auto back = give({drifted->task, drifted->run},
                           RegisterSpec{{3, before.task.spec->digest}, "T", "hub"});
    EXPECT_FALSE(back->task.newer);
  }
}

TEST(RegisterSpec, OfATextThatClosesEndsTheDriftToo) {
  const auto drifted = give({task(TaskStatus::completed), std::nullopt},
                            RegisterSpec{{2, Digest::of("two")}, "T", "hub"});
  RegisterSpec done{{3, Digest::of("three")}, "T", "hub"};
  done.close = true;
  EXPECT_FALSE(give({drifted->task, std::nullopt}, done)->task.newer);
}

TEST(RegisterSpec, BroughtByOurOwnDeliveryWaitsForApproval) {
  RegisterSpec own{{2, Digest::of("two")}, "T", "hub"};
  own.own_delivery = true;
  EXPECT_EQ(give({task(TaskStatus::scheduled), std::nullopt}, own)->task.blocked,
            BlockReason::spec_approval);
  const auto kept = give({task(TaskStatus::completed), std::nullopt}, own);
  const auto retried = give({kept->task, std::nullopt}, Retry{"now", {}});
  EXPECT_EQ(retried->task.blocked, BlockReason::spec_approval);
}

TEST(RegisterSpec, AfterTheEndKeepsWhatPersonsMustSayBeforeItRuns) {
  for (const auto reason : {BlockReason::approval_pending, BlockReason::spec_held, BlockReason::spec_renumbered}) {
    RegisterSpec late{{2, Digest::of("two")}, "T", "hub"};
    late.waits = waits_for(reason);
    const auto kept = give({task(TaskStatus::completed), std::nullopt}, late);
    EXPECT_EQ(kept->task.status, TaskStatus::completed);
    EXPECT_EQ(give({kept->task, std::nullopt}, Retry{"now", {}})->task.blocked, reason);
  }
}

TEST(StepFailed, OfAVerificationThatNeverEndsWellCannotBuyRunsForEver) {
  auto s = in_progress(RunState::verifying, true);
  s.run->step_failures = step_retries_max;
  s.run->result_commit = std::string(40, 'a');
  const auto before = s.task.spent.runs;
  const auto d = give(s, StepFailed{3, {FailureCode::GIT_FAILED, "the listing is too long"}});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->run->state, RunState::failed);
  EXPECT_EQ(d->task.spent.runs, before + 1);
}

TEST(ChangeWaits, DuringARunIsRememberedForWhatFollows) {
  const auto s = in_progress(RunState::executing, true);
  auto d = give(s, ChangeWaits{waits_for(BlockReason::spec_conflict), "two texts"});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.status, TaskStatus::in_progress);
  d = give({d->task, d->run}, StepFailed{3, {FailureCode::AGENT_FAILED, "x"}});
  EXPECT_EQ(d->task.blocked, BlockReason::spec_conflict);
}

TEST(Executed, WithAQuestionWaitsForItsAnswerAndSpendsNothing) {
  Executed asked{3, "r", "t"};
  asked.question = "which colour?";
  const auto d = give(in_progress(RunState::executing, true), asked);
  EXPECT_EQ(d->task.blocked, BlockReason::question);
  EXPECT_EQ(d->task.spent.runs, 0);
  const auto answered = give({d->task, d->run}, Answer{"blue"});
  EXPECT_EQ(answered->task.status, TaskStatus::scheduled);
  EXPECT_EQ(answered->task.answer, "blue");
}

TEST(StepFailed, OfAPassingFaultKeepsTheRunInVerifying) {
  const auto d = give(in_progress(RunState::verifying, true),
                      StepFailed{3, {FailureCode::WORKSPACE_FAILED, "disk"}});
  EXPECT_EQ(d->run->state, RunState::verifying);
  EXPECT_FALSE(d->run->lease);
  EXPECT_GT(d->run->not_before, noon);
}

TEST(Verified, AChangeThatTheBranchHoldsAlreadyIsNoDelivery) {
  Verified v{3, {"refs/heads/main", "old", "old", "tree"}};
  v.passed = 1;
  v.nothing_to_deliver = true;
  const auto d = give(in_progress(RunState::verifying, true), v);
  ASSERT_EQ(d->run->state, RunState::failed);
  EXPECT_EQ(d->run->failure->code, FailureCode::AGENT_NO_CHANGE);
  EXPECT_FALSE(d->run->deliverable);
  EXPECT_EQ(d->task.status, TaskStatus::scheduled);
}

TEST(Verified, ASpecThatAsksForNoChangeIsCompletedWithoutOne) {
  Verified v{3, {"refs/heads/main", "old", "old", "tree"}};
  v.nothing_to_deliver = true;
  v.no_change_allowed = true;
  EXPECT_EQ(give(in_progress(RunState::verifying, true), v)->task.status, TaskStatus::completed);
}

std::vector<nlohmann::json> told(const Result<Decision>& decision) {
  std::vector<nlohmann::json> out;
  for (const auto& effect : decision->effects) {
    if (effect.kind == EffectKind::notify) out.push_back(nlohmann::json::parse(effect.payload));
  }
  return out;
}

TEST(WhatNeedsAPerson, IsToldOnce) {
  Verified v{3, {"refs/heads/main", "old", "new", "tree"}};
  v.open_sign_offs = 1;
  const auto asked = told(give(in_progress(RunState::verifying, true), v));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front()["reason"], "sign_off");
  EXPECT_THAT(asked.front()["next"].get<std::string>(), ::testing::HasSubstr("vitana task sign-off"));
  auto subject = in_progress(RunState::delivering, true);
  const auto dirty = give(subject, TargetDirty{3, "readme.md"});
  EXPECT_EQ(told(dirty).size(), 1U);
  subject.task = dirty->task;
  EXPECT_EQ(told(give(subject, TargetDirty{3, "readme.md"})).size(), 0U);
}

TEST(WhatNeedsAPerson, IsMarkedInTheEventThatSaysItWhetherItIsToldOrNot) {
  Policy silent;
  silent.tells = false;
  const auto failed =
      give(in_progress(RunState::executing, true), StepFailed{3, {FailureCode::AGENT_UNKNOWN, "gone"}}, silent);
  EXPECT_EQ(told(failed).size(), 0U);
  int marked = 0;
  for (const auto& event : failed->events) {
    const auto data = nlohmann::json::parse(event.data);
    if (!data.contains(for_person)) continue;
    ++marked;
    EXPECT_EQ(event.type, EventType::task_failed);
    EXPECT_EQ(data[for_person]["reason"], "failed");
    EXPECT_THAT(data[for_person]["next"].get<std::string>(), ::testing::HasSubstr("vitana task retry"));
    EXPECT_EQ(data["code"], "AGENT_UNKNOWN");
  }
  EXPECT_EQ(marked, 1);
  const auto ordinary = give(in_progress(RunState::delivering, true), BaseMoved{3, "tip"}, silent);
  for (const auto& event : ordinary->events) EXPECT_EQ(event.data.find(for_person), std::string::npos);
}

TEST(WhatNeedsAPerson, IsNotToldAgainWhenTheBranchMovedUnderADirtyTree) {
  auto subject = in_progress(RunState::delivering, true);
  const auto dirty = give(subject, TargetDirty{3, "readme.md"});
  ASSERT_EQ(told(dirty).size(), 1U);
  subject.task = dirty->task;
  const auto moved = give(subject, BaseMoved{3, "tip"});
  subject = in_progress(RunState::delivering, true);
  subject.task.failure = moved->task.failure;
  const auto again = give(subject, TargetDirty{3, "readme.md"});
  EXPECT_EQ(again->task.blocked, BlockReason::delivery_target_dirty);
  EXPECT_EQ(told(again).size(), 0U);
}

TEST(WhatNeedsAPerson, IsToldOfWhatIsInTheWayAfterTheFirstWasCommitted) {
  auto subject = in_progress(RunState::delivering, true);
  subject.task = give(subject, TargetDirty{3, "readme.md"})->task;
  const auto moved = give(subject, BaseMoved{3, "tip"});
  subject = in_progress(RunState::delivering, true);
  subject.task.failure = moved->task.failure;
  EXPECT_EQ(told(give(subject, TargetDirty{3, "page.html"})).size(), 1U);
}

TEST(WhatNeedsAPerson, IsToldAgainOnlyOfAnotherActWhileItWaits) {
  auto subject = in_progress(RunState::delivering, true);
  subject.task = give(subject, TargetDirty{3, "readme.md", "commit or stash"})->task;
  EXPECT_EQ(told(give(subject, TargetDirty{3, "readme.md, page.html", "commit or stash"})).size(), 0U);
  EXPECT_EQ(told(give(subject, TargetDirty{3, "a merge", "end the merge"})).size(), 1U);
}

TEST(WhatNeedsAPerson, SaysWhatToDoAboutADirtyTarget) {
  const auto dirty = give(in_progress(RunState::delivering, true),
                          TargetDirty{3, "readme.md", "commit or stash the changes in /srv/hub"});
  EXPECT_EQ(told(dirty).front()["next"],
            "commit or stash the changes in /srv/hub; the branch's working tree is looked at again");
}

TEST(WhatNeedsAPerson, SaysWhatToDoAboutAFailedTask) {
  const auto failed = give(in_progress(RunState::executing, true), StepFailed{3, {FailureCode::AGENT_UNKNOWN, "gone"}});
  ASSERT_EQ(failed->task.status, TaskStatus::failed);
  EXPECT_EQ(told(failed).front()["next"],
            "no [agents.NAME] has that name; see: vitana config show; to run it again: vitana task retry " +
                failed->task.vtid.to_string() + " --reason TEXT");
}

TEST(Verified, NothingProvenIsNotMerged) {
  auto s = in_progress(RunState::verifying, true);
  s.run->delivery = DeliveryMode::merge;
  Verified v{3, {"refs/heads/main", "old", "new", "tree"}};
  v.attested = 5;
  EXPECT_EQ(give(s, v, merging())->task.blocked, BlockReason::evidence_lacking);
  auto allowed = merging();
  allowed.allow_attested_merge = true;
  EXPECT_EQ(give(s, v, allowed)->run->state, RunState::delivering);
  v.passed = 1;
  EXPECT_EQ(give(s, v, merging())->run->state, RunState::delivering);
}

TEST(LeaseLost, ThreeTimesQuarantines) {
  auto s = in_progress(RunState::executing, true);
  for (int i = 1; i < worker_losses_max; ++i) {
    const auto d = give(s, LeaseLost{s.run->fence, false});
    ASSERT_EQ(d->run->state, RunState::executing);
    const auto again = give({d->task, d->run}, Claim{"w", d->run->fence + 1, noon + 30s, 1h});
    s = {again->task, again->run};
  }
  const auto d = give(s, LeaseLost{s.run->fence, false});
  EXPECT_EQ(d->task.blocked, BlockReason::quarantined);
  EXPECT_EQ(d->run->state, RunState::failed);
}

TEST(LeaseLost, WithItsEngineCountsInABudgetOfItsOwn) {
  const auto d = give(in_progress(RunState::executing, true), LeaseLost{3, true});
  EXPECT_EQ(d->task.spent.worker_losses, 0);
  EXPECT_EQ(d->task.spent.engine_losses, 1);
}

TEST(Claim, OfADirtyTargetHasTheTimeOfItsStep) {
  auto s = blocked(BlockReason::delivery_target_dirty, run(RunState::delivering, false));
  s.task.next = {NextKind::timer, "it is looked at again", noon + dirty_recheck};
  const auto d = give(s, Claim{"worker", 4, noon + 30s, 9min});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.blocked, BlockReason::delivery_target_dirty);
  EXPECT_GE(d->task.next.due, noon + 9min);
}

TEST(StepFailed, AfterADirtyTargetIsNoDirtyTarget) {
  const auto s = blocked(BlockReason::delivery_target_dirty, run(RunState::delivering, true));
  const auto d = give(s, StepFailed{3, {FailureCode::GIT_FAILED, "the disk was away"}});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.status, TaskStatus::in_progress);
  EXPECT_FALSE(d->task.blocked);
}

TEST(Cancel, IsRefusedWhileTheChangeIsBeingDelivered) {
  const auto d = give(in_progress(RunState::delivering, /*leased=*/true), Cancel{"no"});
  ASSERT_FALSE(d);
  EXPECT_EQ(d.error().code, FailureCode::STATE_REFUSED);
}

TEST(Cancel, OfWhoReadTheBranchEndsADeliveryUnderALease) {
  const auto d = give(in_progress(RunState::delivering, /*leased=*/true), Cancel{"no", false});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->run->state, RunState::cancelled);
  EXPECT_EQ(d->task.failure->message, "no");
}

TEST(Cancel, EndsADeliveryThatNobodyIsAt) {
  const auto d = give(in_progress(RunState::delivering, /*leased=*/false), Cancel{"no"});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->run->state, RunState::cancelled);
  EXPECT_THAT(d->events.front().data, ::testing::HasSubstr(R"("delivery":"unknown")"));
}

TEST(RefuseSpec, OfADamagedTextFailsTheTaskThatWouldRunOnIt) {
  const RefuseSpec damaged{{FailureCode::CHECKSUM_MISMATCH, "the stored text has another digest"}};
  const auto d = give({task(TaskStatus::scheduled), std::nullopt}, damaged);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->task.status, TaskStatus::failed);
  EXPECT_EQ(d->task.failure->code, FailureCode::CHECKSUM_MISMATCH);
  EXPECT_FALSE(give(in_progress(RunState::executing, true), damaged));
}

TEST(RefuseSpec, LeavesAScheduledTaskItsValidText) {
  EXPECT_FALSE(give({task(TaskStatus::scheduled), std::nullopt}, RefuseSpec{{FailureCode::SPEC_INVALID, "bad"}}));
}

TEST(RefuseSpec, NamesTheTaskInWhatComesNext) {
  const auto d = give({task(TaskStatus::draft), std::nullopt}, RefuseSpec{{FailureCode::SPEC_RENUMBERED, "twice"}});
  EXPECT_THAT(d->task.next.what, ::testing::HasSubstr("vitana spec approve " + d->task.vtid.to_string()));
}

TEST(RefuseSpec, SaysThatTheTextThatComesIsHeld) {
  for (const bool held : {false, true}) {
    const auto d = give({task(TaskStatus::draft), std::nullopt}, RefuseSpec{{FailureCode::SPEC_INVALID, "bad"}, held});
    EXPECT_EQ(d->task.waits.adoption, held);
  }
}

TEST(Cancel, RemembersTheStateThatItEnded) {
  EXPECT_EQ(give({task(TaskStatus::scheduled), std::nullopt}, Cancel{"no"})->task.failure->from_state, "scheduled");
  EXPECT_EQ(give(in_progress(RunState::executing, true), Cancel{"no"})->task.failure->from_state, "executing");
}

TEST(Allocate, MakesARunAboveAllThatWereGivenOut) {
  Subject s{task(TaskStatus::scheduled), std::nullopt};
  s.task.attempt = 2;
  const Allocate same{"base", Digest::of("config"), "fixer", DeliveryMode::branch, 1};
  EXPECT_EQ(give(s, same)->run->id.attempt, 3);
  const Allocate above{"base", Digest::of("config"), "fixer", DeliveryMode::branch, 6};
  const auto made = give(s, above);
  EXPECT_EQ(made->run->id.attempt, 7);
  EXPECT_EQ(made->task.attempt, 7);
}

TEST(DeadlinePassed, NeverFailsADelivery) {
  const auto d = give(in_progress(RunState::delivering, true), DeadlinePassed{});
  EXPECT_EQ(d->run->state, RunState::delivering);
  EXPECT_FALSE(d->run->lease);
}

TEST(DeadlinePassed, BeforeTheDeadlineIsRefused) {
  auto s = in_progress(RunState::executing, true);
  s.task.next.due = noon + 2s;
  EXPECT_FALSE(give(s, DeadlinePassed{}));
}

TEST(Deadlines, WithoutAWallAreFarButThere) {
  Policy p;
  p.caps.wall = Duration::zero();
  const auto claimed =
      give(in_progress(RunState::pending_pickup, false), Claim{"w", 4, noon + 30s, 0s}, p);
  EXPECT_GT(*claimed->task.next.due, noon + 24h);
  const auto executed = give(in_progress(RunState::executing, true), Executed{3, "r", "t"}, p);
  EXPECT_GT(*executed->task.next.due, noon + 24h);
}

// Walks: from a new draft, commands of every kind at random.

/// A command that moves on more often than chance would have it, so that walks get far.
Command pick(const Subject& s, std::mt19937_64& random) {
  using K = CommandKind;
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::vector<K> kinds = {K::allocate, K::retry, K::answer, K::deadline_passed, K::change_waits};
  if (live(s.run) && s.run->lease) {
    kinds = {K::executed,     K::step_failed, K::verified,   K::base_moved, K::base_moved,
             K::target_dirty, K::delivered,   K::lease_lost, K::release};
  } else if (live(s.run)) {
    kinds = {K::offer, K::route_accepted, K::route_failed, K::claim,
             K::claim, K::claim,          K::sign_off,     K::deadline_passed};
  }
  const CommandKind kind =
      below(8) != 0 ? kinds[below(kinds.size())] : static_cast<CommandKind>(below(command_kinds));
  if (kind == K::change_waits && below(2) == 0) return ChangeWaits{{}, "clear"};
  if (s.task.status == TaskStatus::draft && below(2) == 0) {
    return RegisterSpec{{1, Digest::of("one")}, "T"};
  }
  const bool current = s.run && below(10) != 0;
  std::vector<Command> of_kind;
  for (auto& c : all_commands(current ? s.run->fence : static_cast<Fence>(below(4)))) {
    if (kind_of(c) == kind) of_kind.push_back(std::move(c));
  }
  return of_kind[below(of_kind.size())];
}

class RandomWalk : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomWalk, KeepsEveryInvariant) {
  std::mt19937_64 random(GetParam());
  SCOPED_TRACE(fmt::format("seed {}", GetParam()));
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  Subject s{task(TaskStatus::draft), std::nullopt};
  s.task.next = {NextKind::spec, "a spec", std::nullopt};
  Instant now = noon;
  Policy policy = GetParam() % 2 == 0 ? Policy{} : merging();
  std::set<std::string> open_pushes;
  std::set<std::string> effect_keys;
  int commit = 0;
  for (int step = 0; step < 600; ++step) {
    now += std::chrono::seconds(below(3) == 0 ? below(7200) : below(20));
    if (s.task.next.due && below(6) == 0) now = std::max(now, *s.task.next.due);
    Command command = pick(s, random);
    if (auto* claim = std::get_if<Claim>(&command)) {
      claim->fence = (s.run ? s.run->fence : 0) + 1;
      claim->until = now + lease_time;
    }
    if (auto* verified = std::get_if<Verified>(&command)) {
      verified->deliverable.new_commit = fmt::format("c{}", ++commit);
    }
    if (auto* allocate = std::get_if<Allocate>(&command)) allocate->delivery = policy.delivery;
    SCOPED_TRACE(fmt::format("step {}: {}", step, describe(s, command)));
    const auto d =
        transition(s, command, "tester", now, policy, {static_cast<double>(below(1000)) / 1000});
    if (!d) continue;
    expect_lawful(s, command, *d);
    for (const auto& settled : d->settled)
      EXPECT_EQ(open_pushes.erase(settled.key), 1u) << settled.key;
    for (const auto& effect : d->effects) {
      EXPECT_TRUE(effect_keys.insert(effect.key).second) << effect.key;
      if (effect.kind == EffectKind::push) open_pushes.insert(effect.key);
    }
    s = {d->task, d->run};
    expect_sound(s);
    EXPECT_EQ(open_pushes.size(), s.run && s.run->state == RunState::delivering ? 1u : 0u);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWalk, ::testing::Range(0u, 60u));

TEST(MovesDiagram, ShowsBothMachines) {
  const auto text = moves_diagram();
  EXPECT_THAT(text, ::testing::HasSubstr("  scheduled --> in_progress: allocate\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("  [*] --> allocated: allocate\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("  delivering --> verifying: base_moved\n"));
}

TEST(DeliveryBranch, IsMadeOfNumberAndTitle) {
  EXPECT_EQ(delivery_branch(Vtid(7), "Größe & Farbe"), "refs/heads/vtid/00007-gr-e-farbe");
  EXPECT_EQ(delivery_branch(Vtid(7), "?!"), "refs/heads/vtid/00007");
  EXPECT_EQ(delivery_branch(Vtid(1234567), std::string(200, 'a')).size(), 24U + 40);
}

}  // namespace
}  // namespace vitana::domain
