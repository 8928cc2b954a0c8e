#include "engine/worker_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/http_address.h"
#include "base/utf8.h"
#include "base/webhook_signature.h"
#include "domain/labels.h"
#include "spec/parse.h"

namespace vitana::engine {

using namespace std::chrono_literals;

namespace {

constexpr Duration seen_every = 1min;   ///< is written so often
constexpr Duration forgotten_after = 24h;
constexpr std::size_t remembered_max = 4'096;

std::string id_of(const std::string& actor, const std::string& name) {
  Hasher hasher;
  hasher.feed_framed(actor);
  hasher.feed_framed(name);
  return "wrk_" + hasher.finish().hex().substr(0, 16);
}

Result<void> judge(const port::WorkerIntroduction& worker, bool plain_callbacks) {
  const auto refused = [](std::string message) { return failure(FailureCode::REQUEST_INVALID, std::move(message)); };
  if (worker.protocol < port::worker_protocol_least) {
    return failure(Error{FailureCode::WORKER_TOO_OLD,
                         fmt::format("the worker speaks protocol {}, the gateway needs {}", worker.protocol,
                                     port::worker_protocol_least)}
                       .with("protocol", std::to_string(port::worker_protocol)));
  }
  if (!domain::is_label(worker.name)) {
    return refused(fmt::format("a worker's name is one word of 1 to {} bytes", domain::label_bytes_max));
  }
  const auto& labels = worker.labels;
  if (labels.size() > domain::labels_max || !std::all_of(labels.begin(), labels.end(), domain::is_label)) {
    return refused(fmt::format("labels are words of at most {} bytes, at most {} of them", domain::label_bytes_max,
                               domain::labels_max));
  }
  if (worker.slots < 1 || worker.slots > port::worker_slots_max) {
    return refused(fmt::format("slots are 1 to {}", port::worker_slots_max));
  }
  if (worker.callback_url.empty() && worker.callback_secret.empty()) return {};
  if (worker.callback_url.size() > port::callback_url_bytes_max) {
    return refused(fmt::format("callback_url has {} bytes at most", port::callback_url_bytes_max));
  }
  const auto address = read_http_address(worker.callback_url);
  if (!address) return refused(fmt::format("callback_url {}", address.error().message));
  if (address->has_query) return refused("callback_url ends with its path");
  if (!address->encrypted && !plain_callbacks && !address->names_this_machine()) {
    return refused("callback_url names another machine, and begins with https://");
  }
  const auto& secret = worker.callback_secret;
  if (secret.size() < port::callback_secret_bytes_min || secret.size() > port::callback_secret_bytes_max ||
      utf8_clean(secret) != secret) {
    return refused(fmt::format("callback_secret is a text of {} to {} bytes", port::callback_secret_bytes_min,
                               port::callback_secret_bytes_max));
  }
  if (webhook_signature(secret, "", 0, "").empty()) return refused("callback_secret begins with whsec_, and is no base64");
  return {};
}

/// What an execute step may end with, as port::Executor says, and what keeps a worker elsewhere from beginning.
bool may_report(FailureCode code) {
  using enum FailureCode;
  switch (failure_info(code).cls) {
    case FailureClass::agent:
    case FailureClass::environment:
    case FailureClass::network:
    case FailureClass::timeout: return true;
    case FailureClass::git: return true;
    case FailureClass::worker: return code == WORKSPACE_FAILED;
    case FailureClass::governance: return code == PATH_FORBIDDEN || code == UNSANDBOXED_REFUSED;
    case FailureClass::spec: return code == CHECKSUM_MISMATCH;
    case FailureClass::dispatch:
    case FailureClass::verification:
    case FailureClass::delivery:
    case FailureClass::storage:
    case FailureClass::budget:
    case FailureClass::internal: return false;
  }
  return false;
}

/// What a verify step may end with elsewhere: what was seen of the result. Of the change itself who made the
/// deliverable has spoken before; a red base or a setup that fails may be what that machine lacks.
bool judge_may_report(FailureCode code) {
  return code == FailureCode::CHECKS_FAILED || code == FailureCode::VERIFICATION_FAILED;
}

Error reported(Error error, bool judging) {
  if (judging ? judge_may_report(error.code) : may_report(error.code)) return error;
  const auto code = error.code;
  // Of an agent an attempt is spent, and nobody else's work is paused; of a judge the step is tried again.
  error.code = judging ? FailureCode::VERIFIER_FAILED : FailureCode::AGENT_FAILED;
  auto words = fmt::format("the worker ended its step with {}: {}", name_of(code), error.message);
  return std::move(error).under(std::move(words));
}

domain::Fence fence_in(const port::StepReport& report) {
  return std::visit([](const auto& r) { return r.fence; }, report);
}

nlohmann::ordered_json described(const store::WorkerRow& row) {
  return {{"id", row.id}, {"name", row.name}, {"labels", row.labels}, {"slots", row.slots}};
}

}  // namespace

std::string worker_id_of(const std::string& lease_worker) { return lease_worker.substr(0, lease_worker.find('@')); }

std::string WorkerDesk::lease_name(const std::string& id) const {
  return store_.shared_by_hosts() ? id + "@" + setup_.home : id;
}

Result<store::WorkerRow> WorkerDesk::enter(const port::WorkerIntroduction& worker, const domain::Caller& caller) {
  if (auto judged = judge(worker, setup_.plain_callbacks); !judged) return failure(std::move(judged.error()));
  store::WorkerRow row{.id = id_of(caller.actor, worker.name),
                       .name = worker.name,
                       .actor = caller.actor,
                       .labels = worker.labels,
                       .slots = worker.slots,
                       .protocol = std::min(worker.protocol, port::worker_protocol),
                       .token = caller.id,
                       .callback_url = worker.callback_url,
                       .callback_secret = worker.callback_secret};
  std::vector<std::string> forgotten;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    forgotten.clear();
    row.registered_at = row.seen_at = ledger.now();
    std::vector<store::WorkerRow> in_the_way;
    if (!ledger.worker(row.id)) in_the_way = ledger.workers_beyond(workers_max - 1);
    for (const auto& old : in_the_way) {
      if (ledger.now() - old.seen_at < forgotten_after) {
        return failure(FailureCode::GATEWAY_BUSY, fmt::format("{} workers are registered already", workers_max));
      }
      ledger.remove_worker(old.id);
      forgotten.push_back(old.id);
    }
    ledger.put(row);
    ledger.append({domain::EventType::worker_registered, std::nullopt, std::nullopt, caller.actor,
                   described(row).dump()});
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  const std::lock_guard lock(mutex_);
  for (const auto& id : forgotten) seen_.erase(id);
  seen_[row.id] = row.seen_at;
  return row;
}

Result<store::WorkerRow> WorkerDesk::known(const std::string& id, const domain::Caller& caller) {
  std::optional<store::WorkerRow> row;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    row = reader.worker(id);
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  // Whether there is one of another token is nobody's business.
  if (!row || row->actor != caller.actor) {
    return failure(Error{FailureCode::NOT_FOUND, "no such worker is registered with this token"}
                       .with("hint", "register again: POST /api/v1/workers"));
  }
  if (auto noted = saw(*row); !noted) return failure(std::move(noted.error()));
  return std::move(*row);
}

Result<void> WorkerDesk::saw(const store::WorkerRow& row) {
  const auto now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    auto& seen = seen_[row.id];
    seen = std::max(seen, now);
  }
  if (now - row.seen_at < seen_every) return {};
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto present = ledger.worker(row.id);
    if (!present || ledger.now() - present->seen_at < seen_every) return {};
    present->seen_at = ledger.now();
    ledger.put(*present);
    return {};
  });
}

