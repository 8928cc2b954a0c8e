#include "engine/routing.h"

#include <algorithm>
#include <iterator>

#include "domain/labels.h"
#include "domain/retry.h"
#include "engine/labels.h"
#include "engine/worker_desk.h"

namespace vitana::engine {
namespace {

/// One that was forgotten rests from nothing.
constexpr Duration rest_kept = std::chrono::hours(1);

template <typename Source>
std::map<std::string, int> leases_in(Source& source) {
  std::map<std::string, int> leases;
  for (const auto& [name, count] : source.leases()) leases[worker_id_of(name)] += count;
  return leases;
}

/// Does the run wait for somebody who was told of it?
bool waits(const domain::Run& run) {
  return run.state == domain::RunState::allocated || run.state == domain::RunState::dispatching ||
         run.wants() == domain::Step::execute;
}

}  // namespace

void Tellings::begin(const RunId& run, const std::string& worker, Instant now) {
  const std::lock_guard lock(mutex_);
  auto& telling = told_[run];
  telling = {worker, now, telling.times};
}

void Tellings::accept(const RunId& run, const std::string& worker) {
  const std::lock_guard lock(mutex_);
  if (const auto told = told_.find(run); told != told_.end()) ++told->second.times;
  rests_.erase(worker);
}

void Tellings::refuse(const RunId& run, const std::string& worker, Instant now, const domain::RetryPolicy& policy,
                      double roll) {
  const std::lock_guard lock(mutex_);
  if (const auto told = told_.find(run); told != told_.end() && told->second.worker == worker) {
    told->second.worker.clear();
  }
  std::erase_if(rests_, [&](const auto& rest) { return now - rest.second.until > rest_kept; });
  auto& rest = rests_[worker];
  ++rest.failures;
  rest.since = now;
  rest.until = now + domain::backoff(policy.delay, policy.delay_max, rest.failures, roll);
}

void Tellings::cut(const RunId& run) {
  const std::lock_guard lock(mutex_);
  if (const auto told = told_.find(run); told != told_.end()) told->second.worker.clear();
}

bool Tellings::holds(const RunId& run, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto told = told_.find(run);
  return told != told_.end() && !told->second.worker.empty() && now - told->second.at < telling_lasts;
}

int Tellings::times(const RunId& run) const {
  const std::lock_guard lock(mutex_);
  const auto told = told_.find(run);
  return told == told_.end() ? 0 : told->second.times;
}

bool Tellings::rests(const store::WorkerRow& worker, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto rest = rests_.find(worker.id);
  return rest != rests_.end() && now < rest->second.until && worker.registered_at <= rest->second.since;
}

template <typename Source>
std::map<std::string, int> Tellings::open_in(Source& source, const std::optional<RunId>& except) {
  const auto now = source.now();
  const std::lock_guard lock(mutex_);
  std::map<std::string, int> open;
  for (auto it = told_.begin(); it != told_.end();) {
    const auto& telling = it->second;
    const bool lasts = now - telling.at < telling_lasts;
    const auto run = source.run(it->first);
    // A snapshot may be from before the run.
    const bool over = run ? !waits(*run) : !lasts;
    if (!over && lasts && !telling.worker.empty() && it->first != except) ++open[telling.worker];
    it = over ? told_.erase(it) : std::next(it);
  }
  return open;
}

std::map<std::string, int> Tellings::open(store::Ledger& ledger, const std::optional<RunId>& except) {
  return open_in(ledger, except);
}

std::map<std::string, int> Tellings::open(store::Reader& reader, const std::optional<RunId>& except) {
  return open_in(reader, except);
}

void Tellings::note_leases(const std::map<std::string, int>& by_worker) {
  const std::lock_guard lock(mutex_);
  for (const auto& [worker, before] : leases_) {
    const auto now = by_worker.find(worker);
    if (now != by_worker.end() && now->second >= before) continue;
    for (auto& [_, telling] : told_) {
      if (telling.worker == worker) telling.worker.clear();
    }
  }
  leases_ = by_worker;
}

std::map<std::string, int> leases_by_worker(store::Ledger& ledger) { return leases_in(ledger); }

std::map<std::string, int> leases_by_worker(store::Reader& reader) { return leases_in(reader); }

Callers::Callers(store::Ledger& ledger, const std::map<std::string, int>& told) { find(ledger, told); }

Callers::Callers(store::Reader& reader, const std::map<std::string, int>& told) { find(reader, told); }

template <typename Source>
void Callers::find(Source& source, const std::map<std::string, int>& told) {
  auto known = source.callback_workers(source.now() - callback_silence_max, callback_workers_max);
  if (known.empty()) return;
  auto busy = leases_in(source);
  for (const auto& [worker, count] : told) busy[worker] += count;
  for (auto& worker : known) {
    const int free = worker.slots - busy[worker.id];
    if (free <= 0) continue;
    std::optional<domain::Caller> by;
    if (!worker.token.empty()) {
      const auto token = source.token(worker.token);
      if (!token || !token->is_valid(source.now()) || !token->caller().may(domain::Right::work)) continue;
      by = token->caller();
    }
    callers_.push_back({std::move(worker), free, std::move(by)});
  }
}

void Callers::leave_out_resting(const Tellings& tellings, Instant now) {
  std::erase_if(callers_, [&](const Caller& caller) { return tellings.rests(caller.row, now); });
}

void Callers::leave_out_unfit(const Setup& setup, store::WorkFilter& filter) const {
  const auto nobody = [&](const auto& able) { return std::none_of(callers_.begin(), callers_.end(), able); };
  for (const auto& [agent, needed] : setup.agent_labels) {
    if (nobody([&](const Caller& caller) { return domain::covers(caller.row.labels, needed); })) {
      filter.without_agents.insert(agent);
    }
  }
  for (const auto& repo : setup.repos) {
    if (nobody([&](const Caller& caller) {
          return domain::covers(caller.row.labels, repo.labels) && (!caller.by || caller.by->reaches(repo.name));
        })) {
      filter.without_repos.insert(repo.name);
    }
  }
}

std::vector<port::CallbackWorker> Callers::fit(const Setup& setup, const domain::Run& run) const {
  const auto needed = needed_labels(setup, run.agent, run.repo);
  std::vector<const Caller*> fit;
  for (const auto& caller : callers_) {
    const bool able = caller.free > 0 && domain::covers(caller.row.labels, needed);
    if (able && (!caller.by || caller.by->reaches(run.repo))) fit.push_back(&caller);
  }
  std::stable_sort(fit.begin(), fit.end(), [](const auto* a, const auto* b) { return a->free > b->free; });
  std::vector<port::CallbackWorker> workers;
  for (const auto* caller : fit) {
    workers.push_back({caller->row.id, caller->row.callback_url, caller->row.callback_secret});
  }
  return workers;
}

void Callers::take(const std::string& worker) {
  for (auto& caller : callers_) caller.free -= caller.row.id == worker ? 1 : 0;
}

}  // namespace vitana::engine
