#include "engine/breaker.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/hint.h"
#include "engine/conduct.h"

namespace vitana::engine {

using domain::Breaker;
using domain::BreakerNews;
using domain::BreakerScope;

namespace {

constexpr int try_at_once_max = 100'000;

const std::string& name_in(const domain::Run& run, BreakerScope scope) {
  return scope == BreakerScope::repository ? run.repo : run.agent;
}

/// What made it fail lies in a commit, which another one may mend.
bool speaks_of_a_commit(FailureCode code) {
  return code == FailureCode::BASE_RED || code == FailureCode::SETUP_FAILED ||
         code == FailureCode::REPO_RULES_INVALID;
}

/// Of the branch, as far as it was read.
bool is_newest(store::Ledger& ledger, const std::string& repo, const std::string& commit) {
  const auto row = ledger.repo(repo);
  return !row || row->synced_commit == commit;
}

void tell_opened(store::Ledger& ledger, const domain::Policy& policy, const std::string& key, const domain::Run& run,
                 const Error& error) {
  const auto hint = with_words(std::string(failure_info(error.code).hint), {.vtid = run.id.vtid.to_string()});
  const nlohmann::ordered_json data{{"what", key},
                                    {"code", name_of(error.code)},
                                    {"message", error.message},
                                    {"hint", hint},
                                    {domain::for_person, {{"reason", "paused"}, {"next", hint}}}};
  const auto type = error.code == FailureCode::BASE_RED ? domain::EventType::repo_base_red
                                                        : domain::EventType::breaker_opened;
  ledger.append({type, std::nullopt, std::nullopt, "engine", data.dump()});
  const nlohmann::ordered_json told{{"reason", "paused"},
                                    {"what", key},
                                    {"repo", run.repo},
                                    {"next", hint},
                                    {"code", name_of(error.code)},
                                    {"message", error.message}};
  tell_a_person(ledger, policy, fmt::format("notify:{}:{}", key, to_us(ledger.now())), told.dump());
}

void worked(store::Ledger& ledger, BreakerScope scope, const domain::Run& run) {
  const auto key = breaker_key(scope, name_in(run, scope));
  auto row = ledger.breaker(key).value_or(store::BreakerRow{key, {}});
  const Breaker before = row.breaker;
  const auto news = domain::breaker_success(row.breaker);
  if (row.breaker == before) return;
  ledger.put(row);
  if (news != BreakerNews::closed) return;
  const auto type = before.code == FailureCode::BASE_RED ? domain::EventType::repo_base_green
                                                         : domain::EventType::breaker_closed;
  ledger.append({type, std::nullopt, std::nullopt, "engine",
                 nlohmann::ordered_json{{"what", key}, {"probe", run.id.to_string()}}.dump()});
}

}  // namespace

std::string breaker_key(BreakerScope scope, const std::string& name) {
  return (scope == BreakerScope::repository ? "repo:" : "agent:") + name;
}

void note_failed(store::Ledger& ledger, const domain::Policy& policy, const domain::Run& run, const Error& error) {
  const auto scope = domain::breaker_scope(error.code);
  if (!scope) {
    // The agent was started, so the base was green and its login was good; only its work was not.
    const auto cls = failure_info(error.code).cls;
    const bool ran = run.state == domain::RunState::executing &&
                     (cls == FailureClass::agent || cls == FailureClass::timeout) &&
                     error.code != FailureCode::STEP_TIMEOUT;
    if (ran) note_executed(ledger, run);
    return;
  }
  const auto key = breaker_key(*scope, name_in(run, *scope));
  auto row = ledger.breaker(key).value_or(store::BreakerRow{key, {}});
  const auto news =
      domain::breaker_fault(row.breaker, run.id, error.code, error.message, ledger.now());
  ledger.put(row);
  if (news == BreakerNews::opened) tell_opened(ledger, policy, key, run, error);
  // A verify step judged a tip of its own: it says which.
  const auto named = error.context.find("commit");
  const auto& commit = named == error.context.end() ? run.base_commit : named->second;
  const bool knows = named != error.context.end() || run.state == domain::RunState::executing;
  if (speaks_of_a_commit(error.code) && knows && !is_newest(ledger, run.repo, commit)) try_at_once(ledger, run.repo);
  // An agent that said so was started: on a green base, after a good setup.
  const bool ran = error.code == FailureCode::AGENT_LOGIN || error.code == FailureCode::AGENT_QUOTA;
  if (ran) worked(ledger, BreakerScope::repository, run);
}

void try_at_once(store::Ledger& ledger, const std::string& repo) {
  const auto key = breaker_key(BreakerScope::repository, repo);
  bool any = false;
  for (auto& row : ledger.breakers()) {
    if (!row.breaker.open || (!repo.empty() && row.key != key)) continue;
    row.breaker.probe_at = ledger.now();
    ledger.put(row);
    any = true;
  }
  if (!any && !repo.empty()) return;
  for (const auto vtid : ledger.eligible(try_at_once_max, 0, {.whenever = true})) {
    auto task = *ledger.task(vtid);
    const auto scope = task.failure ? domain::breaker_scope(task.failure->code) : std::nullopt;
    if (!scope || (!repo.empty() && (task.repo != repo || *scope != BreakerScope::repository))) continue;
    task.not_before = ledger.now();
    ++task.revision;
    ledger.put(task);
  }
}

void note_executed(store::Ledger& ledger, const domain::Run& run) {
  const auto row = ledger.breaker(breaker_key(BreakerScope::repository, run.repo));
  // That an older commit was good says nothing of the one that is not.
  const bool of_another = row && row->breaker.open && speaks_of_a_commit(row->breaker.code) &&
                          !is_newest(ledger, run.repo, run.base_commit);
  if (!of_another) worked(ledger, BreakerScope::repository, run);
  worked(ledger, BreakerScope::agent, run);
}

void note_verified(store::Ledger& ledger, const domain::Run& run) {
  worked(ledger, BreakerScope::repository, run);
}

void note_granted(store::Ledger& ledger, const domain::Run& run) {
  for (const auto scope : {BreakerScope::repository, BreakerScope::agent}) {
    auto row = ledger.breaker(breaker_key(scope, name_in(run, scope)));
    if (!row || !row->breaker.open) continue;
    domain::breaker_probe(row->breaker, run.id, ledger.now());
    ledger.put(*row);
  }
}

}  // namespace vitana::engine
