// Branches that register nothing, and statuses of commits: what is told, by whom, and what is no one's to tell.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "domain/effect.h"
#include "engine/branch_checks.h"
#include "engine/commit_statuses.h"
#include "sql/test_server.h"
#include "store/chain.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::EffectKind;
using engine::BranchChecks;
using engine::CommitStatus;
using engine::CommitStatuses;
using engine::FileOutcome;
using engine::RepoSetup;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::json;

const std::string first(40, '1');
const std::string second(40, '2');

/// A store, a repository that was read once, and a forge that does what the test says.
class Outward : public ::testing::Test {
 protected:
  explicit Outward(bool on_server = false) {
    if (on_server && !sql::testing::has_server()) return;
    auto opened = store::Store::open({.path = on_server ? sql::testing::fresh_schema() : ":memory:",
                                      .mode = store::OpenMode::engine},
                                     clock_, entropy_);
    EXPECT_TRUE(opened);
    store_ = std::move(*opened);
    setup_.repos.push_back(repo("hub"));
    setup_.home = "a";
    repository_->commit({{"page.html", "<b>red</b>\n"}});
    engine::Registry registry(*store_, entropy_, setup_);
    EXPECT_TRUE(registry.sync(setup_.repos.front()));
  }
  void SetUp() override {
    if (!store_) GTEST_SKIP() << "NO PostgreSQL SERVER: what engines share is not tested";
  }

  RepoSetup repo(const std::string& name) {
    return {.name = name, .repository = repository_, .specs = {"docs/specs/**/*.md"}, .tells_status = true};
  }
  static FileOutcome file(const std::string& outcome) {
    return {.path = "docs/specs/x.md", .vtid = {}, .outcome = outcome, .reason = outcome == "valid" ? "" : "it is bad",
            .digest = ""};
  }
  void put(const std::string& commit, bool good, const std::string& name = "hub") {
    const std::vector<FileOutcome> files{file(good ? "valid" : "invalid")};
    EXPECT_TRUE(store_->commit([&](store::Ledger& ledger) -> Result<void> {
      engine::put_status(ledger, repo(name), commit, files);
      return {};
    }));
  }
  std::unique_ptr<CommitStatuses> statuses(const engine::Setup& setup) {
    auto teller = [this](const CommitStatus& status) -> Result<void> {
      told_.push_back(fmt::format("{} {} {}", status.repo, status.commit.front(), status.good ? "good" : "bad"));
      if (during_) std::exchange(during_, {})();
      if (error_) return failure(*error_, "503");
      return {};
    };
    return std::make_unique<CommitStatuses>(*store_, clock_, entropy_, setup, std::move(teller));
  }
  std::vector<std::string> tell(CommitStatuses& statuses) {
    told_.clear();
    EXPECT_TRUE(statuses.tell());
    return told_;
  }

  void hint(const std::string& ref, const std::string& delivery, const std::string& name = "hub") {
    EXPECT_TRUE(store_->commit([&](store::Ledger& ledger) -> Result<void> {
      engine::put_branch_check(ledger, name, ref, delivery);
      return {};
    }));
  }
  int check(const engine::Setup& setup) {
    engine::Registry registry(*store_, entropy_, setup);
    BranchChecks checks(*store_, entropy_, setup, registry);
    const auto done = checks.check();
    EXPECT_TRUE(done);
    return done.value_or(-1);
  }
  std::vector<Json> checked() {
    std::vector<Json> all;
    for (const auto& event : events("repo.branch.checked")) all.push_back(Json::parse(event.data));
    return all;
  }
  std::vector<store::StoredEvent> events(const std::string& glob) {
    std::vector<store::StoredEvent> found;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      found = reader.events({.type_glob = glob});
      return {};
    }));
    return found;
  }
  std::vector<std::string> pending(EffectKind kind) {
    std::vector<std::string> keys;
    EXPECT_TRUE(store_->commit([&](store::Ledger& ledger) -> Result<void> {
      keys.clear();
      for (const auto& row : ledger.pending(kind, 1000)) keys.push_back(row.effect.key);
      return {};
    }));
    return keys;
  }
  /// As the autopilot asks.
  bool quiet(const engine::Setup& setup) {
    bool answer = false;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      auto own = engine::branch_check_keys(reader, setup);
      for (auto& keys : engine::status_keys(setup)) own.push_back(keys);
      answer = reader.quiet(own);
      return {};
    }));
    return answer;
  }

  SimClock clock_;
  SimEntropy entropy_{1};
  std::shared_ptr<SimRepository> repository_ = std::make_shared<SimRepository>();
  std::unique_ptr<store::Store> store_;
  engine::Setup setup_;
  std::vector<std::string> told_;
  std::function<void()> during_;  ///< while the next one is told
  std::optional<FailureCode> error_;
};

