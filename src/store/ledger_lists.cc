// A unit's list queries: each first brings what was written before it into the database.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "store/ledger.h"
#include "store/queries.h"
#include "store/transaction.h"

namespace vitana::store {
namespace {

/// As the database's lower() has it: of A to Z alone.
std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

// Specs.

std::optional<domain::SpecVersion> Ledger::newest_spec(Vtid vtid) {
  transaction_.flush<SpecMap>();
  return queries::newest_spec(transaction_.connection(), vtid);
}

std::vector<Vtid> Ledger::vtids_with_digest(const Digest& digest) {
  transaction_.flush<SpecMap>();
  return queries::vtids(transaction_.connection(),
                        "SELECT DISTINCT vtid, number FROM vtid_specs "
                        "WHERE checksum = $1 ORDER BY number",
                        {digest.to_string()});
}

std::vector<CandidateRow> Ledger::candidates(Vtid vtid) {
  transaction_.flush<CandidateMap>();
  return queries::candidates(transaction_.connection(), vtid);
}

std::vector<CandidateRow> Ledger::circular_candidates(int limit) {
  transaction_.flush<CandidateMap>();
  return select_rows<CandidateMap>(transaction_.connection(), "WHERE circular = 1 ORDER BY vtid LIMIT $1", {limit});
}

// Dependencies.

std::vector<Vtid> Ledger::dependencies(Vtid vtid) {
  transaction_.flush<DependencyMap>();
  return queries::dependencies(transaction_.connection(), vtid);
}

std::vector<Vtid> Ledger::dependents(Vtid vtid, int limit, std::optional<Vtid> after) {
  transaction_.flush<DependencyMap>();
  return queries::vtids(transaction_.connection(),
                        "SELECT vtid FROM task_dependencies "
                        "WHERE depends_on = $1 AND number > $2 ORDER BY number LIMIT $3",
                        {vtid.to_string(), after ? after->number() : 0u, limit});
}

void Ledger::set_dependencies(Vtid vtid, const std::vector<Vtid>& on) {
  auto& table = transaction_.table<DependencyMap>();
  for (const auto& old : dependencies(vtid)) table.remove({vtid, old});
  for (const auto& target : on) table.put({vtid, target});
}

// Work lists.

std::vector<Vtid> Ledger::eligible(int limit, int skip, const WorkFilter& filter) {
  transaction_.flush<TaskMap>();
  return queries::eligible(transaction_.connection(), now_, limit, skip, filter);
}

std::vector<RunId> Ledger::claimable(domain::Step step, int limit, int skip,
                                     const WorkFilter& filter) {
  transaction_.flush<RunMap>();
  return queries::claimable(transaction_.connection(), step, now_, limit, skip, filter);
}

std::vector<WorkerRow> Ledger::workers_beyond(int kept) {
  transaction_.flush<WorkerMap>();
  return select_rows<WorkerMap>(transaction_.connection(),
                                "WHERE id NOT IN (SELECT id FROM workers ORDER BY seen_at DESC, id LIMIT $1) "
                                "ORDER BY seen_at, id",
                                {kept});
}

std::vector<WorkerRow> Ledger::callback_workers(Instant since, int limit) {
  transaction_.flush<WorkerMap>();
  return queries::callback_workers(transaction_.connection(), since, limit);
}

std::vector<Vtid> Ledger::dirty_targets(int limit) {
  transaction_.flush<TaskMap>();
  return queries::vtids(transaction_.connection(),
                        "SELECT vtid FROM vtid_ledger WHERE status = 'blocked' "
                        "AND blocked_reason = $1 ORDER BY number LIMIT $2",
                        {domain::name_of(domain::BlockReason::delivery_target_dirty), limit});
}

std::vector<Vtid> Ledger::overdue(int limit) {
  transaction_.flush<TaskMap>();
  return queries::overdue(transaction_.connection(), now_, limit);
}

std::vector<Vtid> Ledger::delivered_without_file(const std::string& repo,
                                                 const std::string& digest) {
  transaction_.flush<DeliveryMap>();
  transaction_.flush<LocalIdMap>();
  return queries::vtids(transaction_.connection(),
                        "SELECT vtid FROM deliveries WHERE repo = $1 AND checksum = $2 "
                        "AND vtid NOT IN (SELECT vtid FROM local_ids) ORDER BY length(vtid), vtid LIMIT 10",
                        {repo, digest});
}

std::vector<DeliveryRow> Ledger::deliveries(Vtid vtid) {
  transaction_.flush<DeliveryMap>();
  return select_rows<DeliveryMap>(transaction_.connection(),
                                  "WHERE vtid = $1 ORDER BY repo, checksum", {vtid.to_string()});
}

std::vector<LocalIdRow> Ledger::local_ids_with(const std::string& repo, const std::string& part) {
  transaction_.flush<LocalIdMap>();
  return select_rows<LocalIdMap>(transaction_.connection(),
                                 "WHERE repo = $1 AND replace(lower(path), $2, '') <> lower(path) ORDER BY path",
                                 {repo, lower(part)});
}

bool Ledger::delivered_by(const std::string& repo, const std::string& commit) {
  transaction_.flush<DeliveryMap>();
  return queries::number(transaction_.connection(),
                         "SELECT COUNT(*) FROM deliveries WHERE repo = $1 AND commit_id = $2",
                         {repo, commit}) > 0;
}

std::vector<BreakerRow> Ledger::breakers() {
  transaction_.flush<BreakerMap>();
  return select_rows<BreakerMap>(transaction_.connection(), "ORDER BY key");
}

std::vector<RunId> Ledger::leased(int limit) {
  transaction_.flush<RunMap>();
  return queries::run_ids(transaction_.connection(),
                          "SELECT vtid, attempt FROM autopilot_runs "
                          "WHERE lease_fence IS NOT NULL ORDER BY lease_until LIMIT $1",
                          {limit});
}

std::map<std::string, int> Ledger::leases() {
  transaction_.flush<RunMap>();
  return queries::leases(transaction_.connection());
}

std::vector<SlotRow> Ledger::slots() {
  transaction_.flush<RunMap>();
  return queries::slots(transaction_.connection());
}

int Ledger::repo_runs_since(const std::string& repo, Instant since) {
  transaction_.flush<RunMap>();
  return queries::repo_runs_since(transaction_.connection(), repo, since);
}

// Outbox.

void Ledger::postpone(std::int64_t effect, Instant due, const std::string& error) {
  auto row = pending(effect);
  if (!row) return;
  row->last_error = error;
  row->due = due;
  // Tasks that wait for one that has ended would wait for ever.
  const bool may_fail = row->effect.kind != domain::EffectKind::resolve_dependents &&
                        row->effect.kind != domain::EffectKind::commit_status;
  if (++row->attempts >= effect_attempts_max && may_fail) fail(*row);
  transaction_.table<EffectMap>().put(std::move(*row));
}

void Ledger::put_off(std::int64_t effect, Instant due) {
  auto row = pending(effect);
  if (!row) return;
  row->due = due;
  transaction_.table<EffectMap>().put(std::move(*row));
}

void Ledger::give_up(std::int64_t effect, const std::string& error) {
  auto row = pending(effect);
  if (!row) return;
  row->last_error = error;
  ++row->attempts;
  fail(*row);
  transaction_.table<EffectMap>().put(std::move(*row));
}

std::optional<EffectRow> Ledger::pending(std::int64_t effect) {
  transaction_.flush<EffectMap>();
  auto rows = select_rows<EffectMap>(transaction_.connection(), "WHERE id = $1 AND state = 'pending'", {effect});
  return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

void Ledger::fail(EffectRow& row) {
  row.state = domain::name_of(domain::EffectOutcome::failed);
  nlohmann::json data{{"kind", name_of(row.effect.kind)}, {"attempts", row.attempts}, {"error", row.last_error}};
  for (const char* of : {"repo", "ref", "commit"}) {
    if (auto value = member(row.effect.payload, of)) data[of] = std::move(*value);
  }
  append({domain::EventType::effect_failed, row.effect.vtid, row.effect.run, "engine", data.dump()});
}

std::vector<EffectRow> Ledger::pending(domain::EffectKind kind, int limit, const std::string& keys) {
  transaction_.flush<EffectMap>();
  std::vector<sql::Value> values{domain::name_of(kind), std::max(limit, 0)};
  const auto of = keys.empty() ? std::string() : "AND " + queries::begins("key", {keys}, values);
  return select_rows<EffectMap>(transaction_.connection(),
                                fmt::format("WHERE state = 'pending' AND kind = $1 {} ORDER BY id LIMIT $2", of), values);
}

// Webhooks of the configuration.

std::vector<WebhookCursorRow> Ledger::webhook_cursors() {
  transaction_.flush<WebhookCursorMap>();
  return select_rows<WebhookCursorMap>(transaction_.connection(), "ORDER BY name");
}

// Access.

std::vector<TokenRow> Ledger::sessions_of(const std::string& id) {
  transaction_.flush<TokenMap>();
  return select_rows<TokenMap>(transaction_.connection(), "WHERE created_by = $1 AND revoked_at IS NULL ORDER BY id", {id});
}

// Requests and webhooks.

std::vector<RequestRow> Ledger::requests_before(Instant before, int limit) {
  transaction_.flush<RequestMap>();
  return select_rows<RequestMap>(transaction_.connection(), "WHERE made_at < $1 ORDER BY made_at LIMIT $2",
                                 {to_us(before), limit});
}

std::vector<WebhookRow> Ledger::webhooks_before(Instant before, int limit) {
  transaction_.flush<WebhookMap>();
  return select_rows<WebhookMap>(transaction_.connection(), "WHERE received_at < $1 ORDER BY received_at LIMIT $2",
                                 {to_us(before), limit});
}

// Repositories, drafts, evidence.

std::vector<RepoFileRow> Ledger::repo_files(const std::string& repo, Vtid vtid) {
  transaction_.flush<RepoFileMap>();
  return select_rows<RepoFileMap>(transaction_.connection(),
                                  "WHERE repo = $1 AND vtid = $2 ORDER BY path",
                                  {utf8_clean(repo), vtid.to_string()});
}

std::optional<DraftRow> Ledger::draft(std::int64_t id) {
  transaction_.flush<DraftMap>();
  return queries::draft(transaction_.connection(), id);
}

int Ledger::evidence_rounds(const RunId& run) {
  transaction_.flush<EvidenceMap>();
  return int_of(queries::number(
      transaction_.connection(),
      "SELECT COALESCE(MAX(round), 0) FROM evidence WHERE vtid = $1 AND attempt = $2",
      {run.vtid.to_string(), run.attempt}));
}

std::vector<EvidenceRow> Ledger::evidence(const RunId& run) {
  transaction_.flush<EvidenceMap>();
  return queries::evidence(transaction_.connection(), run);
}

}  // namespace vitana::store
