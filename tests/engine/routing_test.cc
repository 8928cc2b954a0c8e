// Which worker is told of a run, and what becomes of the telling.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/routing.h"
#include "remote/callback_dispatcher.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::RunState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string secret = "a secret of 24 bytes or more";

/// Chooses as the shipped one, and calls nobody.
class Telling : public remote::CallbackDispatcher {
 public:
  Telling() : CallbackDispatcher([] { return Instant{}; }) {}
  Result<void> route(const port::RunOffer& offer, const port::CallbackWorker& worker) override {
    calls.push_back(worker.url);
    keys.push_back(offer.key);
    runs.push_back(offer.run);
    if (refuses) return failure(FailureCode::ROUTE_FAILED, "no");
    return {};
  }
  std::vector<std::string> calls, keys;
  std::vector<RunId> runs;
  bool refuses = false;
};

struct Routing : ::testing::Test {
  std::shared_ptr<Telling> telling = std::make_shared<Telling>();
  World world{{.policy = {.caps = {.concurrent = 10}, .dispatch = {.route_retries = 2}}, .dispatcher = telling}};
  int specs = 0;
  int requests = 0;

  std::string enter(const std::string& name, int slots = 1, const domain::Caller& caller = {.actor = "builder"},
                    std::vector<std::string> labels = {}) {
    const auto row = world.engine().workers.enter({.name = name,
                                                   .labels = std::move(labels),
                                                   .slots = slots,
                                                   .callback_url = "https://" + name + ".example/",
                                                   .callback_secret = secret},
                                                  caller);
    EXPECT_TRUE(row) << to_string(row.error());
    return row ? row->id : "";
  }
  domain::Caller token(std::vector<std::string> repos = {}, domain::Role role = domain::Role::worker) {
    const auto issued = world.engine().access.issue({"builder", role, std::move(repos)}, "op");
    EXPECT_TRUE(issued);
    return issued->row.caller();
  }
  /// Another task and its run.
  RunId offer() {
    ++specs;
    const auto path = fmt::format("docs/specs/{:05}-x.md", specs);
    world.repository().commit({{path, sample_spec(fmt::format("Page {}", specs))}});
    world.scan();
    world.conduct();
    return {Vtid(static_cast<std::uint32_t>(specs)), 1};
  }
  RunState state(const RunId& run) { return world.runs(run.vtid).back().state; }
  std::vector<port::Assignment> claim(const std::string& worker) {
    auto claimed = world.engine().workers.claim(worker, {.actor = "builder"}, std::to_string(++requests), 1);
    EXPECT_TRUE(claimed);
    return claimed ? std::move(claimed->assignments) : std::vector<port::Assignment>();
  }
  /// Its agent is done.
  void report(const port::Assignment& held) {
    const domain::Executed done{.fence = held.lease().fence, .result_commit = "c", .result_tree = "t"};
    EXPECT_TRUE(world.engine().workers.report(held.run.id, done, {.actor = "builder"}));
  }
};

TEST_F(Routing, ARunIsOnlyClaimedWhereNobodyGaveAnAddress) {
  EXPECT_EQ(state(offer()), RunState::pending_pickup);
  EXPECT_THAT(telling->calls, IsEmpty());
}

TEST_F(Routing, TheLeastBusyIsToldFirst) {
  enter("small", 1);
  enter("large", 3);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(state(offer()), RunState::pending_pickup);
  EXPECT_THAT(telling->calls, ElementsAre("https://large.example/", "https://large.example/"));
}

TEST_F(Routing, WhoHasNoFreeSlotIsNotTold) {
  const auto small = enter("small", 1);
  offer();
  EXPECT_EQ(telling->calls.size(), 1U);
  EXPECT_EQ(state(offer()), RunState::pending_pickup);
  EXPECT_EQ(telling->calls.size(), 1U) << "what it was told of waits for it";
  claim(small);
  EXPECT_EQ(state(offer()), RunState::pending_pickup);
  EXPECT_EQ(telling->calls.size(), 1U) << "it holds a run";
}

