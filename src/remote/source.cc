#include "remote/source.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace vitana::remote {

using namespace std::chrono_literals;
using port::Directive;

namespace {

constexpr int claim_tries = 5;  ///< of one request: what it was granted is lost by then
constexpr int give_back_tries = 3;

bool is_forgotten(const Error& error) { return error.code == FailureCode::NOT_FOUND; }

}  // namespace

Elapsed elapsed() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Source::Source(GatewayClient& gateway, SourceOptions options) : gateway_(gateway), options_(std::move(options)) {}

Source::~Source() { stop(); }

void Source::stop() {
  claiming_.request_stop();
  beating_.request_stop();
  if (beating_.joinable()) beating_.join();
}

Result<void> Source::enter() {
  auto registration = gateway_.enter(options_.worker, {});
  if (!registration) return failure(std::move(registration.error()));
  if (options_.step == domain::Step::verify) {
    // That the token may judge is known before there is anything to judge; a claim of nothing is granted nothing.
    const auto may = gateway_.claim(registration->id, options_.nonce + ":may", options_.step, 0, Duration{0}, {});
    if (!may && may.error().code == FailureCode::NOT_ALLOWED) return failure(may.error());
  }
  {
    const std::lock_guard lock(mutex_);
    registration_ = std::move(*registration);
    registered_ = 1;
  }
  beating_ = std::jthread([this](const std::stop_token& stop) { beat(stop); });
  return {};
}

Source::Known Source::known() const {
  const std::lock_guard lock(mutex_);
  return {registration_.id, registered_};
}

Result<Source::Known> Source::known_or_anew(const std::stop_token& stop, int forgotten) {
  const std::lock_guard one_at_a_time(entering_);
  if (auto present = known(); present.registered != forgotten) return present;
  auto registration = gateway_.enter(options_.worker, stop);
  if (!registration) return failure(std::move(registration.error()));
  {
    const std::lock_guard lock(mutex_);
    registration_ = std::move(*registration);
    ++registered_;
  }
  return known();
}

void Source::note(const Result<void>& answered) {
  const bool bad = !answered && answered.error().code != FailureCode::CANCELLED;
  {
    const std::lock_guard lock(mutex_);
    const bool told = std::exchange(in_trouble_, bad);
    if (!bad || told) return;
  }
  if (options_.trouble) options_.trouble(answered.error());
}

Result<std::vector<Granted>> Source::ask_for_work(const std::string& request_id, int max, const std::stop_token& stop) {
  int forgotten = 0;
  for (int tries = 1;; ++tries) {
    auto mine = known_or_anew(stop, forgotten);
    auto granted = mine ? gateway_.claim(mine->id, request_id, options_.step, max, options_.claim_wait, stop)
                        : Result<std::vector<Granted>>(failure(mine.error()));
    note(granted ? Result<void>() : Result<void>(failure(granted.error())));
    if (granted || stop.stop_requested() || tries >= claim_tries) return granted;
    const bool anew = mine && is_forgotten(granted.error());
    if (anew) forgotten = mine->registered;
    Duration pause{};
    {
      const std::lock_guard lock(mutex_);
      pause = claim_pause_.next();
    }
    pause_for(pause, stop);
    if (!anew && !may_pass(granted.error())) return granted;
  }
}

Result<std::vector<port::Assignment>> Source::claim(const port::ClaimRequest& request) {
  const auto stop = claiming_.get_token();
  const auto& steps = request.steps;
  const bool for_these = std::find(steps.begin(), steps.end(), options_.step) != steps.end();
  if (!for_these || stop.stop_requested()) return std::vector<port::Assignment>();
  if (options_.grants_max > 0 && granted() >= options_.grants_max) {
    pause_for(options_.claim_wait, stop);
    return std::vector<port::Assignment>();
  }
  const auto request_id = fmt::format("{}:{}", options_.nonce, request.request_id);
  auto granted = ask_for_work(request_id, request.max, stop);
  const auto answered = options_.elapsed();
  if (stop.stop_requested()) {
    if (!granted) give_back(request_id);
    if (granted) {
      for (const auto& [assignment, _] : *granted) {
        (void)gateway_.report(assignment.run.id, domain::Release{assignment.lease().fence}, {}, {});
      }
    }
    return std::vector<port::Assignment>();
  }
  if (!granted) return failure(std::move(granted.error()));
  const auto other = std::find_if(granted->begin(), granted->end(),
                                  [&](const Granted& one) { return one.assignment.step != options_.step; });
  if (other != granted->end()) {
    for (const auto& [assignment, _] : *granted) {
      (void)gateway_.report(assignment.run.id, domain::Release{assignment.lease().fence}, {}, {});
    }
    return failure(FailureCode::PEER_REFUSED, "the gateway grants other steps than those that are asked for: upgrade it");
  }
  return keep(std::move(*granted), answered);
}

std::vector<port::Assignment> Source::keep(std::vector<Granted> granted, Elapsed answered) {
  std::vector<port::Assignment> assignments;
  const std::lock_guard lock(mutex_);
  claim_pause_.reset();
  in_vain_ = granted.empty() ? in_vain_ + 1 : 0;
  granted_ += static_cast<int>(granted.size());
  for (auto& [assignment, terms] : granted) {
    held_[{assignment.run.id, assignment.lease().fence}] = {std::move(terms), answered};
    assignments.push_back(std::move(assignment));
  }
  // How long the answer was under way is not known: the first renewal follows at once.
  if (!assignments.empty()) beat_now_ = true;
  wake_.notify_all();
  return assignments;
}