Result<Claimed> WorkerDesk::claim(const std::string& id, const domain::Caller& caller, const std::string& request_id,
                                  int max, domain::Step step) {
  CHECK(step != domain::Step::deliver);
  if (step == domain::Step::verify && !caller.may(domain::Right::judge)) {
    return failure(FailureCode::NOT_ALLOWED, fmt::format("verifying needs the right 'judge', which the role {} has not",
                                                         name_of(caller.role)));
  }
  const auto row = known(id, caller);
  if (!row) return failure(row.error());
  // One that drains gets what it was granted before it did.
  if (row->draining) max = 0;
  return runs_.try_claim({.worker = lease_name(id),
                          .request_id = request_id,
                          .steps = {step},
                          .max = std::clamp(max, 0, port::claim_steps_max),
                          .repos = caller.repos,
                          .labels = row->labels});
}

Result<port::Pulse> WorkerDesk::heartbeat(const std::string& id, const domain::Caller& caller,
                                          const std::vector<port::HeldRun>& held) {
  const auto row = known(id, caller);
  if (!row) return failure(row.error());
  port::Pulse answer{.directives = {}, .drain = row->draining};
  for (const auto& [run, fence] : held) {
    auto directive = runs_.is_held_by(run, fence, lease_name(id)) ? runs_.renew(run, fence) : port::Directive::lost;
    if (directive == port::Directive::drain) {
      answer.drain = true;
      directive = port::Directive::go_on;
    }
    answer.directives.push_back(directive);
  }
  return answer;
}

