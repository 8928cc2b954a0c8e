// Lists, histories, counts, and when there is nothing left to do.
#include "store/reader.h"

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
using ::testing::SizeIs;

class ReaderTest : public StoreTest {
 protected:
  std::vector<std::uint32_t> numbers(const TaskFilter& filter) {
    std::vector<std::uint32_t> out;
    read([&](Reader& r) {
      for (const auto& task : r.tasks(filter)) out.push_back(task.vtid.number());
    });
    return out;
  }
  bool quiet() {
    bool answer = false;
    read([&](Reader& r) { answer = r.quiet(); });
    return answer;
  }
  void pause() {
    commit([this](Ledger& l) {
      l.put(ControlRow{"execution",
                       {.on = false, .reason = "r", .actor = "a", .until = {}, .at = clock_.time}});
    });
  }
};

TEST_F(ReaderTest, TasksAreListedInTheOrderThatIsAskedFor) {
  commit([](Ledger& l) {
    for (const std::uint32_t number : {7u, 8u, 9u, 10u}) {
      auto task = task_of(number, number == 8 ? TaskStatus::failed : TaskStatus::draft);
      task.updated_at = Instant(number == 7 ? 30s : 20s);
      l.put(task);
    }
  });
  EXPECT_THAT(numbers({.order = TaskOrder::oldest}), ElementsAre(7, 8, 9, 10));
  EXPECT_THAT(numbers({.limit = 2, .after = Vtid(8), .order = TaskOrder::oldest}), ElementsAre(9, 10));
  EXPECT_THAT(numbers({.order = TaskOrder::changed}), ElementsAre(7, 10, 9, 8)) << "equal times by number";
  EXPECT_THAT(numbers({.limit = 2, .order = TaskOrder::changed}), ElementsAre(7, 10));
  EXPECT_THAT(numbers({.after = Vtid(10), .order = TaskOrder::changed, .after_changed = Instant(20s)}),
              ElementsAre(9, 8));
  EXPECT_THAT(numbers({.status = TaskStatus::draft, .limit = 2, .order = TaskOrder::changed}), ElementsAre(7, 10));
}

