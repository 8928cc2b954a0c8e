#include "engine/routing.h"

#include <algorithm>

#include "domain/labels.h"
#include "engine/labels.h"
#include "engine/worker_desk.h"

namespace vitana::engine {
namespace {

constexpr int leased_max = 10'000;

/// May it work on this repository, by the token that it registered with?
template <typename Source>
bool may_work(Source& source, const store::WorkerRow& worker, const std::string& repo) {
  if (worker.token.empty()) return true;  // a person at the machine itself
  const auto token = source.token(worker.token);
  return token && token->is_valid(source.now()) && token->caller().may(domain::Right::work) &&
         token->caller().reaches(repo);
}

template <typename Source>
std::vector<port::CallbackWorker> found_for(Source& source, const Setup& setup, const domain::Run& run,
                                            const Told& told) {
  const auto known = source.callback_workers(source.now() - callback_silence_max, callback_workers_max);
  if (known.empty()) return {};
  Told busy = told;
  for (const auto& id : source.leased(leased_max)) {
    const auto held = source.run(id);
    if (held && held->lease) ++busy[worker_id_of(held->lease->worker)];
  }
  const auto needed = needed_labels(setup, run.agent, run.repo);
  std::vector<std::pair<int, port::CallbackWorker>> fit;
  for (const auto& worker : known) {
    const int free = worker.slots - busy[worker.id];
    if (free <= 0 || !domain::covers(worker.labels, needed) || !may_work(source, worker, run.repo)) continue;
    fit.push_back({free, {worker.id, worker.callback_url, worker.callback_secret}});
  }
  std::stable_sort(fit.begin(), fit.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<port::CallbackWorker> workers;
  for (auto& [_, worker] : fit) workers.push_back(std::move(worker));
  return workers;
}

}  // namespace

std::vector<port::CallbackWorker> workers_for(store::Ledger& ledger, const Setup& setup, const domain::Run& run,
                                              const Told& told) {
  return found_for(ledger, setup, run, told);
}

std::vector<port::CallbackWorker> workers_for(store::Reader& reader, const Setup& setup, const domain::Run& run,
                                              const Told& told) {
  return found_for(reader, setup, run, told);
}

}  // namespace vitana::engine
