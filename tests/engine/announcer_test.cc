// Webhooks of the configuration: what is told, in which order, and what becomes of what is not taken.
#include "engine/announcer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/stop.h"
#include "sql/test_server.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::EventType;
using engine::Announcement;
using engine::Announcer;
using engine::Endpoint;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A store, an engine's settings, and endpoints that do what the test says.
class Announcing : public ::testing::Test {
 protected:
  explicit Announcing(bool on_server = false) {
    if (on_server && !sql::testing::has_server()) return;
    path_ = on_server ? sql::testing::fresh_schema() : ":memory:";
    auto opened = store::Store::open({.path = path_}, clock_, entropy_);
    EXPECT_TRUE(opened);
    store_ = std::move(*opened);
    setup_.home = "a";
    setup_.endpoints = {{"chat", "chat.example", {"vtid.lifecycle.*"}}};
  }

  std::unique_ptr<Announcer> make(const engine::Setup& setup) {
    auto made = std::make_unique<Announcer>(
        *store_, clock_, entropy_, setup, [&](const Endpoint& endpoint, const Announcement& one) -> Result<void> {
          tried_.push_back(endpoint.name + " " + one.event.type);
          ids_.insert(engine::announcement_id(one));
          if (dead_.contains(endpoint.name)) return failure(FailureCode::PEER_REFUSED, "it answered 500");
          return {};
        });
    EXPECT_TRUE(made->begin());
    return made;
  }

  void append(EventType type, const std::string& data = "{}") {
    EXPECT_TRUE(store_->commit([&](store::Ledger& ledger) -> Result<void> {
      ledger.append({type, std::nullopt, std::nullopt, "test", data});
      return {};
    }));
  }

  /// Steps until nothing can be done now; what was tried.
  std::vector<std::string> tell(Announcer& announcer, const std::string& name = "chat") {
    tried_.clear();
    for (int i = 0; i < 1000; ++i) {
      const auto step = announcer.step(name);
      EXPECT_TRUE(step);
      if (!step || !step->tried || step->not_before) break;
    }
    return tried_;
  }

  std::vector<store::StoredEvent> events(const std::string& glob) {
    std::vector<store::StoredEvent> found;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      found = reader.events({.type_glob = glob});
      return {};
    }));
    return found;
  }

  store::WebhookCursorRow cursor(const std::string& name = "chat") {
    std::optional<store::WebhookCursorRow> row;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      row = reader.webhook_cursor(name);
      return {};
    }));
    EXPECT_TRUE(row);
    return row.value_or(store::WebhookCursorRow{});
  }

  SimClock clock_;
  SimEntropy entropy_{1};
  std::string path_;
  std::unique_ptr<store::Store> store_;
  engine::Setup setup_;
  std::set<std::string> dead_;
  std::vector<std::string> tried_;
  std::set<std::string> ids_;
};

TEST_F(Announcing, BeginsAtTheLogsEndAndKeepsItsOrder) {
  append(EventType::task_failed);
  const auto announcer = make(setup_);
  append(EventType::task_allocated);
  append(EventType::run_allocated);
  append(EventType::task_completed);
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.allocated", "chat vtid.lifecycle.completed"));
  EXPECT_THAT(ids_, SizeIs(2));
  EXPECT_THAT(tell(*announcer), IsEmpty());
}

TEST_F(Announcing, AnotherEngineGoesOnWhereTheFirstOneEnded) {
  auto announcer = make(setup_);
  append(EventType::task_allocated);
  EXPECT_THAT(tell(*announcer), SizeIs(1));
  append(EventType::task_completed);
  announcer = make(setup_);  // the other one died
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.completed"));
}

TEST_F(Announcing, TheSameEventIsTriedAgainLaterUnderTheSameId) {
  auto announcer = make(setup_);
  append(EventType::task_failed);
  append(EventType::task_completed);
  dead_ = {"chat"};
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.failed"));
  EXPECT_THAT(tell(*announcer), IsEmpty());
  announcer = make(setup_);
  EXPECT_THAT(tell(*announcer), IsEmpty()) << "the back-off is kept by the store";
  clock_.advance(2s);
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.failed"));
  EXPECT_THAT(ids_, SizeIs(1));
  EXPECT_EQ(cursor().attempts, 2);
  dead_.clear();
  clock_.advance(10s);
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.failed", "chat vtid.lifecycle.completed"));
  EXPECT_FALSE(cursor().failing_since);
}