TEST_F(Routing, AfterAFailureAnotherIsTold) {
  enter("large", 3);
  enter("small", 1);
  telling->refuses = true;
  const auto run = offer();
  EXPECT_EQ(state(run), RunState::dispatching);
  world.clock().advance(20s);
  world.conduct();
  EXPECT_THAT(telling->calls, ElementsAre("https://large.example/", "https://small.example/"));
  EXPECT_THAT(telling->keys, ElementsAre("dispatch:VTID-00001.1:0", "dispatch:VTID-00001.1:1"));
  telling->refuses = false;
  world.clock().advance(1min);
  world.conduct();
  EXPECT_EQ(state(run), RunState::pending_pickup);
  EXPECT_EQ(telling->calls.size(), 3U);
}

TEST_F(Routing, OneThatIsToDrainIsNotTold) {
  ASSERT_TRUE(world.engine().workers.drain(enter("drained", 9), "op"));
  offer();
  EXPECT_THAT(telling->calls, IsEmpty());
}

TEST_F(Routing, OneThatIsSilentIsNotTold) {
  enter("silent", 9);
  world.clock().advance(engine::callback_silence_max + 1min);
  const auto run = offer();
  EXPECT_THAT(telling->calls, IsEmpty());
  EXPECT_EQ(state(run), RunState::pending_pickup);
  enter("silent", 9);
  world.conduct();
  EXPECT_THAT(telling->calls, ElementsAre("https://silent.example/")) << "it was heard of again";
}

TEST(RoutingByLabels, OneThatLacksALabelIsNotTold) {
  const auto telling = std::make_shared<Telling>();
  World world{{.repo_labels = {"gpu"}, .dispatcher = telling}};
  const auto enter = [&](const std::string& name, std::vector<std::string> labels) {
    ASSERT_TRUE(world.engine().workers.enter({.name = name,
                                              .labels = std::move(labels),
                                              .slots = 9,
                                              .callback_url = "https://" + name + ".example/",
                                              .callback_secret = secret},
                                             {.actor = "builder"}));
  };
  enter("plain", {"cpu"});
  world.repository().commit({{"docs/specs/00001-x.md", sample_spec("Page")}});
  world.scan();
  world.conduct();
  EXPECT_THAT(telling->calls, IsEmpty());
  enter("strong", {"cpu", "gpu"});
  world.conduct();
  EXPECT_THAT(telling->calls, ElementsAre("https://strong.example/"));
}

TEST_F(Routing, OneThatIsBoundToAnotherRepositoryIsNotTold) {
  const domain::Caller bound{.actor = "builder", .role = domain::Role::worker, .repos = {"elsewhere"}, .id = "tok_1"};
  ASSERT_TRUE(world.store().commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.put(store::TokenRow{.id = bound.id, .hash = Digest::of("it"), .name = bound.actor, .role = bound.role,
                               .repos = bound.repos, .created_by = "op"},
               "op");
    return {};
  }));
  enter("bound", 9, bound);
  offer();
  world.conduct();
  EXPECT_THAT(telling->calls, IsEmpty());
  enter("here", 1, token({"hub"}));
  world.conduct();
  EXPECT_THAT(telling->calls, ElementsAre("https://here.example/"));
}

TEST_F(Routing, WhatFoundNoFreeSlotIsToldOfOnceOneIsFree) {
  const auto small = enter("small", 1);
  offer();
  const auto second = offer();
  const auto held = claim(small);
  world.conduct();
  EXPECT_EQ(telling->calls.size(), 1U);
  ASSERT_EQ(held.size(), 1U);
  report(held.front());
  world.conduct();
  ASSERT_EQ(telling->calls.size(), 2U);
  EXPECT_EQ(telling->runs.back(), second);
  EXPECT_NE(telling->keys.back(), telling->keys.front());
  world.conduct();
  EXPECT_EQ(telling->calls.size(), 2U) << "it was told, and may come yet";
}