TEST_F(Outward, OfManyBadSpecsTheEventNamesAsManyAsItMayHold) {
  SimRepository::Tree tree;
  for (int i = 1; i <= 60; ++i) {
    tree[fmt::format("docs/specs/VTID-{:05}-{}.md", i, std::string(100, 'x'))] =
        fmt::format("---\nvtid: VTID-{:05}\n---\n# {}\n\nTBD\n", i, std::string(300, '"'));
  }
  repository_->put_back("topic", repository_->tip());
  repository_->commit(tree, "topic");
  hint("refs/heads/topic", "1");
  EXPECT_EQ(check(setup_), 1);
  ASSERT_THAT(checked(), SizeIs(1));
  const auto told = checked().front();
  EXPECT_LE(told.dump().size(), store::event_data_max);
  ASSERT_TRUE(told.contains("files")) << told;
  EXPECT_GT(told["files"].size(), 20U);
  EXPECT_LT(told["files"].size(), 60U);
  EXPECT_FALSE(told["files"].front()["diagnostics"].empty());
  EXPECT_EQ(told["outcomes"]["invalid"], 60);
  EXPECT_EQ(told["more"], true);
}

TEST_F(Outward, OfABranchsPushesTheNewestIsLookedAt) {
  repository_->put_back("topic", repository_->tip());
  const auto commit = repository_->commit({{"docs/specs/00001-x.md", sample_spec()}}, "topic");
  hint("refs/heads/topic", "1");
  hint("refs/heads/topic", "2");
  EXPECT_THAT(pending(EffectKind::check_branch), ElementsAre("branch:hub:2"));
  EXPECT_EQ(check(setup_), 1);
  ASSERT_THAT(checked(), SizeIs(1));
  EXPECT_EQ(checked().front()["commit"], commit);
  EXPECT_EQ(checked().front()["more"], false);
  EXPECT_THAT(pending(EffectKind::commit_status), SizeIs(1));
}

TEST_F(Outward, OfMoreBranchesThanMayWaitTheLongestWaitingIsForgotten) {
  for (int i = 0; i < 40; ++i) hint(fmt::format("refs/heads/topic-{}", i), std::to_string(i));
  hint("refs/heads/topic-0", "a", "other");
  const auto waiting = pending(EffectKind::check_branch);
  ASSERT_THAT(waiting, SizeIs(engine::branches_waiting_max + 1));
  EXPECT_EQ(waiting.front(), "branch:hub:8");
  EXPECT_EQ(waiting.back(), "branch:other:a");
}

TEST_F(Outward, ABranchOfARepositoryThatWasNeverReadHoldsNobodyUp) {
  auto setup = setup_;
  setup.repos.insert(setup.repos.begin(), repo("unread"));
  for (int i = 0; i < 40; ++i) hint(fmt::format("refs/heads/topic-{}", i), std::to_string(i), "unread");
  EXPECT_TRUE(quiet(setup));
  hint("refs/heads/gone", "1");
  EXPECT_FALSE(quiet(setup));
  EXPECT_EQ(check(setup), 1);
  EXPECT_TRUE(quiet(setup));
  EXPECT_THAT(pending(EffectKind::check_branch), SizeIs(32)) << "they wait for the first sync";
}

TEST_F(Outward, WhatNobodyTellsOrLooksAtIsVoidFromTheStart) {
  put(first, true);
  put(second, true, "other");
  hint("refs/heads/topic", "1");
  hint("refs/heads/topic", "2", "other");
  EXPECT_FALSE(quiet(setup_));
  auto silent = setup_;
  silent.repos.front().tells_status = false;  // its token was taken away
  auto bare = setup_;
  bare.repos.clear();
  EXPECT_TRUE(quiet(bare)) << "it does nothing of this";

  const auto fault = [](const Error& error) { ADD_FAILURE() << to_string(error); };
  store_->start_committer();
  engine::Registry registry(*store_, entropy_, bare);
  BranchChecks(*store_, entropy_, bare, registry).start(fault);
  EXPECT_THAT(pending(EffectKind::check_branch), IsEmpty());
  statuses(silent)->start(fault);
  EXPECT_THAT(pending(EffectKind::commit_status), IsEmpty());
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_TRUE(quiet(setup_));
}