TEST_F(Announcing, ADeadEndpointDelaysNobodyElse) {
  setup_.endpoints.push_back({"ci", "ci.example", {"*"}});
  const auto announcer = make(setup_);
  dead_ = {"chat"};
  append(EventType::task_failed);
  append(EventType::task_completed);
  EXPECT_THAT(tell(*announcer), SizeIs(1));
  EXPECT_THAT(tell(*announcer, "ci"), SizeIs(2));
}

TEST_F(Announcing, WhatFailsForADayIsPassedOverAndSaysSo) {
  setup_.endpoints.push_back({"ci", "ci.example", {"*"}});
  const auto announcer = make(setup_);
  dead_ = {"chat"};
  append(EventType::task_failed);
  append(EventType::task_cancelled);
  append(EventType::task_completed);
  for (Duration passed{}; passed < 24h; passed += 10min) {
    EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.failed"));
    clock_.advance(10min);
  }
  EXPECT_THAT(events("webhook.*"), IsEmpty());
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.failed"));
  ASSERT_THAT(events("webhook.event.passed_over"), SizeIs(1));
  const auto data = nlohmann::json::parse(events("webhook.event.passed_over").front().data);
  EXPECT_EQ(data["webhook"], "chat");
  EXPECT_EQ(data["type"], "vtid.lifecycle.failed");
  EXPECT_TRUE(data.contains(domain::for_person));
  EXPECT_EQ(cursor().passed_over, 1);
  // Each that follows has one try.
  clock_.advance(10min);
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.cancelled"));
  EXPECT_EQ(cursor().passed_over, 2);
  EXPECT_THAT(events("webhook.event.passed_over"), SizeIs(2));
  dead_.clear();
  clock_.advance(10min);
  EXPECT_THAT(tell(*announcer), ElementsAre("chat vtid.lifecycle.completed"));
  EXPECT_EQ(cursor().passed_over, 0);
  EXPECT_THAT(events("webhook.recovered"), SizeIs(1));
  // Others are told of it, it is not.
  EXPECT_THAT(tell(*announcer, "ci"), SizeIs(6));
}

TEST_F(Announcing, WithoutPatternsWhatNeedsAPersonIsTold) {
  setup_.endpoints = {{"chat", "chat.example", {}}};
  const auto announcer = make(setup_);
  append(EventType::task_failed);  // of no transition: it calls nobody
  append(EventType::breaker_opened, R"({"for_person":{"reason":"paused","next":"mend it"}})");
  append(EventType::webhook_passed_over, R"({"webhook":"chat","for_person":{"reason":"webhook","next":"mend it"}})");
  EXPECT_THAT(tell(*announcer), ElementsAre("chat governance.breaker.opened"));
}

TEST_F(Announcing, WhatIsNotForItCostsNoCommit) {
  const auto announcer = make(setup_);
  for (int i = 0; i < 40; ++i) append(EventType::run_allocated);
  const auto commits = store_->commits();
  EXPECT_THAT(tell(*announcer), IsEmpty());
  EXPECT_EQ(store_->commits(), commits);
  EXPECT_GT(announcer->position("chat"), cursor().seq);
}

TEST_F(Announcing, WhoIsConfiguredNoLongerIsForgotten) {
  auto announcer = make(setup_);
  append(EventType::task_failed);
  auto other = setup_;
  other.endpoints = {{"ci", "ci.example", {"*"}}};
  announcer = make(other);
  EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_FALSE(reader.webhook_cursor("chat"));
    return {};
  }));
  announcer = make(setup_);
  EXPECT_THAT(tell(*announcer), IsEmpty()) << "it begins anew";
}

