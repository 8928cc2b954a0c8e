#include "worker/host.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <semaphore>
#include <set>

namespace vitana::worker {
namespace {

using namespace std::chrono_literals;
using domain::Step;

// Grants what it was given, once; collects reports.
class FakeSource : public port::RunSource {
 public:
  Result<std::vector<port::Assignment>> claim(const port::ClaimRequest& request) override {
    const std::lock_guard lock(mutex);
    requests.insert(request.request_id);
    ++claims;
    for (auto i = waiting.begin(); i != waiting.end(); ++i) {
      if (std::ranges::find(request.steps, i->step) == request.steps.end()) continue;
      std::vector<port::Assignment> granted{*i};
      waiting.erase(i);
      return granted;
    }
    return std::vector<port::Assignment>{};
  }
  Result<void> require_lease(const RunId&, domain::Fence) override { return {}; }
  port::Directive renew(const RunId&, domain::Fence) override {
    renewed.release();
    return directive;
  }
  Result<void> report(const RunId&, const port::StepReport& report,
                      std::vector<domain::Evidence>) override {
    {
      const std::lock_guard lock(mutex);
      ++tries;
      if (refuses && refuses(report)) {
        refused.release();
        return failure(*refuses(report), "not taken");
      }
      if (refusals > 0) {
        --refusals;
        return failure(FailureCode::STORE_BUSY, "busy");
      }
      reports.push_back(report);
    }
    reported.release();
    return {};
  }
  std::uint64_t moment() override { return 0; }
  void wait(std::uint64_t, Duration timeout) override {
    std::unique_lock lock(mutex);
    idle.wait_for(lock, std::min<Duration>(timeout, 5ms));
  }

  std::mutex mutex;
  std::condition_variable idle;
  std::vector<port::Assignment> waiting;
  std::vector<port::StepReport> reports;
  std::set<std::string> requests;
  std::size_t claims = 0;
  int refusals = 0;
  int tries = 0;
  std::function<std::optional<FailureCode>(const port::StepReport&)> refuses;
  std::atomic<port::Directive> directive = port::Directive::go_on;
  std::counting_semaphore<> reported{0}, renewed{0}, refused{0};
};

// Works until it is stopped, or not at all.
class FakeExecutor : public port::Executor {
 public:
  Result<domain::Executed> execute(const port::Assignment& assignment,
                                   std::stop_token stop) override {
    started.release();
    if (!blocks) return domain::Executed{.fence = assignment.lease().fence};
    std::promise<void> stopped;
    const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
    stopped.get_future().wait_for(20s);
    return failure(FailureCode::CANCELLED, "stopped");
  }
  bool blocks = false;
  std::counting_semaphore<> started{0};
};

class FakeVerifier : public port::Verifier {
 public:
  Result<port::Verification> verify(const port::Assignment&, std::stop_token) override {
    port::Verification found;
    found.error = Error{FailureCode::CHECKS_FAILED, "red"};
    return found;
  }
};

port::Assignment assignment(Step step) {
  port::Assignment result{.run = {.id = {Vtid(1), 1}}};
  result.step = step;
  result.run.lease = domain::Lease{"w", 3, {}, {}};
  return result;
}

class HostTest : public ::testing::Test {
 protected:
  void begin(HostOptions options = {.worker = "w", .execute_slots = 1, .verify_slots = 1}) {
    options.report_retry = 1ms;
    host = std::make_unique<Host>(options, source, executor, verifier, deliver);
    host->start();
  }
  void end() {
    host->stop();
    host->join();
  }

