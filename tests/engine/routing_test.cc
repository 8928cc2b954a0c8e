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
    if (refuses) return failure(FailureCode::ROUTE_FAILED, "no");
    return {};
  }
  std::vector<std::string> calls, keys;
  bool refuses = false;
};

struct Routing : ::testing::Test {
  std::shared_ptr<Telling> telling = std::make_shared<Telling>();
  World world{{.policy = {.caps = {.concurrent = 10}}, .dispatcher = telling}};
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
  void claim(const std::string& worker) {
    EXPECT_TRUE(world.engine().workers.claim(worker, {.actor = "builder"}, std::to_string(++requests), 1));
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

TEST_F(Routing, OneThatIsSilentDrainsOrLacksALabelIsNotTold) {
  const auto drained = enter("drained");
  ASSERT_TRUE(world.engine().workers.drain(drained, "op"));
  enter("silent");
  world.clock().advance(engine::callback_silence_max + 1min);
  offer();
  EXPECT_THAT(telling->calls, IsEmpty());
  enter("silent");
  offer();
  EXPECT_THAT(telling->calls, ElementsAre("https://silent.example/"));
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