TEST_F(Announcing, ItHasToldWhatItsEndpointsTakeAndFinishesThat) {
  setup_.endpoints = {{"chat", "chat.example", {"vtid.lifecycle.*"}}, {"dead", "dead.example", {"*"}}};
  dead_ = {"dead"};
  store_->start_committer();
  std::mutex mutex;
  std::map<std::string, int> tries;
  std::atomic<bool> slow = false;
  auto announcer = std::make_unique<Announcer>(
      *store_, clock_, entropy_, setup_, [&](const Endpoint& endpoint, const Announcement&) -> Result<void> {
        {
          const std::lock_guard lock(mutex);
          ++tries[endpoint.name];
        }
        while (slow && !StopScope::current().stop_requested()) std::this_thread::yield();
        if (slow) return failure(FailureCode::CANCELLED, "it was cut");
        if (dead_.contains(endpoint.name)) return failure(FailureCode::PEER_REFUSED, "it answered 500");
        return {};
      });
  const auto head = [&] {
    store::Sequence end = 0;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      end = reader.head().seq;
      return {};
    }));
    return end;
  };
  EXPECT_TRUE(announcer->told(head())) << "before start() there is nobody to tell";
  ASSERT_TRUE(announcer->start({}));
  for (int i = 0; i < 5; ++i) append(EventType::task_completed);
  announcer->finish(30s);
  EXPECT_TRUE(announcer->told(head())) << "who fails is not waited for";
  {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(tries["chat"], 5);
    EXPECT_GE(tries["dead"], 1);
  }
  slow = true;
  append(EventType::task_failed);
  EXPECT_FALSE(announcer->told(head()));
  announcer->finish(1ms);
  std::jthread hurry([&] { announcer->request_stop(); });
  announcer->finish(30s);
  EXPECT_FALSE(announcer->told(head()));
  announcer->join();
  EXPECT_EQ(cursor().seq, head() - 1);
}

class AnnouncingOnServer : public Announcing {
 protected:
  AnnouncingOnServer() : Announcing(true) {}
  void SetUp() override {
    if (!store_) GTEST_SKIP() << "NO PostgreSQL SERVER: what engines share is not tested";
  }
};

TEST_F(AnnouncingOnServer, WhatAnotherEngineToldMeanwhileIsNoRestoredStore) {
  const auto here = make(setup_);
  bool looks = false;
  // Between its look and its unit.
  const auto prepared = [&](std::string_view text) {
    if (text.find("webhook_cursors") == std::string_view::npos || !std::exchange(looks, false)) return;
    append(EventType::task_failed);
    EXPECT_THAT(tell(*here), SizeIs(1));
  };
  auto theirs = store::Store::open({.path = path_, .prepared = prepared}, clock_, entropy_);
  ASSERT_TRUE(theirs);
  auto setup = setup_;
  setup.home = "b";
  setup.endpoints.push_back({"ci", "ci.example", {"*"}});
  Announcer there(**theirs, clock_, entropy_, setup, {});
  looks = true;
  ASSERT_TRUE(there.begin());
  EXPECT_FALSE(looks);
  EXPECT_EQ(cursor().seq, events("*").back().seq);
  EXPECT_EQ(cursor("ci").seq, cursor().seq);
}

TEST_F(AnnouncingOnServer, OneEngineTellsUntilItIsGone) {
  const auto here = make(setup_);
  auto theirs = setup_;
  theirs.home = "b";
  const auto there = make(theirs);
  append(EventType::task_failed);
  EXPECT_THAT(tell(*here), SizeIs(1));
  append(EventType::task_completed);
  EXPECT_THAT(tell(*there), IsEmpty());
  clock_.advance(engine::announce_hold + 1s);
  EXPECT_THAT(tell(*there), ElementsAre("chat vtid.lifecycle.completed"));
  append(EventType::task_cancelled);
  EXPECT_THAT(tell(*here), IsEmpty());
  EXPECT_THAT(tell(*there), SizeIs(1));
  // What only one of them has is not forgotten by the other.
  theirs.endpoints.clear();
  auto third = theirs;
  third.home = "c";
  (void)make(third);
  EXPECT_EQ(cursor().holder, "b");
}

}  // namespace
}  // namespace vitana::testing
