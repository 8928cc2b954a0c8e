#include "engine/breaker.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "domain/policy.h"
#include "domain/retry.h"

namespace vitana::engine {
namespace {

bool of_repository(FailureCode code) {
  return code == FailureCode::BASE_RED || code == FailureCode::SETUP_FAILED;
}

bool of_agent(FailureCode code) {
  return code == FailureCode::AGENT_LOGIN || code == FailureCode::AGENT_QUOTA ||
         code == FailureCode::AGENT_MISSING || code == FailureCode::SANDBOX_UNAVAILABLE;
}

void close(store::Ledger& ledger, const std::string& key, const domain::Run& run) {
  auto row = ledger.breaker(key);
  if (!row || row->failures == 0) return;
  if (row->open) {
    const auto type = row->breaker.code == FailureCode::BASE_RED
                          ? domain::EventType::repo_base_green
                          : domain::EventType::breaker_closed;
    ledger.append({type, std::nullopt, std::nullopt, "engine",
                   nlohmann::ordered_json{{"what", key}, {"probe", run.id.to_string()}}.dump()});
  }
  row->open = false;
  row->failures = 0;
  row->last_task.clear();
  ledger.put(*row);
}

}  // namespace

void trip_breaker(store::Ledger& ledger, const domain::Run& run, const Error& error) {
  if (!of_repository(error.code) && !of_agent(error.code)) return;
  const std::string key = of_repository(error.code) ? "repo:" + run.repo : "agent:" + run.agent;
  auto row = ledger.breaker(key).value_or(store::BreakerRow{.key = key, .breaker = {.code = error.code}});
  const std::string task = run.id.vtid.to_string();
  const bool same = row.failures > 0 && row.breaker.code == error.code;
  if (!same) row.failures = 0;
  if (row.last_task != task || !same) ++row.failures;
  row.last_task = task;
  // A login or a quota may fail for one task by chance; the rest is the same for every task.
  const bool by_chance = error.code == FailureCode::AGENT_LOGIN || error.code == FailureCode::AGENT_QUOTA;
  const bool opens = !row.open && (!by_chance || row.failures >= breaker_tasks);
  if (opens) row.breaker.since = ledger.now();
  row.open |= opens;
  row.breaker.code = error.code;
  row.breaker.detail = error.message;
  row.breaker.probe_at = ledger.now() + domain::base_red_recheck;
  ledger.put(row);
  if (!opens) return;
  const auto type = error.code == FailureCode::BASE_RED ? domain::EventType::repo_base_red
                                                        : domain::EventType::breaker_opened;
  const nlohmann::ordered_json data{{"what", key},
                                    {"code", name_of(error.code)},
                                    {"message", error.message},
                                    {"hint", failure_info(error.code).hint}};
  ledger.append({type, std::nullopt, std::nullopt, "engine", data.dump()});
  ledger.put(domain::Effect{domain::EffectKind::notify,
                            fmt::format("notify:{}:{}", key, to_us(ledger.now())), std::nullopt,
                            std::nullopt, data.dump(), ledger.now()});
}

void close_breakers(store::Ledger& ledger, const domain::Run& run) {
  close(ledger, "repo:" + run.repo, run);
  close(ledger, "agent:" + run.agent, run);
}

}  // namespace vitana::engine
