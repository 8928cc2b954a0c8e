// Tables of work: tasks, runs, effects, evidence, the log.
#include "store/maps.h"

#include "base/utf8.h"
#include "store/bind.h"

namespace vitana::store {
namespace {

using domain::Run;
using domain::Task;

}  // namespace

// Tasks.

Vtid TaskMap::key_of(const Row& task) { return task.vtid; }
void TaskMap::bind_key(const Key& key, Values& values) { bind(values, key.to_string()); }

void TaskMap::bind_row(const Row& t, Values& values) {
  std::optional<std::string> code, failure, newer;
  if (t.failure) code = name_of(t.failure->code);
  if (t.failure) failure = failure_column(*t.failure);
  if (t.newer) newer = newer_spec_column(*t.newer);
  std::optional<int> version;
  std::optional<std::string> digest;
  if (t.spec) version = t.spec->version;
  if (t.spec) digest = t.spec->digest.to_string();
  bind(values, t.vtid.to_string(), to_us(t.created_at), utf8_clean(t.title), name_of(t.status),
       name_if(t.blocked), t.priority, utf8_clean(t.repo), utf8_clean(t.description), version,
       digest, waits_column(t.waits), to_us(t.not_before), name_of(t.next.kind),
       utf8_clean(t.next.what), us_of(t.next.due), code, failure, spent_column(t.spent), t.attempt,
       newer, utf8_clean(t.answer), utf8_clean(t.agent), name_if(t.delivery), to_us(t.updated_at),
       t.revision);
}

Task TaskMap::read(const sql::Row& row) {
  Task t{.vtid = vtid_of(row.text(0))};
  t.created_at = instant_of(row.int64(1));
  t.title = row.text(2);
  t.status = word(row, 3, "status", domain::task_status);
  if (!row.is_null(4)) t.blocked = word(row, 4, "blocked_reason", domain::block_reason);
  t.priority = int_of(row.int64(5));
  t.repo = row.text(6);
  t.description = row.text(7);
  if (!row.is_null(8)) t.spec = {int_of(row.int64(8)), digest_of(row.text(9))};
  t.waits = waits_of(row.text(10));
  t.not_before = instant_of(row.int64(11));
  t.next.kind = word(row, 12, "next_kind", domain::next_kind);
  t.next.what = row.text(13);
  t.next.due = optional_instant(row, 14);
  if (!row.is_null(16)) t.failure = failure_of(row.text(16));
  t.spent = spent_of(row.text(17));
  t.attempt = int_of(row.int64(18));
  if (!row.is_null(19)) t.newer = newer_spec_of(row.text(19));
  t.answer = row.text(20);
  t.agent = row.text(21);
  if (!row.is_null(22)) t.delivery = word(row, 22, "delivery", domain::delivery_mode);
  t.updated_at = instant_of(row.int64(23));
  t.revision = row.int64(24);
  return t;
}

// Runs.

RunId RunMap::key_of(const Row& row) { return row.run.id; }
void RunMap::bind_key(const Key& key, Values& values) {
  bind(values, key.vtid.to_string(), key.attempt);
}

void RunMap::bind_row(const Row& row, Values& values) {
  const Run& r = row.run;
  std::optional<std::string> code, failure, deliverable, worker;
  if (r.failure) code = name_of(r.failure->code);
  if (r.failure) failure = failure_column(*r.failure);
  if (r.deliverable) deliverable = deliverable_column(*r.deliverable);
  std::optional<std::int64_t> fence, granted_at, until;
  if (r.lease) {
    worker = utf8_clean(r.lease->worker);
    fence = r.lease->fence;
    granted_at = to_us(r.lease->granted_at);
    until = to_us(r.lease->until);
  }
  bind(values, r.id.vtid.to_string(), r.id.attempt, to_us(r.created_at), name_of(r.state),
       name_if(r.wants()), row.priority, r.spec_version, r.spec_digest.to_string(),
       utf8_clean(r.repo), r.base_commit, r.config_digest.to_string(), utf8_clean(r.agent),
       name_of(r.delivery), worker, fence, granted_at, until, r.fence, r.parked,
       to_us(r.not_before), r.route_failures, r.step_failures, r.base_moves, r.result_commit,
       r.result_tree, r.unsandboxed, deliverable, utf8_clean(r.workspace), code, failure,
       utf8_clean(r.worker), us_of(r.started_at), us_of(r.ended_at), r.revision,
       r.holds_slot());
}

RunRow RunMap::read(const sql::Row& row) {
  Run r{.id = {vtid_of(row.text(0)), int_of(row.int64(1))}};
  r.created_at = instant_of(row.int64(2));
  r.state = word(row, 3, "state", domain::run_state);
  r.spec_version = int_of(row.int64(6));
  r.spec_digest = digest_of(row.text(7));
  r.repo = row.text(8);
  r.base_commit = row.text(9);
  r.config_digest = digest_of(row.text(10));
  r.agent = row.text(11);
  r.delivery = word(row, 12, "delivery", domain::delivery_mode);
  if (!row.is_null(14)) {
    r.lease = domain::Lease{row.text(13), row.int64(14), instant_of(row.int64(15)),
                            instant_of(row.int64(16))};
  }
  r.fence = row.int64(17);
  r.parked = row.boolean(18);
  r.not_before = instant_of(row.int64(19));
  r.route_failures = int_of(row.int64(20));
  r.step_failures = int_of(row.int64(21));
  r.base_moves = int_of(row.int64(22));
  r.result_commit = row.text(23);
  r.result_tree = row.text(24);
  r.unsandboxed = row.boolean(25);
  if (!row.is_null(26)) r.deliverable = deliverable_of(row.text(26));
  r.workspace = row.text(27);
  if (!row.is_null(29)) r.failure = failure_of(row.text(29));
  r.worker = row.text(30);
  r.started_at = optional_instant(row, 31);
  r.ended_at = optional_instant(row, 32);
  r.revision = row.int64(33);
  return {std::move(r), int_of(row.int64(5))};
}

// Dependencies.

VtidPair DependencyMap::key_of(const Row& row) { return {row.vtid, row.on}; }
void DependencyMap::bind_key(const Key& key, Values& values) {
  bind(values, key.first.to_string(), key.second.to_string());
}
void DependencyMap::bind_row(const Row& row, Values& values) { bind_key(key_of(row), values); }
DependencyRow DependencyMap::read(const sql::Row& row) {
  return {vtid_of(row.text(0)), vtid_of(row.text(1))};
}

// Effects.

std::string EffectMap::key_of(const Row& row) { return row.effect.key; }
void EffectMap::bind_key(const Key& key, Values& values) { bind(values, key); }

void EffectMap::bind_row(const Row& row, Values& values) {
  const auto& e = row.effect;
  bind(values, e.key, row.id, name_of(e.kind), text_of(e.vtid), text_of(e.run),
       utf8_clean(e.payload), row.state, row.attempts, utf8_clean(row.last_error), to_us(row.due));
}

EffectRow EffectMap::read(const sql::Row& row) {
  EffectRow out{.id = row.int64(1),
                .effect = {.kind = word(row, 2, "kind", domain::effect_kind), .key = row.text(0)}};
  out.effect.vtid = optional_vtid(row, 3);
  out.effect.run = optional_run(row, 4);
  out.effect.payload = row.text(5);
  out.state = row.text(6);
  out.attempts = int_of(row.int64(7));
  out.last_error = row.text(8);
  out.due = instant_of(row.int64(9));
  out.effect.due = out.due;
  return out;
}

// Evidence.

EvidenceKey EvidenceMap::key_of(const Row& row) {
  return {row.row.run.vtid, row.row.run.attempt, row.ordinal};
}
void EvidenceMap::bind_key(const Key& key, Values& values) {
  bind(values, std::get<0>(key).to_string(), std::get<1>(key), std::get<2>(key));
}

void EvidenceMap::bind_row(const Row& row, Values& values) {
  const auto& e = row.row.evidence;
  bind_key(key_of(row), values);
  bind(values, row.row.round, utf8_clean(e.criterion), utf8_clean(e.text), name_of(e.cls),
       name_of(e.verdict), utf8_clean(e.command), e.exit_code, e.base_exit_code,
       utf8_clean(e.output), e.tree, to_us(e.at));
}

StoredEvidence EvidenceMap::read(const sql::Row& row) {
  domain::Evidence e;
  e.criterion = row.text(4);
  e.text = row.text(5);
  e.cls = word(row, 6, "class", domain::criterion_class);
  e.verdict = word(row, 7, "verdict", domain::evidence_verdict);
  e.command = row.text(8);
  if (!row.is_null(9)) e.exit_code = int_of(row.int64(9));
  if (!row.is_null(10)) e.base_exit_code = int_of(row.int64(10));
  e.output = row.text(11);
  e.tree = row.text(12);
  e.at = instant_of(row.int64(13));
  return {int_of(row.int64(2)),
          {{vtid_of(row.text(0)), int_of(row.int64(1))}, int_of(row.int64(3)), std::move(e)}};
}

// The log.

Sequence EventMap::key_of(const Row& row) { return row.seq; }
void EventMap::bind_key(const Key& key, Values& values) { bind(values, key); }

void EventMap::bind_row(const Row& e, Values& values) {
  bind(values, e.seq, to_us(e.time), e.type, e.status, text_of(e.vtid), text_of(e.run), e.actor,
       e.data, e.hash.to_string());
}

StoredEvent EventMap::read(const sql::Row& row) {
  StoredEvent e{.seq = row.int64(0),
                .time = instant_of(row.int64(1)),
                .type = row.text(2),
                .status = row.text(3),
                .vtid = optional_vtid(row, 4),
                .actor = row.text(6),
                .data = row.text(7),
                .hash = digest_of(row.text(8))};
  e.run = optional_run(row, 5);
  return e;
}

// Names with a number or a text.

std::string CounterMap::key_of(const Row& row) { return row.name; }
void CounterMap::bind_key(const Key& key, Values& values) { bind(values, key); }
void CounterMap::bind_row(const Row& row, Values& values) { bind(values, row.name, row.value); }
CounterRow CounterMap::read(const sql::Row& row) { return {row.text(0), row.int64(1)}; }

std::string RefusalMap::key_of(const Row& row) { return row.name; }
void RefusalMap::bind_key(const Key& key, Values& values) { bind(values, utf8_clean(key)); }
void RefusalMap::bind_row(const Row& row, Values& values) {
  bind(values, utf8_clean(row.name), row.value);
}
CounterRow RefusalMap::read(const sql::Row& row) { return {row.text(0), row.int64(1)}; }

std::string MetaMap::key_of(const Row& row) { return row.name; }
void MetaMap::bind_key(const Key& key, Values& values) { bind(values, key); }
void MetaMap::bind_row(const Row& row, Values& values) { bind(values, row.name, row.text); }
TextRow MetaMap::read(const sql::Row& row) { return {row.text(0), row.text(1)}; }

std::string ConfigMap::key_of(const Row& row) { return row.name; }
void ConfigMap::bind_key(const Key& key, Values& values) { bind(values, key); }
void ConfigMap::bind_row(const Row& row, Values& values) { bind(values, row.name, row.text); }
TextRow ConfigMap::read(const sql::Row& row) { return {row.text(0), row.text(1)}; }

}  // namespace vitana::store