TEST_F(Outward, TheNewerStatusOfACommitIsTheOneThatIsTold) {
  put(first, false);
  put(first, true);  // at the same moment
  put(second, false);
  EXPECT_THAT(tell(*statuses(setup_)), ElementsAre("hub 1 good", "hub 2 bad"));
  EXPECT_THAT(tell(*statuses(setup_)), IsEmpty());
}

TEST_F(Outward, AStatusThatIsOvertakenAfterTheLookIsNotTold) {
  put(first, false);
  put(second, false);
  during_ = [this] { put(second, true); };
  EXPECT_THAT(tell(*statuses(setup_)), ElementsAre("hub 1 bad"));
  EXPECT_THAT(tell(*statuses(setup_)), ElementsAre("hub 2 good"));
}

TEST_F(Outward, AForgeThatDoesNotAnswerIsGivenUpAfterADay) {
  put(first, true);
  error_ = FailureCode::PEER_REFUSED;
  const auto teller = statuses(setup_);
  int tries = 0;
  for (const auto begun = clock_.now(); clock_.now() - begun < engine::status_for; clock_.advance(1min)) {
    tries += static_cast<int>(tell(*teller).size());
  }
  EXPECT_GT(tries, 100);
  EXPECT_THAT(pending(EffectKind::commit_status), SizeIs(1));
  EXPECT_TRUE(quiet(setup_)) << "nobody waits for it";
  clock_.advance(engine::status_delay_max * 2);
  EXPECT_THAT(tell(*teller), SizeIs(1));
  EXPECT_THAT(pending(EffectKind::commit_status), IsEmpty());
  EXPECT_THAT(events("outbox.effect.failed"), SizeIs(1));
}

class OutwardOnServer : public Outward {
 protected:
  OutwardOnServer() : Outward(true) {}
};

TEST_F(OutwardOnServer, OneEngineTellsAStatus) {
  put(first, false);
  const auto here = statuses(setup_);
  auto theirs = setup_;
  theirs.home = "b";
  const auto there = statuses(theirs);
  bool looked = false;
  during_ = [&] {
    looked = true;
    EXPECT_TRUE(there->tell());
    // An old failure that is under way does not come after a success.
    put(first, true);
    EXPECT_TRUE(there->tell());
  };
  EXPECT_THAT(tell(*here), ElementsAre("hub 1 bad"));
  EXPECT_TRUE(looked);
  EXPECT_FALSE(quiet(setup_)) << "it is put off";
  clock_.advance(engine::status_hold);
  EXPECT_THAT(tell(*there), ElementsAre("hub 1 good"));
  EXPECT_THAT(tell(*here), IsEmpty());
}

TEST_F(OutwardOnServer, OneThatWasCutIsAnotherEnginesAtOnce) {
  put(first, true);
  error_ = FailureCode::CANCELLED;
  EXPECT_THAT(tell(*statuses(setup_)), SizeIs(1));
  error_.reset();
  EXPECT_THAT(tell(*statuses(setup_)), SizeIs(1));
  EXPECT_THAT(tell(*statuses(setup_)), IsEmpty());
}

TEST_F(OutwardOnServer, WhatAnEngineLeftThatIsDownBlocksNobody) {
  for (int i = 0; i < 2 * engine::statuses_max; ++i) put(fmt::format("{:040}", i), true, "other");
  for (int i = 0; i < 40; ++i) hint(fmt::format("refs/heads/topic-{}", i), std::to_string(i), "other");
  for (int i = 0; i < 40; ++i) hint(fmt::format("refs/heads/topic-{}", i), std::to_string(i), "third");
  clock_.advance(1s);
  put(first, true);
  hint("refs/heads/gone", "1");
  const auto teller = statuses(setup_);
  EXPECT_TRUE(teller->begin());
  EXPECT_THAT(tell(*teller), ElementsAre("hub 1 good"));
  EXPECT_EQ(check(setup_), 1);
  EXPECT_TRUE(quiet(setup_));
  EXPECT_THAT(pending(EffectKind::commit_status), SizeIs(2 * engine::statuses_max)) << "it may come back";
  clock_.advance(engine::status_for);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(tell(*teller), IsEmpty());
  EXPECT_THAT(pending(EffectKind::commit_status), IsEmpty());
}

}  // namespace
}  // namespace vitana::testing
