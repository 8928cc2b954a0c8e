// Every read and write that a unit of work has.
#include "store/ledger.h"

#include <gmock/gmock.h>

#include "store/testing.h"

namespace vitana::store {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using domain::EventType;
using domain::TaskStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class LedgerTest : public StoreTest {
 protected:
  Instant now() { return clock_.time; }

  std::vector<EffectRow> due_effects() {
    std::vector<EffectRow> due;
    read([&](Reader& r) {
      due = r.due_effects(domain::EffectKind::resolve_dependents, 10);
      for (auto& dispatch : r.due_effects(domain::EffectKind::dispatch, 10)) due.push_back(std::move(dispatch));
    });
    return due;
  }
};

domain::Task full_task() {
  auto t = task_of(1213, TaskStatus::blocked);
  t.blocked = domain::BlockReason::question;
  t.priority = 1;
  t.repo = "hub";
  t.description = "a \"description\"\nof ä lines";
  t.spec = domain::SpecPin{2, Digest::of("x")};
  t.waits = {.adoption = true, .approval = true, .dependencies_open = 3};
  t.not_before = from_us(5);
  t.next = {domain::NextKind::person, "an answer", from_us(9)};
  t.failure = domain::Failure{
      FailureCode::AGENT_QUESTION, "which blue?", "executing", {"a", "b"}, {{"k", "v"}}};
  t.spent = {.runs = 1,
             .transient = 2,
             .worker_losses = 3,
             .engine_losses = 4,
             .by_code = {{FailureCode::AGENT_FAILED, 2}}};
  t.attempt = 2;
  t.newer = domain::NewerSpec{{3, Digest::of("y")}, true, "The other title", "hub", 1};
  t.answer = "navy";
  t.agent = "fixer";
  t.delivery = domain::DeliveryMode::merge;
  t.created_at = from_us(1);
  t.updated_at = from_us(2);
  t.revision = 12;
  return t;
}

domain::Run full_run() {
  auto r = run_of(1213, 2, domain::RunState::delivering);
  r.spec_version = 2;
  r.spec_digest = Digest::of("x");
  r.repo = "hub";
  r.base_commit = "abc";
  r.config_digest = Digest::of("c");
  r.agent = "fixer";
  r.delivery = domain::DeliveryMode::pull_request;
  r.lease = domain::Lease{"worker-1", 7, from_us(3), from_us(4)};
  r.fence = 7;
  r.parked = true;
  r.not_before = from_us(5);
  r.route_failures = 1;
  r.step_failures = 2;
  r.base_moves = 3;
  r.result_commit = "def";
  r.result_tree = "123";
  r.unsandboxed = true;
  r.deliverable = domain::Deliverable{"refs/heads/main", "old", "new", "tree"};
  r.workspace = "w";
  r.failure = domain::Failure{FailureCode::GIT_FAILED, "no", "delivering"};
  r.worker = "worker-1";
  r.created_at = from_us(6);
  r.started_at = from_us(7);
  r.ended_at = from_us(8);
  r.revision = 9;
  return r;
}

TEST_F(LedgerTest, ATaskIsReadAsItWasPut) {
  commit([](Ledger& l) {
    l.put(full_task());
    EXPECT_EQ(l.task(Vtid(1213)), full_task());
  });
  commit([](Ledger& l) { EXPECT_EQ(l.task(Vtid(1213)), full_task()); });
}

TEST_F(LedgerTest, ARunIsReadAsItWasPut) {
  commit([](Ledger& l) {
    l.put(full_task());
    l.put(full_run());
  });
  commit([](Ledger& l) {
    EXPECT_EQ(l.run({Vtid(1213), 2}), full_run());
    EXPECT_EQ(l.subject(Vtid(1213)).run, full_run());
  });
}

TEST_F(LedgerTest, APersonFindsATaskByItsWrittenId) {
  commit([](Ledger& l) { l.put(full_task()); });
  const auto row = raw()->query_one("SELECT status FROM vtid_ledger WHERE vtid = 'VTID-01213'");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->text(0), "blocked");
}

TEST_F(LedgerTest, ANewTaskIsAnEventOnce) {
  commit([](Ledger& l) {
    l.put(task_of(7));
    l.append(event_of(EventType::task_allocated, Vtid(7), R"({"by":"intake"})"));
  });
  commit([](Ledger& l) {
    auto task = *l.task(Vtid(7));
    task.title = "other";
    l.put(task);
  });
  EXPECT_EQ(std::ranges::count(event_types(), "vtid.lifecycle.allocated"), 1);
  EXPECT_EQ(events().back().data, R"({"priority":3,"title":"A task","by":"intake"})");
  EXPECT_EQ(events().back().actor, "test");
}

