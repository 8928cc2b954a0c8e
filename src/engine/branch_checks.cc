#include "engine/branch_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "base/utf8.h"
#include "domain/retry.h"
#include "engine/commit_statuses.h"
#include "store/columns.h"

namespace vitana::engine {

using domain::EffectKind;
using domain::EffectOutcome;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

constexpr int pending_max = 10'000;
constexpr Duration look_every = 1s;
constexpr std::size_t message_bytes_max = 500;
constexpr const char* check_actor = "branch-check";

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string brief(const std::string& text) { return std::string(utf8_prefix(text, message_bytes_max)); }

struct Place {
  std::string repo;
  std::string ref;

  explicit Place(const store::EffectRow& effect)
      : repo(store::member(effect.effect.payload, "repo").value_or("")),
        ref(store::member(effect.effect.payload, "ref").value_or("")) {}
};

/// What is wrong comes first, and is left out last.
std::string event_data(const std::string& repo, const std::string& ref, const port::BranchBeside& branch,
                       BranchPreview preview) {
  std::stable_partition(preview.files.begin(), preview.files.end(),
                        [](const PreviewedFile& file) { return is_wrong(file.outcome); });
  Json files = Json::array();
  std::size_t findings = 0;
  std::map<std::string, int> counts;
  for (const auto& [outcome, diagnostics] : preview.files) {
    ++counts[outcome.outcome];
    if (files.size() >= branch_files_told_max) continue;
    Json told = Json::array();
    for (const auto& d : diagnostics) {
      if (findings++ >= branch_findings_max) break;
      told.push_back({{"rule", d.rule},
                      {"severity", domain::name_of(d.severity)},
                      {"message", brief(d.message)},
                      {"line", d.line},
                      {"column", d.column}});
    }
    files.push_back({{"path", outcome.path},
                     {"vtid", outcome.vtid ? Json(outcome.vtid->to_string()) : Json()},
                     {"outcome", outcome.outcome},
                     {"reason", brief(outcome.reason)},
                     {"diagnostics", std::move(told)}});
  }
  const bool more = preview.more || preview.files.size() > files.size();
  return text_of({{"repo", repo},
                  {"ref", ref},
                  {"commit", branch.commit},
                  {"base", branch.base},
                  {"outcomes", counts},
                  {"files", std::move(files)},
                  {"more", more}});
}

}  // namespace

void put_branch_check(store::Ledger& ledger, const std::string& repo, const std::string& ref,
                      const std::string& delivery) {
  std::vector<std::string> waiting;
  for (const auto& row : ledger.pending(EffectKind::check_branch, pending_max)) {
    const Place place(row);
    if (place.repo != repo) continue;
    if (place.ref == ref) {
      ledger.settle(row.effect.key, EffectOutcome::void_);
    } else {
      waiting.push_back(row.effect.key);
    }
  }
  for (std::size_t i = 0; i + branches_waiting_max <= waiting.size(); ++i) {
    ledger.settle(waiting[i], EffectOutcome::void_);
  }
  ledger.put(domain::Effect{EffectKind::check_branch, fmt::format("branch:{}:{}", repo, delivery), std::nullopt,
                            std::nullopt, text_of({{"repo", repo}, {"ref", ref}}), ledger.now()});
}

BranchChecks::~BranchChecks() {
  request_stop();
  join();
}

void BranchChecks::join() {
  if (thread_.joinable()) thread_.join();
}

void BranchChecks::start(std::function<void(const Error&)> fault) {
  if (setup_.repos.empty()) return;
  thread_ = std::jthread([this, fault = std::move(fault)](std::stop_token stop) {
    const StopScope cut(stop);
    while (!stop.stop_requested()) {
      const auto seen = store_.commits();
      const auto done = check();
      if (!done && fault) fault(done.error());
      if (!done || *done == 0) store_.wait_for_commit(done ? seen : store_.commits(), look_every);
    }
  });
}

Result<int> BranchChecks::check() {
  std::vector<store::EffectRow> due;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    due = reader.due_effects(EffectKind::check_branch, branch_checks_max);
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  int tried = 0;
  for (const auto& effect : due) {
    if (StopScope::current().stop_requested()) break;
    auto done = check(effect);
    if (!done && done.error().code == FailureCode::CANCELLED) break;
    if (done) {
      tried += *done ? 1 : 0;
      continue;
    }
    ++tried;
    auto noted = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      const auto wait = domain::backoff(setup_.policy.retry.delay, setup_.policy.retry.delay_max, effect.attempts + 1,
                                        entropy_.roll());
      ledger.postpone(effect.id, ledger.now() + wait, to_string(done.error()));
      return {};
    });
    if (!noted) return failure(std::move(noted.error()));
  }
  return tried;
}

Result<void> BranchChecks::settle(const store::EffectRow& effect, EffectOutcome outcome) {
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.settle(effect.effect.key, outcome);
    return {};
  });
}

Result<bool> BranchChecks::check(const store::EffectRow& effect) {
  const Place place(effect);
  const auto end = [&](EffectOutcome outcome) -> Result<bool> {
    if (auto settled = settle(effect, outcome); !settled) return failure(std::move(settled.error()));
    return true;
  };
  const auto* repo = setup_.repo(place.repo);
  if (repo == nullptr && store_.shared_by_hosts()) return false;  // another engine's
  if (repo == nullptr || place.ref == "refs/heads/" + repo->branch_name()) return end(EffectOutcome::void_);
  bool synced = false;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    const auto row = reader.repo(place.repo);
    synced = row && !row->synced_commit.empty();
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  if (!synced) return false;  // the first sync comes first

  auto branch = repo->repository->fetch_beside(place.ref);
  if (!branch) return failure(std::move(branch.error()));
  if (!*branch) return end(EffectOutcome::done);  // it is gone
  auto preview = registry_.preview(*repo, **branch);
  // A name that is left is taken away with the next branch's.
  (void)repo->repository->forget_beside().has_value();
  if (!preview) return failure(std::move(preview.error()));
  if (preview->files.empty()) return end(EffectOutcome::done);
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    const auto pending = ledger.effect(effect.effect.key);
    if (!pending || pending->state != "pending") return {};  // overtaken by a newer push, or by another engine
    ledger.settle(effect.effect.key, EffectOutcome::done);
    ledger.append({domain::EventType::branch_checked, std::nullopt, std::nullopt, check_actor,
                   event_data(place.repo, place.ref, **branch, *preview)});
    std::vector<FileOutcome> outcomes;
    for (const auto& file : preview->files) outcomes.push_back(file.outcome);
    put_status(ledger, *repo, (*branch)->commit, outcomes);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return true;
}

}  // namespace vitana::engine