TEST_F(ReaderTest, TasksAreListedNewestFirstAndFiltered) {
  commit([](Ledger& l) {
    for (const std::uint32_t number : {9u, 100'000u, 7u, 8u}) {
      auto task = task_of(number, number == 8 ? TaskStatus::failed : TaskStatus::draft);
      if (number == 8) task.failure = domain::Failure{FailureCode::AGENT_FAILED, "no", "executing"};
      if (number == 7) task.repo = "hub";
      l.put(task);
    }
  });
  EXPECT_THAT(numbers({}), ElementsAre(100'000, 9, 8, 7));
  EXPECT_THAT(numbers({.limit = 2}), ElementsAre(100'000, 9));
  EXPECT_THAT(numbers({.after = Vtid(9)}), ElementsAre(8, 7));
  EXPECT_THAT(numbers({.status = TaskStatus::failed}), ElementsAre(8));
  EXPECT_THAT(numbers({.code = "AGENT_FAILED"}), ElementsAre(8));
  EXPECT_THAT(numbers({.repos = {"hub"}}), ElementsAre(7));
  EXPECT_THAT(numbers({.limit = -1}), IsEmpty());
  read([](Reader& r) {
    EXPECT_EQ(r.task_counts()["draft"], 3);
    EXPECT_EQ(r.task_counts()["failed"], 1);
    EXPECT_EQ(r.task_counts()["completed"], 0);
    EXPECT_EQ(r.row_counts()["vtid_ledger"], 4);
  });
}

TEST_F(ReaderTest, ATasksStoryIsReadWhole) {
  const RunId second{Vtid(7), 2};
  commit([&](Ledger& l) {
    l.put(task_of(7));
    l.put(run_of(7, 2));
    l.put(run_of(7, 1, domain::RunState::failed));
    l.add(second, 1, {.criterion = "AC-1"});
    l.set_dependencies(Vtid(7), {Vtid(3)});
    l.add(spec_of(7, 1, "one"));
    l.add(spec_of(7, 2, "two"));
    l.remember_config(Digest::of("c"), "c");
  });
  read([&](Reader& r) {
    ASSERT_THAT(r.runs(Vtid(7)), SizeIs(2));
    EXPECT_EQ(r.runs(Vtid(7))[0].id.attempt, 1);
    EXPECT_EQ(r.run(second)->state, domain::RunState::pending_pickup);
    EXPECT_FALSE(r.run({Vtid(7), 3}));
    EXPECT_THAT(r.evidence(second), SizeIs(1));
    EXPECT_THAT(r.evidence(Vtid(7)), SizeIs(1));
    EXPECT_THAT(r.dependencies(Vtid(7)), ElementsAre(Vtid(3)));
    EXPECT_EQ(r.spec(Vtid(7), 1)->text, "one");
    EXPECT_EQ(r.newest_spec(Vtid(7))->text, "two");
    EXPECT_THAT(r.spec_versions(Vtid(7)), SizeIs(2));
    EXPECT_EQ(r.config_text(Digest::of("c")), "c");
    ASSERT_THAT(r.slots(), SizeIs(1));
    EXPECT_EQ(r.slots()[0].runs, 1);
  });
}

TEST_F(ReaderTest, ReadyWorkIsWhatAWorkerMayClaimNow) {
  read([](Reader& r) {
    EXPECT_EQ(r.ready_work().steps, 0);
    EXPECT_FALSE(r.ready_work().since);
  });
  commit([&](Ledger& l) {
    for (const std::uint32_t number : {7U, 8U, 9U}) {
      auto task = task_of(number, TaskStatus::in_progress);
      task.updated_at = clock_.time - number * 1s;
      l.put(task);
      l.put(run_of(number));
    }
    auto later = run_of(9);
    later.not_before = clock_.time + 1s;  // it waits longest, but nobody may claim it yet
    l.put(later);
    auto delayed = run_of(8);
    delayed.not_before = clock_.time - 2s;
    l.put(delayed);
  });
  read([&](Reader& r) {
    EXPECT_EQ(r.ready_work().steps, 2);
    EXPECT_EQ(r.ready_work().since, clock_.time - 7s);
  });
}

TEST_F(ReaderTest, SpecsAreListedByTheirNewestVersion) {
  commit([](Ledger& l) {
    l.add(spec_of(7, 1, "one"));
    l.add(spec_of(7, 2, "two"));
    l.add(spec_of(100'000, 1, "three"));
  });
  read([](Reader& r) {
    const auto all = r.specs(10, {});
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].vtid, Vtid(100'000));
    EXPECT_EQ(all[1].version, 2);
    EXPECT_EQ(all[1].provenance.path, "a.md");
    EXPECT_THAT(r.specs(10, Vtid(100'000)), SizeIs(1));
    EXPECT_THAT(r.specs(1, {}), SizeIs(1));
  });
}

TEST_F(ReaderTest, EventsAreFollowedByCursorTaskAndType) {
  commit([](Ledger& l) {
    l.put(task_of(7));
    l.put(task_of(8));
    l.append(event_of(EventType::task_scheduled, Vtid(7)));
  });
  read([](Reader& r) {
    EXPECT_THAT(r.events({.after = 2}), SizeIs(3));
    EXPECT_THAT(r.events({.limit = 2}), SizeIs(2));
    EXPECT_THAT(r.events({.vtid = Vtid(7)}), SizeIs(2));
    EXPECT_THAT(r.events({.type_glob = "vtid.lifecycle.*"}), SizeIs(3));
    EXPECT_THAT(r.events({.type_glob = "vtid.lifecycle.*", .limit = 1}), SizeIs(1));
    EXPECT_EQ(r.head().seq, 5);
    EXPECT_EQ(r.head().hash, r.events({}).back().hash);
  });
}

TEST_F(ReaderTest, SwitchesDraftsIntakesAndRepositoriesAreListed) {
  commit([&](Ledger& l) {
    l.put(BreakerRow{"repo:hub", {.code = FailureCode::BASE_RED, .detail = "d", .proven = true}});
    l.put(DraftRow{.id = 1, .version = 1, .title = "one", .digest = {}, .status = "draft"});
    l.put(DraftRow{.id = 1, .version = 2, .title = "two", .digest = {}, .status = "draft"});
    l.put(IntakeRow{.id = 4, .step = "title", .state = "{}"});
    l.put(RepoRow{"hub", "abc", "main", {}});
    l.put(RepoFileRow{"hub", "a.md", "b", {}, "", "ignored", "r"});
    l.put(domain::Effect{domain::EffectKind::notify, "n", {}, {}, "{}", clock_.time + 1h});
  });
  read([](Reader& r) {
    EXPECT_THAT(r.controls(), SizeIs(1));
    EXPECT_FALSE(r.control("other"));
    EXPECT_THAT(r.breakers(), SizeIs(1));
    ASSERT_THAT(r.drafts(10), SizeIs(1));
    EXPECT_EQ(r.drafts(10)[0].title, "two");
    EXPECT_EQ(r.draft(1)->version, 2);
    EXPECT_TRUE(r.intake(4));
    EXPECT_THAT(r.repos(), SizeIs(1));
    EXPECT_THAT(r.repo_files("hub"), SizeIs(1));
    EXPECT_THAT(r.pending_effects(10), SizeIs(1));
    EXPECT_THAT(r.candidates(Vtid(7)), IsEmpty());
    EXPECT_EQ(r.repo_runs_since("hub", Instant{}), 0);
  });
}

TEST_F(ReaderTest, StatisticsCountEndedRunsByKey) {
  commit([&](Ledger& l) {
    const auto put = [&](std::uint32_t number, domain::RunState state, Instant ended, bool failed) {
      auto run = run_of(number, 1, state);
      run.agent = "fixer";
      run.repo = "hub";
      run.ended_at = ended;
      if (failed) run.failure = domain::Failure{FailureCode::AGENT_FAILED, "no", "executing"};
      l.put(run);
    };
    put(1, domain::RunState::completed, clock_.time, false);
    put(2, domain::RunState::failed, clock_.time, true);
    put(3, domain::RunState::failed, clock_.time - 2h, true);
  });
  read([&](Reader& r) {
    const auto by_agent = r.stats("agent", clock_.time - 1h);
    ASSERT_THAT(by_agent, SizeIs(1));
    EXPECT_EQ(by_agent[0].completed, 1);
    EXPECT_EQ(by_agent[0].failed, 1);
    const auto by_code = r.stats("code", clock_.time - 3h);
    ASSERT_THAT(by_code, SizeIs(2));
    EXPECT_EQ(by_code[0].key, "");
    EXPECT_EQ(by_code[0].completed, 1);
    EXPECT_EQ(by_code[1].key, "AGENT_FAILED");
    EXPECT_EQ(by_code[1].failed, 2);
    EXPECT_THAT(r.stats("spec_text", {}), IsEmpty());
  });
}

TEST_F(ReaderTest, QuietIsAStoreInWhichNothingIsDoneAndNobodyIsToBeTold) {
  EXPECT_TRUE(quiet());
  commit([&](Ledger& l) {
    l.put(task_of(7, TaskStatus::in_progress));
    l.put(domain::Effect{domain::EffectKind::push, "p", Vtid(7), {}, "{}", clock_.time});
  });
  EXPECT_TRUE(quiet()) << "whether its run goes on is not the store's to say";
  commit([&](Ledger& l) {
    l.put(domain::Effect{domain::EffectKind::notify, "n", Vtid(7), {}, "{}", clock_.time + 1h});
  });
  EXPECT_FALSE(quiet());
  commit([](Ledger& l) { l.settle("n", domain::EffectOutcome::done); });
  EXPECT_TRUE(quiet());
  commit([&](Ledger& l) {
    auto run = run_of(7);
    run.lease = domain::Lease{"worker", 1, clock_.time, clock_.time + 30s};
    l.put(run);
  });
  EXPECT_FALSE(quiet());
}

TEST_F(ReaderTest, ALookBeforeAUnitFindsWhatTheUnitWillFind) {
  commit([&](Ledger& l) {
    auto task = task_of(7, TaskStatus::in_progress);
    task.next.due = clock_.time;
    l.put(task);
    l.put(run_of(7));
    l.put(domain::Effect{domain::EffectKind::notify, "n", {}, {}, "{}", clock_.time});
    l.put(domain::Effect{domain::EffectKind::push, "p", {}, {}, "{}", clock_.time});
    l.put(domain::Effect{domain::EffectKind::dispatch, "d", Vtid(7), RunId{Vtid(7), 1}, "{}", clock_.time});
    l.put(domain::Effect{domain::EffectKind::dispatch, "later", Vtid(7), RunId{Vtid(7), 1}, "{}", clock_.time + 1s});
  });
  read([](Reader& r) {
    EXPECT_TRUE(r.claimable({domain::Step::verify, domain::Step::execute}));
    EXPECT_FALSE(r.claimable({domain::Step::verify}));
    EXPECT_THAT(r.claimable(domain::Step::execute, 1, 0, {}), SizeIs(1));
    EXPECT_THAT(r.claimable(domain::Step::execute, 1, 1, {}), IsEmpty());
    EXPECT_EQ(r.effect("n")->state, "pending");
    EXPECT_FALSE(r.effect("none"));
    EXPECT_FALSE(r.eligible());
    EXPECT_THAT(r.overdue(10), ElementsAre(Vtid(7)));
    EXPECT_THAT(r.due_effects(domain::EffectKind::resolve_dependents, 10), IsEmpty());
    EXPECT_EQ(r.due_notice()->effect.key, "n");
    const auto dispatches = r.due_effects(domain::EffectKind::dispatch, 10);
    ASSERT_THAT(dispatches, SizeIs(1));
    EXPECT_EQ(dispatches.front().effect.key, "d");
    EXPECT_FALSE(r.breaker("repo:hub"));
    ASSERT_THAT(r.slots(), SizeIs(1));
    EXPECT_EQ(r.slots()[0].runs, 1);
  });
}

TEST_F(ReaderTest, WorkersThatGaveAnAddressAreThoseThatCouldBeCalledNow) {
  const auto worker = [&](const std::string& id, Instant seen_at, bool draining, const std::string& url) {
    return WorkerRow{.id = id, .name = id, .actor = "a", .labels = {"gpu"}, .seen_at = seen_at, .draining = draining,
                     .token = "tok_1", .callback_url = url, .callback_secret = "s"};
  };
  commit([&](Ledger& l) {
    l.put(worker("near", clock_.time, false, "https://near/"));
    l.put(worker("earlier", clock_.time - 1min, false, "https://earlier/"));
    l.put(worker("silent", clock_.time - 2min, false, "https://silent/"));
    l.put(worker("drains", clock_.time, true, "https://drains/"));
    l.put(worker("asks", clock_.time, false, ""));
    EXPECT_EQ(l.callback_workers(clock_.time - 1min, 10).size(), 2U);
  });
  read([&](Reader& r) {
    const auto called = r.callback_workers(clock_.time - 1min, 10);
    ASSERT_THAT(called, SizeIs(2));
    EXPECT_EQ(called[0], worker("near", clock_.time, false, "https://near/"));
    EXPECT_EQ(called[1].id, "earlier");
    EXPECT_THAT(r.callback_workers(clock_.time - 1min, 1), SizeIs(1));
  });
}

TEST_F(ReaderTest, APageOfTheLogSaysWhereItEndsAndWhetherThereIsMore) {
  Sequence before = 0;
  read([&](Reader& r) { before = r.head().seq; });
  commit([](Ledger& l) {
    for (const std::uint32_t number : {1u, 2u, 1u}) l.append(event_of(EventType::task_scheduled, Vtid(number)));
  });
  const auto page = [&](EventFilter filter) {
    filter.after = std::max(filter.after, before);
    EventPage found;
    read([&](Reader& r) { found = r.event_page(filter); });
    return found;
  };
  const auto expect = [&](const EventFilter& filter, std::size_t events, Sequence beyond, bool end) {
    const auto found = page(filter);
    EXPECT_THAT(found.events, SizeIs(events));
    EXPECT_EQ(found.position, before + beyond);
    EXPECT_EQ(found.end, end);
  };
  expect({}, 3, 3, true);
  expect({.limit = 4}, 3, 3, true);
  expect({.limit = 3}, 3, 3, true);
  expect({.limit = 2}, 2, 2, false);
  expect({.limit = 0}, 0, 0, false);
  expect({.after = before + 3, .limit = 1}, 0, 3, true);
  expect({.vtid = Vtid(1), .limit = 2}, 2, 3, true);
  expect({.vtid = Vtid(1), .limit = 1}, 1, 1, false);
  // What does not match is passed over, and counts as looked at.
  expect({.type_glob = "vtid.spec.*", .limit = 1}, 0, 3, true);
}

}  // namespace
}  // namespace vitana::store