TEST_F(LedgerTest, AnEpochBeginsAboveTheOneOfTheStoreBefore) {
  std::int64_t before = 0;
  commit([](Ledger& l) { l.begin_epoch(1'000'000'000); });
  read([&](Reader& r) { before = r.given_ids().epoch; });
  EXPECT_GT(before, 1'000'000'000);
}

TEST_F(LedgerTest, AnEventThatComesBeforeItsRowIsTheSameOne) {
  commit([](Ledger& l) {
    l.append(event_of(EventType::task_allocated, Vtid(7)));
    l.put(task_of(7));
  });
  EXPECT_EQ(std::ranges::count(event_types(), "vtid.lifecycle.allocated"), 1);
}

TEST_F(LedgerTest, ADecisionIsPutAsAWhole) {
  domain::Decision decision{.task = task_of(7, TaskStatus::in_progress), .run = run_of(7)};
  decision.task.attempt = 1;
  decision.events = {event_of(EventType::task_started, Vtid(7))};
  decision.effects = {{domain::EffectKind::dispatch, "notify:1", Vtid(7), std::nullopt, "{}", now()}};
  commit([&](Ledger& l) { l.put(decision); });
  commit([&](Ledger& l) { EXPECT_EQ(l.subject(Vtid(7)).run, decision.run); });
  EXPECT_THAT(due_effects(), SizeIs(1));
  decision.events.clear();
  decision.effects.clear();
  decision.settled = {{"notify:1", domain::EffectOutcome::done}};
  commit([&](Ledger& l) { l.put(decision); });
  EXPECT_THAT(due_effects(), IsEmpty());
  EXPECT_EQ(event_types().back(), "vtid.lifecycle.started");
}

TEST_F(LedgerTest, NumbersAreNeverGivenTwice) {
  commit([](Ledger& l) {
    EXPECT_EQ(l.allocate_vtid(), Vtid(1));
    l.note_vtid(Vtid(1213));
    l.note_vtid(Vtid(5));
    EXPECT_EQ(l.vtid_counter(), 1213u);
  });
  EXPECT_FALSE(try_commit([](Ledger& l) -> Result<void> {
    EXPECT_EQ(l.allocate_vtid(), Vtid(1214));
    return failure(FailureCode::STATE_REFUSED, "no");
  }));
  commit([](Ledger& l) { EXPECT_EQ(l.allocate_vtid(), Vtid(1214)); });
}

TEST_F(LedgerTest, CountersCountApart) {
  commit([](Ledger& l) {
    EXPECT_EQ(l.next_id("draft"), 1);
    EXPECT_EQ(l.next_id("intake"), 1);
    EXPECT_EQ(l.next_id("draft"), 2);
  });
}

TEST_F(LedgerTest, WhatAStoreBeforeThisOneGaveOutIsNotGivenAgain) {
  commit([](Ledger& l) {
    auto task = task_of(3);
    task.attempt = 2;
    l.put(task);
    l.put(run_of(3, 2));
    l.next_id("draft");
    l.begin_epoch();
    GivenIds given{.counters = {{"vtid", 20}, {"draft", 4}}, .attempts = {{Vtid(3), 5}, {Vtid(40), 1}}};
    l.note(given);
    given = {.counters = {{"vtid", 2}, {"draft", 1}}, .attempts = {{Vtid(3), 1}}};
    l.note(given);  // what is known stays known
  });
  commit([](Ledger& l) {
    EXPECT_EQ(l.attempts_given(Vtid(3)), 5);
    EXPECT_EQ(l.attempts_given(Vtid(40)), 1) << "of a task that is not here";
    EXPECT_EQ(l.attempts_given(Vtid(4)), 0);
    EXPECT_EQ(l.allocate_vtid(), Vtid(41)) << "a number whose runs are known was given out";
    EXPECT_EQ(l.next_id("draft"), 5);
  });
  read([](Reader& r) {
    const auto given = r.given_ids();
    EXPECT_EQ(given.attempts, (std::map<Vtid, int>{{Vtid(3), 5}, {Vtid(40), 1}}));
    EXPECT_EQ(given.counters.at("vtid"), 41);
  });
}

TEST_F(LedgerTest, TheIdsOfAStoreAreItsCountersAndTheNewestAttempts) {
  commit([](Ledger& l) {
    auto task = task_of(3);
    task.attempt = 2;
    l.put(task);
    l.put(task_of(9));
    l.note({.counters = {}, .attempts = {{Vtid(3), 2}}});
  });
  read([](Reader& r) {
    const auto given = r.given_ids();
    EXPECT_EQ(given.attempts, (std::map<Vtid, int>{{Vtid(3), 2}}));
    EXPECT_EQ(given.counters, (std::map<std::string, std::int64_t>{{"vtid", 9}})) << "no row for what its task tells";
  });
}

TEST_F(LedgerTest, AFenceGrowsWithEachGrantAndEachEpoch) {
  auto run = run_of(7);
  commit([&](Ledger& l) {
    EXPECT_EQ(l.next_fence(run), 1);
    run.fence = 5;
    EXPECT_EQ(l.next_fence(run), 6);
  });
  raw()->execute("UPDATE meta SET value = '2' WHERE key = 'epoch'");
  commit([&](Ledger& l) { EXPECT_GT(l.next_fence(run), 1'000'000); });
}

TEST_F(LedgerTest, SpecsAreVersions) {
  commit([](Ledger& l) {
    l.add(spec_of(7, 1, "one"));
    l.add(spec_of(7, 2, "two"));
    EXPECT_EQ(l.newest_spec(Vtid(7))->text, "two");
    EXPECT_EQ(l.spec(Vtid(7), 1)->digest, Digest::of("one"));
    EXPECT_FALSE(l.spec(Vtid(7), 3));
    EXPECT_FALSE(l.newest_spec(Vtid(8)));
  });
  commit([](Ledger& l) {
    const auto spec = l.spec(Vtid(7), 1);
    EXPECT_EQ(spec->provenance, spec_of(7, 1, "one").provenance);
  });
}

TEST_F(LedgerTest, ALockedVersionIsNotAddedTwice) {
  commit([](Ledger& l) { l.add(spec_of(7, 1, "one")); });
  EXPECT_FALSE(try_commit([](Ledger& l) -> Result<void> {
    l.add(spec_of(7, 1, "other"));
    return {};
  }));
  commit([](Ledger& l) { EXPECT_EQ(l.spec(Vtid(7), 1)->text, "one"); });
}

TEST_F(LedgerTest, TextsOfEverySourceAreFoundByDigest) {
  commit([](Ledger& l) {
    l.add(spec_of(7, 1, "one"));
    auto manual = spec_of(8, 1, "one");
    manual.provenance.source = domain::SpecSource::manual;
    l.add(manual);
    l.add(spec_of(9, 1, "one"));
    EXPECT_THAT(l.vtids_with_digest(Digest::of("one")), ElementsAre(Vtid(7), Vtid(8), Vtid(9)));
  });
}

TEST_F(LedgerTest, AnApprovalBindsADigest) {
  commit([](Ledger& l) {
    l.add(spec_of(7, 1, "one"));
    l.approve_spec(Vtid(7), 1, Digest::of("one"), "ada");
  });
  EXPECT_EQ(events().back().type, "vtid.spec.approved");
  EXPECT_EQ(events().back().actor, "ada");
  EXPECT_THAT(events().back().data, ::testing::HasSubstr(Digest::of("one").to_string()));
}

TEST_F(LedgerTest, CandidatesAreKeptByTheirOrigin) {
  CandidateRow row{.vtid = Vtid(7), .candidate = {}, .text = "text"};
  row.candidate.provenance = {.source = domain::SpecSource::git, .repo = "hub", .path = "a.md"};
  row.candidate.digest = Digest::of("text");
  row.candidate.diagnostics = {
      {.rule = "R", .severity = domain::Severity::info, .message = "m", .line = 3}};
  commit([&](Ledger& l) {
    l.put(row);
    l.put(row);
  });
  commit([&](Ledger& l) {
    const auto found = l.candidates(Vtid(7));
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].candidate.provenance, row.candidate.provenance);
    EXPECT_EQ(found[0].candidate.diagnostics, row.candidate.diagnostics);
    EXPECT_EQ(found[0].text, "text");
    l.remove_candidate(Vtid(7), "git:hub:a.md");
    EXPECT_THAT(l.candidates(Vtid(7)), IsEmpty());
  });
  commit([](Ledger& l) { EXPECT_THAT(l.candidates(Vtid(7)), IsEmpty()); });
}

TEST_F(LedgerTest, DependenciesAreReplacedAndAskedBothWays) {
  commit([](Ledger& l) {
    l.set_dependencies(Vtid(7), {Vtid(1), Vtid(100'000)});
    l.set_dependencies(Vtid(8), {Vtid(1)});
    l.set_dependencies(Vtid(123'456), {Vtid(1)});
    l.set_dependencies(Vtid(7), {Vtid(1), Vtid(2)});
    EXPECT_THAT(l.dependencies(Vtid(7)), ElementsAre(Vtid(1), Vtid(2)));
    EXPECT_THAT(l.dependents(Vtid(1), 2), ElementsAre(Vtid(7), Vtid(8)));
    EXPECT_THAT(l.dependents(Vtid(1), 2, Vtid(8)), ElementsAre(Vtid(123'456)));
  });
  commit([](Ledger& l) { EXPECT_THAT(l.dependencies(Vtid(7)), ElementsAre(Vtid(1), Vtid(2))); });
}

TEST_F(LedgerTest, EligibleTasksComeByPriorityThenAge) {
  commit([&](Ledger& l) {
    const auto put = [&](std::uint32_t number, int priority, int age, TaskStatus status,
                         Instant from) {
      auto task = task_of(number, status);
      task.priority = priority;
      task.created_at = from_us(1000 - age);
      task.not_before = from;
      l.put(task);
    };
    put(1, 3, 1, TaskStatus::scheduled, {});
    put(2, 3, 9, TaskStatus::scheduled, {});
    put(3, 1, 1, TaskStatus::scheduled, now());
    put(4, 1, 1, TaskStatus::scheduled, now() + 1us);
    put(5, 1, 1, TaskStatus::draft, {});
    EXPECT_THAT(l.eligible(10), ElementsAre(Vtid(3), Vtid(2), Vtid(1)));
    EXPECT_THAT(l.eligible(1), ElementsAre(Vtid(3)));
  });
}

TEST_F(LedgerTest, EligibleTasksOfSomeAgentsAndRepositoriesAreLeftOut) {
  commit([&](Ledger& l) {
    const auto put = [&](std::uint32_t number, const std::string& agent, const std::string& repo) {
      auto task = task_of(number, TaskStatus::scheduled);
      task.agent = agent;
      task.repo = repo;
      l.put(task);
    };
    put(1, "", "hub");
    put(2, "it's", "hub");
    put(3, "other", "hub");
    put(4, "other", "site");
    const auto without = [&](std::set<std::string> agents, std::set<std::string> repos) {
      return l.eligible(10, 0, {.default_agent = "usual", .without_agents = std::move(agents), .without_repos = std::move(repos)});
    };
    EXPECT_THAT(without({}, {}), ElementsAre(Vtid(1), Vtid(2), Vtid(3), Vtid(4)));
    EXPECT_THAT(without({"usual"}, {}), ElementsAre(Vtid(2), Vtid(3), Vtid(4)));
    EXPECT_THAT(without({"usual", "it's"}, {}), ElementsAre(Vtid(3), Vtid(4)));
    EXPECT_THAT(without({}, {"site", "none"}), ElementsAre(Vtid(1), Vtid(2), Vtid(3)));
    EXPECT_THAT(without({"other"}, {"hub"}), ElementsAre());
    EXPECT_THAT(l.eligible(10, 0, {.only = Vtid(2)}), ElementsAre(Vtid(2)));
    auto later = task_of(2, TaskStatus::scheduled);
    later.not_before = now() + 1h;
    l.put(later);
    EXPECT_THAT(l.eligible(10, 0, {.only = Vtid(2)}), ElementsAre());
    EXPECT_THAT(l.eligible(10, 0, {.only = Vtid(2), .whenever = true}), ElementsAre(Vtid(2)));
  });
}

TEST_F(LedgerTest, ClaimableRunsOfSomeAgentsAndRepositoriesAreLeftOut) {
  commit([&](Ledger& l) {
    const auto put = [&](std::uint32_t number, const std::string& agent, const std::string& repo) {
      l.put(task_of(number, TaskStatus::in_progress));
      auto run = run_of(number, 1, domain::RunState::pending_pickup);
      run.agent = agent;
      run.repo = repo;
      l.put(run);
    };
    put(1, "usual", "hub");
    put(2, "other", "hub");
    put(3, "other", "site");
    const auto claimable = [&](int limit, int skip, const WorkFilter& filter) {
      return l.claimable(domain::Step::execute, limit, skip, filter);
    };
    EXPECT_THAT(claimable(10, 1, {}), ElementsAre(RunId{Vtid(2)}, RunId{Vtid(3)}));
    EXPECT_THAT(claimable(10, 0, {.without_agents = {"usual"}}), ElementsAre(RunId{Vtid(2)}, RunId{Vtid(3)}));
    EXPECT_THAT(claimable(10, 0, {.without_agents = {"other"}, .without_repos = {"none"}}), ElementsAre(RunId{Vtid(1)}));
    EXPECT_THAT(claimable(10, 0, {.without_repos = {"hub"}}), ElementsAre(RunId{Vtid(3)}));
    EXPECT_THAT(claimable(10, 0, {.only = Vtid(3)}), ElementsAre(RunId{Vtid(3)}));
  });
}

TEST_F(LedgerTest, ClaimableRunsWantTheStepAndAreDue) {
  commit([&](Ledger& l) {
    const auto put = [&](std::uint32_t number, domain::RunState state, auto&& change) {
      auto task = task_of(number, TaskStatus::in_progress);
      task.priority = number == 3 ? 1 : 3;
      l.put(task);
      auto run = run_of(number, 1, state);
      change(run);
      l.put(run);
    };
    const auto as_it_is = [](domain::Run&) {};
    put(1, domain::RunState::pending_pickup, as_it_is);
    put(2, domain::RunState::executing, as_it_is);
    put(3, domain::RunState::pending_pickup, as_it_is);
    put(4, domain::RunState::verifying, as_it_is);
    put(5, domain::RunState::executing,
        [&](auto& run) { run.lease = domain::Lease{"w", 1, now(), now()}; });
    put(6, domain::RunState::verifying, [](auto& run) { run.parked = true; });
    put(7, domain::RunState::verifying, [&](auto& run) { run.not_before = now() + 1us; });
    put(8, domain::RunState::failed, as_it_is);
    EXPECT_THAT(l.claimable(domain::Step::execute, 10),
                ElementsAre(RunId{Vtid(3)}, RunId{Vtid(1)}, RunId{Vtid(2)}));
    EXPECT_THAT(l.claimable(domain::Step::verify, 10), ElementsAre(RunId{Vtid(4)}));
    EXPECT_THAT(l.claimable(domain::Step::deliver, 10), IsEmpty());
    EXPECT_THAT(l.leased(10), ElementsAre(RunId{Vtid(5)}));
    EXPECT_THAT(l.leases(), ElementsAre(Pair("w", 1)));
    put(9, domain::RunState::delivering, [](auto& run) { run.step_failures = 1; });
    // Not the parked one, nor the one that is tried again, nor the one that ended.
    std::map<std::optional<domain::Step>, int> slots;
    for (const auto& slot : l.slots()) slots[slot.wants] += slot.runs;
    EXPECT_THAT(slots, ElementsAre(Pair(std::nullopt, 1), Pair(domain::Step::execute, 3),
                                   Pair(domain::Step::verify, 2)));
  });
}

TEST_F(LedgerTest, OverdueTasksComeByTheirDeadline) {
  commit([&](Ledger& l) {
    for (const auto& [number, due] : {std::pair{1u, now()}, {2u, now() - 5us}, {3u, now() + 1us}}) {
      auto task = task_of(number, TaskStatus::in_progress);
      task.next.due = due;
      l.put(task);
    }
    EXPECT_THAT(l.overdue(10), ElementsAre(Vtid(2), Vtid(1)));
  });
}

TEST_F(LedgerTest, RunsOfARepositoryAreCountedFromAMoment) {
  commit([&](Ledger& l) {
    auto run = run_of(1);
    run.repo = "hub";
    run.created_at = now();
    l.put(run);
    EXPECT_EQ(l.repo_runs_since("hub", now()), 1);
    EXPECT_EQ(l.repo_runs_since("hub", now() + 1us), 0);
    EXPECT_EQ(l.repo_runs_since("other", now()), 0);
  });
}

TEST_F(LedgerTest, AnEffectIsRecordedOnceForItsKey) {
  const domain::Effect effect{
      domain::EffectKind::dispatch, "dispatch:1", Vtid(7), RunId{Vtid(7), 2}, R"({"a":1})", now()};
  commit([&](Ledger& l) {
    l.put(effect);
    l.put(effect);
  });
  commit([&](Ledger& l) { l.put(effect); });
  const auto due = due_effects();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].effect, effect);
  EXPECT_EQ(due[0].state, "pending");
}

TEST_F(LedgerTest, APostponedEffectComesLaterAndIsGivenUpAtLast) {
  commit([&](Ledger& l) {
    l.put(domain::Effect{domain::EffectKind::dispatch, "n", Vtid(7), {}, "{}", now()});
  });
  const auto id = due_effects().front().id;
  commit([&](Ledger& l) { l.postpone(id, now() + 1s, "no answer"); });
  EXPECT_THAT(due_effects(), IsEmpty());
  clock_.time += 1s;
  const auto due = due_effects();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].attempts, 1);
  EXPECT_EQ(due[0].last_error, "no answer");
  commit([&](Ledger& l) {
    for (int i = 1; i < effect_attempts_max; ++i) l.postpone(id, now(), "no answer");
  });
  EXPECT_THAT(due_effects(), IsEmpty());
  EXPECT_EQ(raw()->query_one("SELECT state FROM outbox")->text(0), "failed");
  EXPECT_EQ(raw()->query_one("SELECT type FROM oasis_events ORDER BY seq DESC LIMIT 1")->text(0),
            "outbox.effect.failed");
}

TEST_F(LedgerTest, WhatOthersWaitForIsNeverGivenUp) {
  commit([&](Ledger& l) {
    l.put(domain::Effect{domain::EffectKind::resolve_dependents, "d", Vtid(7), {}, "{}", now()});
  });
  const auto id = due_effects().front().id;
  commit([&](Ledger& l) {
    for (int i = 0; i <= effect_attempts_max; ++i) l.postpone(id, now(), "a damaged row");
  });
  EXPECT_THAT(due_effects(), SizeIs(1));
}

TEST_F(LedgerTest, ACommitsStatusIsGivenUpByWhoTellsItAlone) {
  commit([&](Ledger& l) {
    l.put(domain::Effect{domain::EffectKind::commit_status, "s", {}, {}, R"({"repo":"hub","commit":"abc"})", now()});
  });
  EXPECT_THAT(due_effects(), IsEmpty()) << "the conductor has nothing to do with it";
  const auto pending = [&] {
    std::vector<EffectRow> rows;
    commit([&](Ledger& l) { rows = l.pending(domain::EffectKind::commit_status, 9); });
    return rows;
  };
  ASSERT_THAT(pending(), SizeIs(1));
  const auto id = pending().front().id;
  read([&](Reader& r) {
    EXPECT_FALSE(r.quiet({"s"}));
    EXPECT_TRUE(r.quiet({"t"})) << "who does not tell it waits for nobody";
    EXPECT_TRUE(r.quiet());
    EXPECT_THAT(r.due_effects(domain::EffectKind::commit_status, 9, {"t", "s"}), SizeIs(1));
    EXPECT_THAT(r.due_effects(domain::EffectKind::commit_status, 9, {"t"}), IsEmpty());
    EXPECT_THAT(r.due_effects(domain::EffectKind::commit_status, 9, {}), IsEmpty());
  });
  commit([&](Ledger& l) { l.put_off(id, now() + 1s); });
  read([&](Reader& r) {
    EXPECT_EQ(r.effect("s")->attempts, 0);
    EXPECT_FALSE(r.quiet({"s"})) << "put off is not tried";
    EXPECT_THAT(r.due_effects(domain::EffectKind::commit_status, 9, {"s"}), IsEmpty());
  });
  commit([&](Ledger& l) {
    for (int i = 0; i <= effect_attempts_max; ++i) l.postpone(id, now(), "503");
  });
  ASSERT_THAT(pending(), SizeIs(1));
  read([&](Reader& r) { EXPECT_TRUE(r.quiet({"s"})) << "nobody waits for a forge that does not answer"; });
  commit([&](Ledger& l) { l.give_up(id, "503"); });
  EXPECT_THAT(pending(), IsEmpty());
  EXPECT_EQ(raw()->query_one("SELECT type FROM oasis_events ORDER BY seq DESC LIMIT 1")->text(0), "outbox.effect.failed");
}

TEST_F(LedgerTest, OfARehearsalNothingIsKept) {
  commit([&](Ledger& l) { l.put(RepoRow{"hub", "abc", "main", now(), true}); });
  Sequence head = 0;
  read([&](Reader& r) { head = r.head().seq; });
  commit([&](Ledger& l) {
    l.keep_nothing();
    l.put(RepoRow{"hub", "def", "main", now(), true});
    l.append({domain::EventType::repo_synced, {}, {}, "test", "{}"});
    l.refuse("key", {domain::EventType::command_refused, {}, {}, "test", "{}"});
    EXPECT_THAT(l.repo_files("hub", Vtid(7)), IsEmpty());  // a list, for which writes go to the database
    EXPECT_EQ(l.repo("hub")->synced_commit, "def");
  });
  commit([&](Ledger& l) {
    EXPECT_EQ(l.repo("hub")->synced_commit, "abc");
    EXPECT_FALSE(l.refused_before("key"));
  });
  read([&](Reader& r) { EXPECT_EQ(r.head().seq, head); });
}

TEST_F(LedgerTest, WebhookCursorsAreKept) {
  const WebhookCursorRow row{"chat", 7, 3, now(), now() + 5s, 2, "it answered 500", now() - 1s, "a", now() + 1min};
  commit([&](Ledger& l) {
    l.put(row);
    l.put(WebhookCursorRow{.name = "board", .seq = 1});
  });
  read([&](Reader& r) {
    EXPECT_EQ(r.webhook_cursor("chat"), row);
    EXPECT_THAT(r.webhook_cursors(), SizeIs(2));
  });
  commit([&](Ledger& l) { l.forget(row); });
  commit([&](Ledger& l) { EXPECT_THAT(l.webhook_cursors(), SizeIs(1)); });
}

TEST_F(LedgerTest, RepositoriesFilesDeliveriesAndChecksAreKept) {
  commit([&](Ledger& l) {
    l.put(RepoRow{"hub", "abc", "main", now(), true});
    l.put(RepoFileRow{"hub", "b\xff.md", "blob", Vtid(7), "sha256:x", "registered", ""});
    l.put(RepoFileRow{"hub", "a.md", "blob", Vtid(7), "", "ignored", "no shape", true});
    l.put(RepoFileRow{"hub", "c.md", "blob", {}, "", "ignored", "no shape"});
    l.put(DeliveryRow{"hub", Vtid(7), "sha256:x", "def"});
    l.put(GreenBaseRow{"hub", "abc", Digest::of("c"), now()});
  });
  commit([&](Ledger& l) {
    EXPECT_EQ(l.repo("hub")->synced_at, now());
    EXPECT_FALSE(l.repo("other"));
    EXPECT_EQ(l.repo_file("hub", "a.md")->reason, "no shape");
    EXPECT_TRUE(l.repo_file("hub", "b\xff.md"));
    EXPECT_FALSE(l.repo_file("hub", "b\xff.md")->unadopted);
    EXPECT_TRUE(l.repo_file("hub", "a.md")->unadopted);
    EXPECT_THAT(l.repo_files("hub", Vtid(7)), SizeIs(2));
    EXPECT_EQ(l.delivery("hub", Vtid(7), "sha256:x")->commit, "def");
    EXPECT_TRUE(l.delivery("hub", Vtid(7), "sha256:x")->counts_for(domain::DeliveryMode::merge));
    l.put(DeliveryRow{"hub", Vtid(9), "sha256:y", "def", true});
    EXPECT_FALSE(l.delivery("hub", Vtid(9), "sha256:y")->counts_for(domain::DeliveryMode::merge));
    EXPECT_TRUE(l.delivery("hub", Vtid(9), "sha256:y")->counts_for(domain::DeliveryMode::branch));
    EXPECT_FALSE(l.delivery("hub", Vtid(8), "sha256:x"));
  });
  read([&](Reader& r) {
    EXPECT_TRUE(r.green_base("hub", "abc", Digest::of("c")));
    EXPECT_FALSE(r.green_base("hub", "abc", Digest::of("d")));
  });
}

TEST_F(LedgerTest, SwitchesAreKeptAndAreEvents) {
  const domain::Breaker quota{.code = FailureCode::AGENT_QUOTA, .detail = "d", .since = now(),
                              .probe_at = now() + 1h, .tries = 4,
                              .open = true, .probes = 2,
                              .probe = RunId{Vtid(7), 1}, .proven = true};
  commit([&](Ledger& l) {
    l.put(ControlRow{
        "execution",
        {.on = false, .reason = "lunch", .actor = "ada", .until = now() + 1h, .at = now()}});
    l.put(BreakerRow{
        "agent:fixer", quota});
  });
  commit([&](Ledger& l) {
    const auto control = l.control("execution");
    ASSERT_TRUE(control);
    EXPECT_FALSE(control->on);
    EXPECT_EQ(control->until, now() + 1h);
    EXPECT_FALSE(l.control("other"));
    const auto breaker = l.breaker("agent:fixer");
    ASSERT_TRUE(breaker);
    EXPECT_EQ(breaker->breaker, quota);
  });
  EXPECT_EQ(events().back().actor, "ada");
  EXPECT_EQ(events().back().type, "governance.control.updated");
}

TEST_F(LedgerTest, DraftsAreVersionsAndIntakesAreStates) {
  commit([&](Ledger& l) {
    l.put(DraftRow{.id = 1,
                   .version = 1,
                   .title = "t",
                   .markdown = "one",
                   .digest = Digest::of("one"),
                   .status = "draft"});
    l.put(DraftRow{.id = 1,
                   .version = 2,
                   .vtid = Vtid(7),
                   .title = "t",
                   .markdown = "two",
                   .digest = Digest::of("two"),
                   .status = "approved"});
    l.put(IntakeRow{.id = 1,
                    .step = "title",
                    .state = "{}",
                    .author = "ada",
                    .vtid = {},
                    .created_at = now(),
                    .updated_at = now()});
    EXPECT_EQ(l.draft(1)->markdown, "two");
  });
  commit([&](Ledger& l) {
    EXPECT_EQ(l.draft(1)->vtid, Vtid(7));
    EXPECT_FALSE(l.draft(2));
    auto intake = *l.intake(1);
    intake.step = "done";
    l.put(intake);
  });
  commit([](Ledger& l) { EXPECT_EQ(l.intake(1)->step, "done"); });
}

TEST_F(LedgerTest, EvidenceComesInOrderAndRounds) {
  const RunId run{Vtid(7), 1};
  domain::Evidence e{.criterion = "AC-1",
                     .text = "it is blue",
                     .cls = domain::CriterionClass::command,
                     .verdict = domain::EvidenceVerdict::passed,
                     .command = "grep",
                     .exit_code = 0,
                     .base_exit_code = 1,
                     .output = "out",
                     .tree = "t",
                     .at = now()};
  commit([&](Ledger& l) {
    EXPECT_EQ(l.evidence_rounds(run), 0);
    l.add(run, 1, e);
    e.criterion = "AC-2";
    l.add(run, 1, e);
    EXPECT_EQ(l.evidence_rounds(run), 1);
  });
  commit([&](Ledger& l) {
    e.criterion = "AC-1";
    e.exit_code.reset();
    l.add(run, 2, e);
    const auto all = l.evidence(run);
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_EQ(all[1].evidence.criterion, "AC-2");
    EXPECT_EQ(all[2].round, 2);
    EXPECT_EQ(all[2].evidence, e);
    EXPECT_EQ(l.evidence_rounds(run), 2);
  });
  EXPECT_EQ(std::ranges::count(event_types(), "verification.evidence.recorded"), 3);
}

TEST_F(LedgerTest, AConfigurationIsKeptOnceByItsDigest) {
  commit([](Ledger& l) {
    EXPECT_FALSE(l.config_text(Digest::of("c")));
    l.remember_config(Digest::of("c"), "c");
    l.remember_config(Digest::of("c"), "c");
  });
  commit([](Ledger& l) { EXPECT_EQ(l.config_text(Digest::of("c")), "c"); });
}

TEST_F(LedgerTest, TwoPathsExchangeTheirNumbers) {
  commit([](Ledger& l) {
    l.put(LocalIdRow{"hub", "a.md", Vtid(1)});
    l.put(LocalIdRow{"hub", "b.md", Vtid(2)});
  });
  commit([](Ledger& l) {
    for (const auto* path : {"a.md", "b.md"}) l.remove_local_id("hub", path);
    l.put(LocalIdRow{"hub", "a.md", Vtid(2)});
    l.put(LocalIdRow{"hub", "b.md", Vtid(1)});
  });
  commit([](Ledger& l) {
    EXPECT_EQ(l.local_id("hub", "a.md"), Vtid(2));
    EXPECT_EQ(l.local_id("hub", "b.md"), Vtid(1));
  });
}

TEST_F(LedgerTest, TextThatIsNoTextIsCleaned) {
  commit([](Ledger& l) {
    auto task = task_of(7);
    task.title = std::string("a\0b\xff", 4);
    l.put(task);
  });
  read([](Reader& r) {
    EXPECT_EQ(r.task(Vtid(7))->title,
              "a\xEF\xBF\xBD"
              "b\xEF\xBF\xBD");
  });
}

}  // namespace
}  // namespace vitana::store