/// What a claim that was cut may have been granted: asked for with the same request, and released.
void Source::give_back(const std::string& request_id) {
  const auto id = known().id;
  for (int i = 0; i < give_back_tries; ++i) {
    const auto granted = gateway_.claim(id, request_id, options_.step, 0, Duration{0}, {});
    if (!granted && may_pass(granted.error())) continue;
    if (!granted) return;
    for (const auto& [assignment, _] : *granted) {
      (void)gateway_.report(assignment.run.id, domain::Release{assignment.lease().fence}, {}, {});
    }
    return;
  }
}

void Source::beat(const std::stop_token& stop) {
  Pause pause;
  while (!stop.stop_requested()) {
    const auto next = beat_once(stop, pause);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, next, [this] { return beat_now_; });
    beat_now_ = false;
  }
}

Duration Source::beat_once(const std::stop_token& stop, Pause& pause) {
  std::vector<port::HeldRun> held;
  const auto mine = known();
  Duration every{};
  bool drained_before = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, _] : held_) held.push_back({key.first, key.second});
    every = registration_.renew_every;
    drained_before = drain_;
  }
  const auto sent = options_.elapsed();
  const auto pulse = gateway_.heartbeat(mine.id, held, stop);
  note(pulse ? Result<void>() : Result<void>(failure(pulse.error())));
  if (!pulse) {
    lose_unconfirmed();
    if (is_forgotten(pulse.error()) && known_or_anew(stop, mine.registered)) return Duration{0};
    return std::min(every, pause.next());
  }
  pause.reset();
  std::vector<Key> lost;
  bool drained = false;
  {
    const std::lock_guard lock(mutex_);
    drain_ = pulse->drain;
    drained = drain_ && !drained_before;
    for (std::size_t i = 0; i < held.size(); ++i) {
      const auto found = held_.find({held[i].run, held[i].fence});
      if (found == held_.end()) continue;
      found->second.confirmed = sent;
      if (pulse->directives[i] == Directive::go_on) continue;
      lost.push_back(found->first);
      held_.erase(found);
    }
  }
  tell_lost(lost);
  if (drained && changed_) changed_();
  return every;
}

void Source::tell_lost(const std::vector<Key>& lost) {
  for (const auto& [run, _] : lost) {
    if (!options_.trouble) break;
    options_.trouble({FailureCode::LEASE_STALE, fmt::format("run {} is not held here any more", run.to_string())});
  }
  if (!lost.empty() && changed_) changed_();
}

void Source::lose_unconfirmed() {
  std::vector<Key> lost;
  {
    const auto now = options_.elapsed();
    const std::lock_guard lock(mutex_);
    for (auto it = held_.begin(); it != held_.end();) {
      const bool late = now - it->second.confirmed >= registration_.lease;
      if (late) lost.push_back(it->first);
      it = late ? held_.erase(it) : std::next(it);
    }
  }
  tell_lost(lost);
}

Directive Source::renew(const RunId& run, domain::Fence fence) {
  lose_unconfirmed();
  const std::lock_guard lock(mutex_);
  if (!held_.contains({run, fence})) return Directive::lost;
  return drain_ ? Directive::drain : Directive::go_on;
}

bool Source::is_lost(const Key& key) const {
  const auto now = options_.elapsed();
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(key);
  return found == held_.end() || now - found->second.confirmed >= registration_.lease;
}

Result<void> Source::require_lease(const RunId& run, domain::Fence fence) {
  const auto pulse = gateway_.heartbeat(known().id, {{run, fence}}, {});
  if (!pulse) return failure(pulse.error());
  if (pulse->directives.front() == Directive::go_on) return {};
  return failure(FailureCode::LEASE_STALE, fmt::format("run {} is not under token {} any more", run.to_string(), fence));
}

Result<void> Source::report(const RunId& run, const port::StepReport& report, std::vector<domain::Evidence> evidence) {
  const Key key{run, std::visit([](const auto& r) { return r.fence; }, report)};
  Pause pause;
  const auto began = options_.elapsed();
  const auto lease = [this] {
    const std::lock_guard lock(mutex_);
    return registration_.lease;
  }();
  for (;;) {
    auto done = gateway_.report(run, report, evidence, {});
    note(done || !may_pass(done.error()) ? Result<void>() : Result<void>(failure(done.error())));
    const bool stale = !done && done.error().code == FailureCode::LEASE_STALE;
    // A result that is refused is followed by a failure; where that is refused too, the lease is to run out.
    const bool last = !done && !may_pass(done.error()) && !std::holds_alternative<domain::Executed>(report) &&
                      !std::holds_alternative<domain::Verified>(report);
    if (done || stale || last || std::holds_alternative<domain::Release>(report)) {
      const std::lock_guard lock(mutex_);
      held_.erase(key);
      return done;
    }
    if (!may_pass(done.error())) return done;
    if (is_lost(key) && options_.elapsed() - began >= lease) {
      const std::lock_guard lock(mutex_);
      held_.erase(key);
      return failure(std::move(done.error()).under("the lease ran out before the gateway could be told"));
    }
    pause_for(std::min(pause.next(), Duration(2s)), beating_.get_stop_token());
  }
}

std::optional<Terms> Source::terms(const RunId& run, domain::Fence fence) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find({run, fence});
  return found == held_.end() ? std::nullopt : std::optional(found->second.terms);
}

void Source::stop_claiming() { claiming_.request_stop(); }

bool Source::told_to_drain() const {
  const std::lock_guard lock(mutex_);
  return drain_;
}

int Source::claims_in_vain() const {
  const std::lock_guard lock(mutex_);
  return in_vain_;
}

int Source::holding() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(held_.size());
}

int Source::granted() const {
  const std::lock_guard lock(mutex_);
  return granted_;
}

}  // namespace vitana::remote
