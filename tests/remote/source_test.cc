// A worker's side of the network against a whole gateway on a socket, where answers get lost.
#include "remote/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

#include "gateway/gateway.h"
#include "gateway/server.h"
#include "git/test_repository.h"
#include "remote/log_sender.h"
#include "support/world.h"

namespace vitana::remote {
namespace {

using namespace std::chrono_literals;
using domain::RunState;
using gateway::Request;
using gateway::Response;
using port::Directive;
using ::testing::ElementsAre;

const std::string commit = std::string(40, 'b');

/// A gateway whose answers the test may lose, and a clock of the worker that it holds.
struct SourceTest : ::testing::Test {
  testing::World world;
  std::string log;  ///< of the one run, at the gateway
  std::mutex mutex;
  std::condition_variable changed;
  std::function<bool(const Request&)> loses;  ///< the answer to this one; under `mutex`
  std::vector<std::string> asked;
  gateway::Gateway gateway{world.engine(), {.runs = run_files()}};
  std::unique_ptr<gateway::Server> server;
  std::atomic<std::int64_t> seconds = 1'000;
  std::optional<GatewayClient> client;
  std::optional<Source> source;
  std::vector<std::string> trouble;

  SourceTest() {
    world.repository().commit({{"docs/specs/00001-page.md", testing::sample_spec()}});
    gateway::ServerOptions options;
    options.larger_body = [this](const Request& head) { return gateway.body_bytes_max(head); };
    auto started = gateway::Server::start(options, [this](const Request& request) { return answer(request); });
    EXPECT_TRUE(started);
    server = std::move(*started);
    const auto token = world.engine().access.issue({"builder", domain::Role::worker}, "test");
    client.emplace(GatewayAddress{.url = server->url(), .token = token->token, .ca_file = {}});
  }
  ~SourceTest() override {
    source.reset();
    server->stop(5s);
  }

  gateway::RunFiles run_files() {
    return {.terms = [](const auto&) { return Result<Terms>(terms()); },
            .base_bundle = {},
            .take_bundle = {},
            .result = [](const auto&, const auto&) { return Result<gateway::RunFiles::Outcome>({"tree", true}); },
            .append_log = [this](const auto&, auto offset, auto text) { return append(offset, text); }};
  }

  static Terms terms() {
    Terms terms;
    terms.agent.name = "fixer";
    terms.agent.command = {"true"};
    return terms;
  }

  Result<gateway::RunFiles::LogEnd> append(std::size_t offset, std::string_view text) {
    const std::lock_guard lock(mutex);
    if (offset == log.size()) log += text;
    return gateway::RunFiles::LogEnd{log.size(), false};
  }
  std::string logged() {
    const std::lock_guard lock(mutex);
    return log;
  }

  Response answer(const Request& request) {
    auto response = gateway.answer(request);
    const std::lock_guard lock(mutex);
    asked.push_back(request.target);
    changed.notify_all();
    if (loses && loses(request)) return {.status = 502, .body = "lost"};
    return response;
  }

  void lose(std::function<bool(const Request&)> which) {
    const std::lock_guard lock(mutex);
    loses = std::move(which);
  }
  /// Loses the first `count` answers to what ends so.
  void lose_first(std::string end, int count) {
    lose([end = std::move(end), count](const Request& request) mutable {
      return request.target.find(end) != std::string::npos && count-- > 0;
    });
  }
  bool wait_for(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 20s, condition);
  }
  int asked_for(const std::string& end) {
    return static_cast<int>(std::count_if(asked.begin(), asked.end(), [&](const auto& a) { return a.ends_with(end); }));
  }

