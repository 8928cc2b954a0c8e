// Leases after they were granted: renewed, written down, lost. The rule is in run_desk.h.
#include <fmt/format.h>

#include <optional>

#include "engine/conduct.h"
#include "engine/run_desk.h"

namespace vitana::engine {

using port::Directive;

namespace {

constexpr std::string_view local_prefix = "local:";
constexpr int late_page = 100;  ///< leases that are ended in one round

}  // namespace

std::string local_worker(const std::string& incarnation, const std::string& name) {
  return fmt::format("{}{}/{}", local_prefix, incarnation, name);
}

bool is_local_worker(const std::string& worker) { return worker.starts_with(local_prefix); }

std::string_view home_of(std::string_view worker) {
  if (const auto at = worker.find('@'); at != std::string_view::npos) return worker.substr(at + 1);
  if (!worker.starts_with(local_prefix)) return {};
  worker.remove_prefix(local_prefix.size());
  const auto incarnation = worker.substr(0, worker.find('/'));
  const auto dot = incarnation.find('.');
  return dot == std::string_view::npos ? std::string_view() : incarnation.substr(0, dot);
}

bool RunDesk::take_up(const RunId& id, domain::Fence fence) {
  if (!store_.shared_by_hosts()) return false;
  std::optional<domain::Lease> lease;
  const auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    const auto run = reader.run(id);
    if (run && run->lease && run->lease->fence == fence) lease = run->lease;
    return {};
  });
  if (!read || !lease) return false;
  const std::lock_guard lock(mutex_);
  held_[id] = Held{fence, lease->until, lease->until, lease->worker};
  return true;
}

bool RunDesk::knows(const RunId& id, domain::Fence fence) {
  const auto known = [&] {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(id);
    return it != held_.end() && it->second.fence == fence;
  };
  return known() || take_up(id, fence);
}

bool RunDesk::is_held_by(const RunId& run, domain::Fence fence, const std::string& worker) {
  if (!knows(run, fence)) return false;
  const std::lock_guard lock(mutex_);
  const auto it = held_.find(run);
  return it != held_.end() && it->second.fence == fence && it->second.worker == worker;
}

Directive RunDesk::renew(const RunId& run, domain::Fence fence) {
  if (!knows(run, fence)) return Directive::lost;
  const std::lock_guard lock(mutex_);
  const auto it = held_.find(run);
  if (it == held_.end() || it->second.fence != fence) return Directive::lost;
  it->second.until = clock_.now() + domain::lease_time;
  return draining_ ? Directive::drain : Directive::go_on;
}

Result<void> RunDesk::end_dead_incarnations(const std::string& incarnation) {
  std::map<RunId, Held> others;
  const bool shared = store_.shared_by_hosts();
  const auto own = local_worker(incarnation, "");
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    others.clear();
    for (const auto& id : ledger.leased(10'000)) {
      const auto run = ledger.run(id);
      const auto& lease = *run->lease;
      // Without a home it is of a version that knew none, on this data directory.
      const auto home = home_of(lease.worker);
      if (!is_local_worker(lease.worker) || (!home.empty() && home != home_of(own))) {
        // Its worker may be alive: it has the whole lease time again to say so.
        if (!shared) others[id] = {lease.fence, ledger.now() + domain::lease_time, lease.until, lease.worker};
        continue;
      }
      if (lease.worker.starts_with(own)) continue;
      auto ended = conduct(ledger, setup_, entropy_, id.vtid,
                           domain::LeaseLost{lease.fence, true}, "engine");
      if (!ended) return failure(std::move(ended.error()));
    }
    return {};
  });
  if (!done) return done;
  const std::lock_guard lock(mutex_);
  held_.merge(others);
  return {};
}

Result<void> RunDesk::write_renewals() {
  std::map<RunId, Held> renewed;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, held] : held_) {
      if (held.until - held.written >= domain::lease_renew) renewed[id] = held;
    }
  }
  if (renewed.empty()) return {};
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    for (const auto& [id, held] : renewed) {
      auto run = ledger.run(id);
      // Another engine may have heard of it since.
      if (!run || !run->lease || run->lease->fence != held.fence || run->lease->until >= held.until) continue;
      run->lease->until = held.until;
      ledger.put(*run);
    }
    return {};
  });
  if (!done) return done;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, held] : renewed) {
    const auto it = held_.find(id);
    if (it != held_.end() && it->second.fence == held.fence) it->second.written = held.until;
  }
  return {};
}

Result<std::vector<std::pair<RunId, domain::Fence>>> RunDesk::late(Instant now) {
  std::vector<std::pair<RunId, domain::Fence>> late;
  if (!store_.shared_by_hosts()) {
    const std::lock_guard lock(mutex_);
    for (const auto& [run, held] : held_) {
      if (held.until <= now) late.emplace_back(run, held.fence);
    }
    return late;
  }
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    for (const auto& id : reader.run_out(now - domain::lease_time, late_page)) {
      const auto run = reader.run(id);
      if (run && run->lease) late.emplace_back(id, run->lease->fence);
    }
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  const std::lock_guard lock(mutex_);
  std::erase_if(late, [&](const auto& one) {
    const auto it = held_.find(one.first);
    return it != held_.end() && it->second.fence == one.second && it->second.until > now;
  });
  return late;
}

Result<void> RunDesk::reap() {
  const bool shared = store_.shared_by_hosts();
  if (shared) {
    if (auto written = write_renewals(); !written) return written;
  }
  const Instant now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    const bool gap = !last_reap_ || now < *last_reap_ || now - *last_reap_ > domain::lease_renew;
    if (gap) reaping_since_ = now;
    last_reap_ = now;
    if (now - *reaping_since_ < domain::lease_time) return {};
  }
  auto late = this->late(now);
  if (!late) return failure(std::move(late.error()));
  for (const auto& [run, fence] : *late) {
    auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      const auto stored = ledger.run(run);
      const bool local = stored && stored->lease && is_local_worker(stored->lease->worker);
      if (shared && stored && stored->lease && stored->lease->until + domain::lease_time > ledger.now()) return {};
      // A local worker of another home goes with its engine.
      const domain::LeaseLost lost{fence, shared && local};
      auto decision = conduct(ledger, setup_, entropy_, run.vtid, lost, "engine");
      if (!decision && decision.error().code != FailureCode::LEASE_STALE) {
        return failure(std::move(decision.error()));
      }
      return {};
    });
    if (!done) return done;
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(run);
    if (it != held_.end() && it->second.fence == fence) held_.erase(it);
  }
  return {};
}

Result<void> RunDesk::refresh() {
  std::map<RunId, Held> held;
  {
    const std::lock_guard lock(mutex_);
    held = held_;
  }
  if (held.empty()) return {};
  bool lost = false;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    for (const auto& [id, mine] : held) {
      const auto run = reader.run(id);
      const bool holds = run && run->lease && run->lease->fence == mine.fence;
      if (holds) continue;
      const std::lock_guard lock(mutex_);
      const auto it = held_.find(id);
      if (it == held_.end() || it->second.fence != mine.fence) continue;
      held_.erase(it);
      lost = true;
    }
    return {};
  });
  if (lost && told_) told_();
  return read;
}

}  // namespace vitana::engine