TEST_F(Routing, WhatIsGivenBackIsToldOfAgain) {
  const auto small = enter("small", 1);
  const auto run = offer();
  const auto held = claim(small);
  ASSERT_EQ(held.size(), 1U);
  world.conduct();
  ASSERT_TRUE(world.engine().workers.report(run, domain::Release{held.front().lease().fence}, {.actor = "builder"}));
  world.conduct();
  EXPECT_THAT(telling->runs, ElementsAre(run, run));
}

TEST_F(Routing, WhoRegistersLaterIsToldOfWhatWaits) {
  const auto first = offer();
  const auto second = offer();
  EXPECT_THAT(telling->calls, IsEmpty());
  enter("late", 1);
  world.conduct();
  EXPECT_THAT(telling->runs, ElementsAre(first)) << "as many as it has slots";
  enter("later", 1);
  world.conduct();
  EXPECT_THAT(telling->runs, ElementsAre(first, second));
  EXPECT_THAT(telling->calls, ElementsAre("https://late.example/", "https://later.example/"));
}

TEST_F(Routing, WhoWasToldAndDoesNotComeIsWaitedForAMinute) {
  enter("large", 3);
  enter("small", 1);
  const auto run = offer();
  world.clock().advance(engine::telling_lasts - 1s);
  world.conduct();
  EXPECT_EQ(telling->calls.size(), 1U);
  world.clock().advance(1s);
  world.conduct();
  EXPECT_THAT(telling->runs, ElementsAre(run, run));
  EXPECT_THAT(telling->calls, ElementsAre("https://large.example/", "https://small.example/"));
}

TEST_F(Routing, AfterARefusalTheSlotIsFreeAndTheWorkerRests) {
  enter("only", 1);
  telling->refuses = true;
  const auto refused = offer();
  for (int i = 0; i < 6 && state(refused) == RunState::dispatching; ++i) {
    world.clock().advance(45s);
    world.conduct();
  }
  ASSERT_EQ(state(refused), RunState::pending_pickup);
  const auto tries = telling->calls.size();
  world.conduct();
  EXPECT_EQ(telling->calls.size(), tries) << "it rests";
  telling->refuses = false;
  const auto other = offer();
  EXPECT_EQ(telling->runs.back(), other) << "its slot is free";
  EXPECT_EQ(telling->calls.size(), tries + 1);
}

TEST_F(Routing, WhoRegistersAgainHasRested) {
  telling->refuses = true;
  const auto run = offer();
  enter("only", 1);
  world.conduct();
  EXPECT_EQ(telling->calls.size(), 1U);
  world.conduct();
  EXPECT_EQ(telling->calls.size(), 1U);
  telling->refuses = false;
  world.clock().advance(1s);
  enter("only", 1);
  world.conduct();
  EXPECT_THAT(telling->runs, ElementsAre(run, run));
}

TEST_F(Routing, WhatIsPausedIsNotToldOf) {
  const auto run = offer();
  enter("only", 1);
  ASSERT_TRUE(world.engine().desk.set_control("execution", false, "a look", {}, "op"));
  world.conduct();
  EXPECT_THAT(telling->calls, IsEmpty());
  ASSERT_TRUE(world.engine().desk.set_control("execution", true, "", {}, "op"));
  world.conduct();
  EXPECT_THAT(telling->runs, ElementsAre(run));
}

TEST_F(Routing, WhatTheTokenOfAWorkerMayIsAskedAnew) {
  const auto bound = token({"hub"});
  enter("bound", 9, bound);
  offer();
  EXPECT_EQ(telling->calls.size(), 1U);
  ASSERT_TRUE(world.engine().access.revoke(bound.id, "op"));
  offer();
  EXPECT_EQ(telling->calls.size(), 1U);
}

TEST_F(Routing, AWorkerThatRegistersWithoutAnAddressIsNotTold) {
  enter("hand");
  ASSERT_TRUE(world.engine().workers.enter({.name = "hand"}, {.actor = "builder"}));
  offer();
  EXPECT_THAT(telling->calls, IsEmpty());
}

}  // namespace
}  // namespace vitana::testing