Result<store::WorkerRow> WorkerDesk::drain(const std::string& id, const Asked& asked) {
  if (auto all = asked.require_all("a worker may hold runs of every repository"); !all) {
    return failure(std::move(all.error()));
  }
  std::optional<store::WorkerRow> row;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    row = ledger.worker(id);
    if (!row) return failure(FailureCode::NOT_FOUND, "no such worker is registered");
    if (row->draining) return {};
    row->draining = true;
    ledger.put(*row);
    ledger.append({domain::EventType::worker_draining, std::nullopt, std::nullopt, asked.actor(),
                   described(*row).dump()});
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return std::move(*row);
}

Result<domain::Run> WorkerDesk::held(const RunId& id, domain::Fence fence, const domain::Caller& caller) {
  std::optional<domain::Run> run;
  std::optional<store::WorkerRow> holder;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    run = reader.run(id);
    if (run && run->lease) holder = reader.worker(worker_id_of(run->lease->worker));
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  if (!run || !caller.reaches(run->repo)) {
    return failure(FailureCode::NOT_FOUND, fmt::format("there is no run {}", id.to_string()));
  }
  if (!run->lease || run->lease->fence != fence) {
    return failure(FailureCode::LEASE_STALE, fmt::format("run {} is not under token {} any more", id.to_string(), fence));
  }
  const bool here = holder && run->lease->worker == lease_name(holder->id);
  if (!here || holder->actor != caller.actor) {
    return failure(FailureCode::NOT_FOUND, fmt::format("run {} is held by nobody of this token", id.to_string()));
  }
  return std::move(*run);
}

bool WorkerDesk::was_taken(const RunId& run, const port::StepReport& report, const domain::Caller& caller) {
  return taken_before({run, fence_in(report), report.index()}, caller.actor);
}

Result<void> WorkerDesk::report(const RunId& id, port::StepReport report, const domain::Caller& caller,
                                std::vector<domain::Evidence> evidence) {
  const Taken key{id, fence_in(report), report.index()};
  if (taken_before(key, caller.actor)) return {};
  const auto run = held(id, fence_in(report), caller);
  if (!run && run.error().code != FailureCode::LEASE_STALE) return failure(run.error());
  if (run) {
    if (auto* failed = std::get_if<domain::StepFailed>(&report)) {
      failed->error = reported(std::move(failed->error), run->state == domain::RunState::verifying);
    }
    if (auto* executed = std::get_if<domain::Executed>(&report)) {
      std::optional<domain::SpecVersion> spec;
      auto look = store_.read([&](store::Reader& reader) -> Result<void> {
        spec = reader.spec(id.vtid, run->spec_version);
        return {};
      });
      if (!look) return look;
      executed->no_change_allowed =
          spec && spec::parse_spec(spec->text, {.file = spec->provenance.path}).spec.no_change;
    }
  }
  // A late one is refused there, and the refusal is recorded.
  auto done = runs_.report(id, report, std::move(evidence));
  if (done) remember(key, caller.actor);
  return done;
}

bool WorkerDesk::taken_before(const Taken& report, const std::string& actor) {
  const std::lock_guard lock(mutex_);
  const auto known = taken_.find(report);
  return known != taken_.end() && known->second == actor;
}

void WorkerDesk::remember(const Taken& report, const std::string& actor) {
  const std::lock_guard lock(mutex_);
  if (!taken_.emplace(report, actor).second) return;
  taken_in_order_.push_back(report);
  if (taken_in_order_.size() <= remembered_max) return;
  taken_.erase(taken_in_order_.front());
  taken_in_order_.pop_front();
}

Result<std::vector<WorkerStanding>> WorkerDesk::workers(const domain::Caller& caller) {
  std::vector<WorkerStanding> all;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    for (auto& row : reader.workers(workers_max)) all.push_back({std::move(row)});
    for (const auto& id : reader.leased(workers_max)) {
      const auto run = reader.run(id);
      if (!run || !run->lease || !caller.reaches(run->repo)) continue;
      const auto holder = std::find_if(all.begin(), all.end(),
                                       [&](const auto& one) { return one.row.id == worker_id_of(run->lease->worker); });
      if (holder != all.end()) holder->holds.push_back({id, run->lease->fence});
    }
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  const std::lock_guard lock(mutex_);
  for (auto& [row, _] : all) {
    const auto seen = seen_.find(row.id);
    if (seen != seen_.end()) row.seen_at = std::max(row.seen_at, seen->second);
  }
  return all;
}

}  // namespace vitana::engine