  FakeSource source;
  FakeExecutor executor;
  FakeVerifier verifier;
  Deliver deliver = [](const port::Assignment& step, std::stop_token) {
    return domain::Delivered{step.lease().fence};
  };
  std::unique_ptr<Host> host;
};

TEST_F(HostTest, EachStepIsCarriedOutAndReported) {
  source.waiting = {assignment(Step::execute), assignment(Step::verify), assignment(Step::deliver)};
  begin();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(source.reported.try_acquire_for(10s));
  end();
  int executed = 0, failed = 0, delivered = 0;
  for (const auto& report : source.reports) {
    executed += std::holds_alternative<domain::Executed>(report);
    failed += std::holds_alternative<domain::StepFailed>(report);
    delivered += std::holds_alternative<domain::Delivered>(report);
  }
  EXPECT_EQ(std::tie(executed, failed, delivered), std::make_tuple(1, 1, 1));
}

TEST_F(HostTest, EveryClaimHasARequestOfItsOwn) {
  source.waiting = {assignment(Step::execute), assignment(Step::execute)};
  begin();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(source.reported.try_acquire_for(10s));
  end();
  EXPECT_EQ(source.requests.size(), source.claims);
}

TEST_F(HostTest, ReportIsRepeatedWhileTheStoreIsBusy) {
  source.refusals = 5;
  source.waiting = {assignment(Step::execute)};
  begin();
  EXPECT_TRUE(source.reported.try_acquire_for(10s));
  end();
}

// What the host does when a report is refused, and whom it tells.
class RefusedReport : public HostTest {
 protected:
  void work_off(Step step) {
    source.waiting = {assignment(step)};
    begin({.worker = "w",
           .execute_slots = 1,
           .verify_slots = 1,
           .report_tries = 3,
           .refused = [this](const RunId& run, const Error& error) {
             const std::lock_guard lock(source.mutex);
             told.push_back(run.to_string() + " " + std::string(name_of(error.code)));
           }});
    ASSERT_TRUE(source.refused.try_acquire_for(10s));
    host->drain();
    host->join();
  }
  std::vector<std::string> told;
};

TEST_F(RefusedReport, EndsTheRunWithTheReason) {
  source.refuses = [](const auto& report) {
    return std::holds_alternative<domain::Executed>(report)
               ? std::optional(FailureCode::STATE_REFUSED)
               : std::nullopt;
  };
  work_off(Step::execute);
  EXPECT_THAT(told, ::testing::ElementsAre("VTID-00001.1 STATE_REFUSED"));
  ASSERT_EQ(source.reports.size(), 1U);
  const auto* failed = std::get_if<domain::StepFailed>(&source.reports[0]);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->fence, 3);
  EXPECT_EQ(failed->error.code, FailureCode::STATE_REFUSED);
  EXPECT_THAT(failed->error.causes, ::testing::ElementsAre("not taken"));
}

TEST_F(RefusedReport, IsLeftToTheLeaseWhenTheFailureIsRefusedToo) {
  source.refuses = [](const auto&) { return FailureCode::INVARIANT_BROKEN; };
  work_off(Step::execute);
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(source.tries, 2);
  EXPECT_EQ(host->busy(), 0);
}

TEST_F(RefusedReport, OfADeliveryNeverBecomesAFailure) {
  source.refuses = [](const auto&) { return FailureCode::STATE_REFUSED; };
  work_off(Step::deliver);
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(source.tries, 1);
}

TEST_F(RefusedReport, OfALostLeaseIsNotRepeated) {
  source.refuses = [](const auto&) { return FailureCode::LEASE_STALE; };
  work_off(Step::execute);
  EXPECT_THAT(told, ::testing::ElementsAre("VTID-00001.1 LEASE_STALE"));
  EXPECT_EQ(source.tries, 1);
}

TEST_F(RefusedReport, OfAStoreThatStaysFullIsToldOnce) {
  source.refuses = [](const auto&) { return FailureCode::STORE_FULL; };
  work_off(Step::verify);
  EXPECT_THAT(told, ::testing::ElementsAre("VTID-00001.1 STORE_FULL"));
  EXPECT_EQ(source.tries, 3);
}

TEST_F(HostTest, LeasesAreRenewedWhileAStepRuns) {
  executor.blocks = true;
  source.waiting = {assignment(Step::execute)};
  begin({.worker = "w", .execute_slots = 1, .verify_slots = 0, .renew_every = 5ms});
  ASSERT_TRUE(executor.started.try_acquire_for(10s));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(source.renewed.try_acquire_for(10s));
  end();
}

TEST_F(HostTest, CancelEndsTheStepWithoutAWord) {
  executor.blocks = true;
  source.waiting = {assignment(Step::execute)};
  begin();
  ASSERT_TRUE(executor.started.try_acquire_for(10s));
  source.directive = port::Directive::cancel;
  host->nudge();
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (host->busy() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(host->busy(), 0);
  end();
  EXPECT_TRUE(source.reports.empty());
}

TEST_F(HostTest, StopGivesTheStepBack) {
  executor.blocks = true;
  source.waiting = {assignment(Step::execute)};
  begin();
  ASSERT_TRUE(executor.started.try_acquire_for(10s));
  end();
  ASSERT_EQ(source.reports.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<domain::Release>(source.reports[0]));
}

TEST_F(HostTest, StopEndsADeliveryThatHangsAndGivesItBack) {
  deliver = [this](const port::Assignment& step, std::stop_token stop) -> port::StepReport {
    auto ended = executor.execute(step, std::move(stop));
    return domain::StepFailed{step.lease().fence, ended.error()};
  };
  executor.blocks = true;
  source.waiting = {assignment(Step::deliver)};
  begin();
  ASSERT_TRUE(executor.started.try_acquire_for(10s));
  end();
  ASSERT_EQ(source.reports.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<domain::Release>(source.reports[0]));
}

TEST_F(HostTest, DrainClaimsNothingMore) {
  executor.blocks = true;
  source.waiting = {assignment(Step::execute), assignment(Step::execute)};
  begin();
  ASSERT_TRUE(executor.started.try_acquire_for(10s));
  host->drain();
  end();
  EXPECT_EQ(source.waiting.size(), 1U);
  EXPECT_EQ(host->busy(), 0);
}

}  // namespace
}  // namespace vitana::worker
