#include "worker/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vitana::worker {
namespace {

constexpr int stopping_tries = 5;  // nobody waits long for a worker that is to end

struct StepOutcome {
  port::StepReport report;
  std::vector<domain::Evidence> evidence = {};
};

StepOutcome failed(domain::Fence fence, Error error) {
  return {domain::StepFailed{fence, std::move(error)}};
}

}  // namespace

Host::Host(HostOptions options, port::RunSource& source, port::Executor& executor,
           port::Verifier& verifier, Deliver deliver)
    : options_(std::move(options)),
      source_(source),
      executor_(executor),
      verifier_(verifier),
      deliver_(std::move(deliver)) {}

Host::~Host() {
  stop();
  join();
}

void Host::start() {
  int slot = 0;
  for (int i = 0; i < options_.execute_slots; ++i) {
    slots_.emplace_back([this, n = slot++] { work({domain::Step::execute}, n); });
  }
  for (int i = 0; i < options_.verify_slots; ++i) {
    slots_.emplace_back([this, n = slot++] { work(options_.judging, n); });
  }
  renewer_ = std::thread([this] { renew_leases(); });
}

void Host::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  wake_.notify_all();
}

void Host::stop() {
  const std::lock_guard lock(mutex_);
  draining_ = stopping_ = true;
  for (auto& [key, active] : active_) {
    if (active.ending == Ending::none) active.ending = Ending::stopped;
    active.stop.request_stop();
  }
  wake_.notify_all();
}

void Host::join() {
  for (auto& slot : slots_) slot.join();
  slots_.clear();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wake_.notify_all();
  }
  if (renewer_.joinable()) renewer_.join();
}

void Host::nudge() {
  const std::lock_guard lock(mutex_);
  nudged_ = true;
  wake_.notify_all();
}

int Host::busy() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(active_.size());
}

bool Host::draining() const {
  const std::lock_guard lock(mutex_);
  return draining_;
}

void Host::work(std::vector<domain::Step> steps, int slot) {
  while (!draining()) {
    std::uint64_t request = 0;
    {
      const std::lock_guard lock(mutex_);
      request = ++requests_;
    }
    const auto before = source_.moment();
    const auto granted =
        source_.claim({.worker = options_.worker,
                       .request_id = fmt::format("{}:{}:{}", options_.worker, slot, request),
                       .steps = steps,
                       .max = 1});
    if (!granted && options_.fault) options_.fault(granted.error());
    if (!granted || granted->empty()) {
      source_.wait(before, options_.idle_wait);
      // A source that cannot answer may not be asked without a pause.
      std::unique_lock lock(mutex_);
      if (!granted) wake_.wait_for(lock, options_.idle_wait, [this] { return draining_; });
      continue;
    }
    for (const auto& assignment : *granted) carry_out(assignment);
  }
}

void Host::carry_out(const port::Assignment& assignment) {
  const auto fence = assignment.lease().fence;
  const ActiveKey key{assignment.run.id.to_string(), fence};
  std::stop_token stop;
  {
    const std::lock_guard lock(mutex_);
    auto& active = active_[key];
    active.run = assignment.run.id;
    active.fence = fence;
    stop = active.stop.get_token();
    if (stopping_) {  // the grant came while stop() was called
      active.ending = Ending::stopped;
      active.stop.request_stop();
    }
  }
  StepOutcome outcome = failed(fence, {FailureCode::CANCELLED, "the step was stopped"});
  switch (assignment.step) {
    case domain::Step::execute: {
      auto executed = executor_.execute(assignment, stop);
      outcome =
          executed ? StepOutcome{std::move(*executed)} : failed(fence, std::move(executed.error()));
      break;
    }
    case domain::Step::verify: {
      auto found = verifier_.verify(assignment, stop);
      if (!found) {
        outcome = failed(fence, std::move(found.error()));
      } else if (found->error) {
        outcome = failed(fence, std::move(*found->error));
        outcome.evidence = std::move(found->evidence);
      } else {
        outcome = {found->verified, std::move(found->evidence)};
      }
      break;
    }
    case domain::Step::deliver:
      outcome = {deliver_(assignment, stop)};
      break;
  }
  const bool cut_short = stop.stop_requested() &&
                         std::holds_alternative<domain::StepFailed>(outcome.report);
  if (cut_short) {
    const auto ending = [&] {
      const std::lock_guard lock(mutex_);
      return active_[key].ending;
    }();
    // Who cancelled the run, or holds it now, needs no word from here.
    if (ending == Ending::stopped) report(assignment, domain::Release{fence}, {});
  } else {
    report(assignment, outcome.report, std::move(outcome.evidence));
  }
  const std::lock_guard lock(mutex_);
  active_.erase(key);
  wake_.notify_all();
}

// The lease is renewed meanwhile, so a store that is full or locked for a while loses nothing.
Result<void> Host::report_until_taken(const RunId& run, const port::StepReport& report,
                                      const std::vector<domain::Evidence>& evidence) {
  for (int i = 1;; ++i) {
    auto done = source_.report(run, report, evidence);
    if (done || failure_info(done.error().code).cls != FailureClass::storage) return done;
    std::unique_lock lock(mutex_);
    if (i >= (stopping_ ? stopping_tries : options_.report_tries)) return done;
    wake_.wait_for(lock, options_.report_retry, [] { return false; });
  }
}

void Host::report(const port::Assignment& assignment, const port::StepReport& report,
                  std::vector<domain::Evidence> evidence) {
  const auto& run = assignment.run.id;
  const auto tell = [&](const Error& error) {
    if (options_.refused) options_.refused(run, error);
  };
  auto done = report_until_taken(run, report, evidence);
  if (done) return;
  tell(done.error());
  const bool over = done.error().code == FailureCode::LEASE_STALE ||
                    failure_info(done.error().code).cls == FailureClass::storage;
  // What is pushed is pushed: whoever is granted the step again finds it, a failure would deny it.
  if (over || assignment.step == domain::Step::deliver ||
      std::holds_alternative<domain::Release>(report)) {
    return;
  }
  auto reason = std::move(done.error()).under("the engine did not take the step's report");
  // Without the evidence: it may be what was not taken.
  done = report_until_taken(run, domain::StepFailed{assignment.lease().fence, std::move(reason)}, {});
  if (!done) tell(done.error());
}

void Host::renew_leases() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    wake_.wait_for(lock, options_.renew_every, [this] { return ended_ || nudged_; });
    nudged_ = false;
    if (ended_) return;
    std::vector<std::pair<RunId, domain::Fence>> leases;
    for (const auto& [key, active] : active_) leases.emplace_back(active.run, active.fence);
    lock.unlock();
    for (const auto& [run, fence] : leases) obey(run, fence, source_.renew(run, fence));
    lock.lock();
  }
}

void Host::obey(const RunId& run, domain::Fence fence, port::Directive directive) {
  const std::lock_guard lock(mutex_);
  const auto found = active_.find({run.to_string(), fence});
  switch (directive) {
    case port::Directive::go_on:
      return;
    case port::Directive::drain:
      draining_ = true;
      wake_.notify_all();
      return;
    case port::Directive::cancel:
    case port::Directive::lost:
      break;
  }
  if (found == active_.end()) return;
  auto& active = found->second;
  if (active.ending == Ending::none) {
    active.ending = directive == port::Directive::cancel ? Ending::cancelled : Ending::lost;
  }
  active.stop.request_stop();
}

}  // namespace vitana::worker