  Source& enter(Duration wait = 0s) {
    source.emplace(*client, SourceOptions{.worker = {.name = "hand", .labels = {"x"}, .slots = 1},
                                          .nonce = "n",
                                          .claim_wait = wait,
                                          .elapsed = [this] { return Elapsed(std::chrono::seconds(seconds)); },
                                          .trouble =
                                              [this](const Error& error) {
                                                const std::lock_guard lock(mutex);
                                                trouble.emplace_back(name_of(error.code));
                                                changed.notify_all();
                                              }});
    EXPECT_TRUE(source->enter());
    return *source;
  }
  void offer_run() {
    world.scan();
    world.conduct();
    server->wake();
  }
  std::vector<port::Assignment> claim(const std::string& request = "1") {
    auto granted = source->claim({.worker = "", .request_id = request, .steps = {domain::Step::execute}});
    EXPECT_TRUE(granted) << to_string(granted.error());
    return granted ? std::move(*granted) : std::vector<port::Assignment>();
  }
  RunState state() { return world.runs(Vtid(1)).at(0).state; }
  bool leased() { return world.runs(Vtid(1)).at(0).lease.has_value(); }
};

TEST_F(SourceTest, AStepIsClaimedRenewedAndReported) {
  offer_run();
  enter();
  const auto granted = claim();
  ASSERT_EQ(granted.size(), 1U);
  const auto& [id, fence] = std::pair(granted[0].run.id, granted[0].lease().fence);
  EXPECT_EQ(granted[0].spec_text, testing::sample_spec());
  EXPECT_EQ(source->terms(id, fence)->agent.command, std::vector<std::string>{"true"});
  EXPECT_EQ(source->renew(id, fence), Directive::go_on);
  EXPECT_EQ(source->renew(id, fence + 1), Directive::lost);
  EXPECT_TRUE(source->require_lease(id, fence));
  EXPECT_EQ(source->require_lease(id, fence + 1).error().code, FailureCode::LEASE_STALE);
  EXPECT_TRUE(source->report(id, domain::Executed{.fence = fence, .result_commit = commit}, {}));
  EXPECT_EQ(state(), RunState::verifying);
  EXPECT_EQ(world.runs(Vtid(1)).at(0).result_tree, "tree");
  EXPECT_EQ(source->renew(id, fence), Directive::lost);
  EXPECT_EQ(source->holding(), 0);
  EXPECT_TRUE(claim("2").empty());  // to verify is not for workers elsewhere
}

TEST_F(SourceTest, AnAnswerThatWasLostIsGivenAgain) {
  offer_run();
  enter();
  lose_first("/claim", 2);
  const auto granted = claim();
  ASSERT_EQ(granted.size(), 1U);
  EXPECT_EQ(granted[0].lease().fence, 1);
  EXPECT_EQ(asked_for("/claim"), 3);
  EXPECT_TRUE(claim("2").empty());
  EXPECT_EQ(world.runs(Vtid(1)).at(0).fence, 1);
}

TEST_F(SourceTest, AReportWhoseAnswerWasLostIsTakenOnce) {
  offer_run();
  enter();
  const auto granted = claim();
  ASSERT_EQ(granted.size(), 1U);
  lose_first("/complete", 2);
  EXPECT_TRUE(source->report(granted[0].run.id, domain::Executed{.fence = 1, .result_commit = commit}, {}));
  EXPECT_EQ(state(), RunState::verifying);
  const auto types = world.event_types(Vtid(1));
  EXPECT_EQ(std::count(types.begin(), types.end(), "autopilot.state.verifying"), 1);
  EXPECT_EQ(std::count(types.begin(), types.end(), "governance.transition.refused"), 0);
}

TEST_F(SourceTest, AClaimWaitsAtTheGatewayUntilThereIsWork) {
  enter(25s);
  auto granted = std::async(std::launch::async, [&] { return claim(); });
  ASSERT_TRUE(wait_for([&] { return asked_for("/claim") > 0; }));
  offer_run();
  EXPECT_EQ(granted.get().size(), 1U);
}

TEST_F(SourceTest, AClaimThatIsCutGivesBackWhatItWasGranted) {
  offer_run();
  enter(25s);
  lose([](const Request& request) { return request.body.find("\"max\":1") != std::string::npos; });
  auto granted = std::async(std::launch::async, [&] { return claim(); });
  ASSERT_TRUE(wait_for([&] { return asked_for("/claim") > 0; }));
  source->stop_claiming();
  EXPECT_TRUE(granted.get().empty());
  EXPECT_FALSE(leased());
  EXPECT_EQ(state(), RunState::executing);
  EXPECT_EQ(asked_for("/release"), 1);
}

TEST_F(SourceTest, ALeaseThatCannotBeRenewedIsLostAfterItsTime) {
  offer_run();
  enter();
  const auto granted = claim();
  ASSERT_EQ(granted.size(), 1U);
  const auto id = granted[0].run.id;
  lose([](const Request& request) { return request.target.ends_with("/heartbeat"); });
  seconds += 29;
  EXPECT_EQ(source->renew(id, 1), Directive::go_on);
  seconds += 1;
  EXPECT_EQ(source->renew(id, 1), Directive::lost);
  EXPECT_EQ(source->terms(id, 1), std::nullopt);
  EXPECT_TRUE(wait_for([&] { return std::find(trouble.begin(), trouble.end(), "LEASE_STALE") != trouble.end(); }));
}

TEST_F(SourceTest, WhatAPersonCancelsIsHeldNoMore) {
  offer_run();
  enter();
  const auto granted = claim();
  ASSERT_EQ(granted.size(), 1U);
  ASSERT_TRUE(world.engine().desk.cancel(Vtid(1), "enough", "test"));
  ASSERT_TRUE(world.engine().runs.refresh());
  EXPECT_EQ(source->require_lease(granted[0].run.id, 1).error().code, FailureCode::LEASE_STALE);
}

TEST_F(SourceTest, AGatewayThatForgotTheWorkerIsTakenAsNew) {
  enter();
  ASSERT_TRUE(world.store().commit([](store::Ledger& ledger) -> Result<void> {
    for (const auto& row : ledger.workers_beyond(0)) ledger.remove_worker(row.id);
    return {};
  }));
  offer_run();
  EXPECT_EQ(claim().size(), 1U);
  EXPECT_EQ(asked_for("/workers"), 2);
}

TEST_F(SourceTest, AWorkerThatIsDrainedIsGrantedNothing) {
  enter();
  const auto workers = world.engine().workers.workers({.actor = "ada", .role = domain::Role::operator_});
  ASSERT_EQ(workers->size(), 1U);
  ASSERT_TRUE(world.engine().workers.drain(workers->front().row.id, "ada"));
  offer_run();
  EXPECT_TRUE(claim().empty());
  EXPECT_FALSE(leased());
}

TEST_F(SourceTest, ALogGoesOnWhereTheGatewaySays) {
  offer_run();
  enter();
  const auto granted = claim();
  ASSERT_EQ(granted.size(), 1U);
  const auto folder = git::test::temp_dir();
  const auto file = folder.path() / "run.log";
  const auto write = [&](const std::string& text) { std::ofstream(file, std::ios::app | std::ios::binary) << text; };
  log = "of the grant before\n";
  write("of a grant before, here\n");
  lose([lost = 0](const Request& request) mutable {
    return request.target.find("/log?") != std::string::npos && ++lost % 2 == 0;
  });
  {
    LogSender sender(*client, granted[0].run.id, 1, file);
    write("one\n");
    ASSERT_TRUE(wait_for([&] { return log.find("one") != std::string::npos; }));
    write(std::string(1'500'000, 'x') + "\n");
    sender.finish({});
  }
  EXPECT_EQ(logged(), "of the grant before\none\n" + std::string(1'500'000, 'x') + "\n");
}

}  // namespace
}  // namespace vitana::remote
