// Tables of what work comes from: specs, candidates, repositories, drafts, intakes, switches.
#include "base/utf8.h"
#include "store/bind.h"
#include "store/maps.h"

namespace vitana::store {
namespace {

void read_place(const sql::Row& row, std::size_t at, domain::Provenance& p) {
  p.repo = row.text(at);
  p.path = row.text(at + 1);
  p.commit = row.text(at + 2);
  p.blob = row.text(at + 3);
  p.reference = row.text(at + 4);
  p.reason = row.text(at + 5);
}

void bind_place(const domain::Provenance& p, Values& values) {
  bind(values, utf8_clean(p.repo), utf8_clean(p.path), utf8_clean(p.commit), utf8_clean(p.blob),
       utf8_clean(p.reference), utf8_clean(p.reason));
}

}  // namespace

// Specs. The text is stored as it is: it was validated, and its digest is over these bytes.

VtidVersion SpecMap::key_of(const Row& spec) { return {spec.vtid, spec.version}; }
void SpecMap::bind_key(const Key& key, Values& values) {
  bind(values, key.first.to_string(), key.second);
}

void SpecMap::bind_row(const Row& s, Values& values) {
  bind(values, s.vtid.to_string(), s.version, s.text, s.digest.to_string(),
       name_of(s.provenance.source), to_us(s.locked_at), to_us(s.provenance.at),
       utf8_clean(s.provenance.author));
  bind_place(s.provenance, values);
}

domain::SpecVersion SpecMap::read(const sql::Row& row) {
  domain::SpecVersion s{.vtid = vtid_of(row.text(0)), .version = int_of(row.int64(1))};
  s.text = row.text(2);
  s.digest = digest_of(row.text(3));
  s.provenance.source = word(row, 4, "spec_source", domain::spec_source);
  s.locked_at = instant_of(row.int64(5));
  s.provenance.at = instant_of(row.int64(6));
  s.provenance.author = row.text(7);
  read_place(row, 8, s.provenance);
  return s;
}

VtidText CandidateMap::key_of(const Row& row) {
  return {row.vtid, row.candidate.provenance.origin()};
}
void CandidateMap::bind_key(const Key& key, Values& values) {
  bind(values, key.first.to_string(), utf8_clean(key.second));
}

void CandidateMap::bind_row(const Row& row, Values& values) {
  const auto& c = row.candidate;
  bind_key(key_of(row), values);
  bind(values, c.digest.to_string(), c.valid, diagnostics_column(c.diagnostics),
       name_of(c.provenance.source), utf8_clean(c.provenance.author), to_us(c.provenance.at));
  bind_place(c.provenance, values);
  bind(values, utf8_clean(row.text), row.circular);
}

CandidateRow CandidateMap::read(const sql::Row& row) {
  CandidateRow out{.vtid = vtid_of(row.text(0)), .candidate = {}, .text = row.text(14), .circular = row.boolean(15)};
  out.candidate.digest = digest_of(row.text(2));
  out.candidate.valid = row.boolean(3);
  out.candidate.diagnostics = diagnostics_of(row.text(4));
  out.candidate.provenance.source = word(row, 5, "spec_source", domain::spec_source);
  out.candidate.provenance.author = row.text(6);
  out.candidate.provenance.at = instant_of(row.int64(7));
  read_place(row, 8, out.candidate.provenance);
  return out;
}

VtidVersion ApprovalMap::key_of(const Row& row) { return {row.vtid, row.version}; }
void ApprovalMap::bind_key(const Key& key, Values& values) {
  bind(values, key.first.to_string(), key.second);
}
void ApprovalMap::bind_row(const Row& row, Values& values) {
  bind(values, row.vtid.to_string(), row.version, row.digest.to_string(), utf8_clean(row.actor),
       to_us(row.at));
}
ApprovalRow ApprovalMap::read(const sql::Row& row) {
  return {vtid_of(row.text(0)), int_of(row.int64(1)), digest_of(row.text(2)), row.text(3),
          instant_of(row.int64(4))};
}

// Repositories.

std::string RepoMap::key_of(const Row& row) { return row.name; }
void RepoMap::bind_key(const Key& key, Values& values) { bind(values, utf8_clean(key)); }
void RepoMap::bind_row(const Row& row, Values& values) {
  bind(values, utf8_clean(row.name), row.synced_commit, utf8_clean(row.branch),
       us_of(row.synced_at), row.unsettled, row.unnumbered,
       row.reading_commit, utf8_clean(row.reading_branch),
       row.rules ? std::optional(std::string(name_of(row.rules->approval))) : std::nullopt,
       row.rules ? std::optional(std::string(name_of(row.rules->profile))) : std::nullopt,
       name_of(row.rules_beside.approval), name_of(row.rules_beside.profile));
}
RepoRow RepoMap::read(const sql::Row& row) {
  RepoRow repo{row.text(0),    row.text(1),    row.text(2), optional_instant(row, 3),
               row.boolean(4), row.boolean(5), row.text(6), row.text(7)};
  if (!row.is_null(8)) {
    repo.rules = {word(row, 8, "approval", domain::approval_mode), word(row, 9, "profile", domain::spec_profile)};
  }
  repo.rules_beside = {word(row, 10, "operators_approval", domain::approval_mode),
                       word(row, 11, "operators_profile", domain::spec_profile)};
  return repo;
}

TextPair LocalIdMap::key_of(const Row& row) { return {row.repo, row.path}; }
void LocalIdMap::bind_key(const Key& key, Values& values) {
  bind(values, utf8_clean(key.first), utf8_clean(key.second));
}
void LocalIdMap::bind_row(const Row& row, Values& values) {
  bind_key(key_of(row), values);
  bind(values, row.vtid.to_string());
}
LocalIdRow LocalIdMap::read(const sql::Row& row) {
  return {row.text(0), row.text(1), vtid_of(row.text(2))};
}

TextPair RepoFileMap::key_of(const Row& row) { return {row.repo, row.path}; }
void RepoFileMap::bind_key(const Key& key, Values& values) {
  bind(values, utf8_clean(key.first), utf8_clean(key.second));
}
void RepoFileMap::bind_row(const Row& row, Values& values) {
  bind_key(key_of(row), values);
  bind(values, row.blob, text_of(row.vtid), row.digest, row.outcome, utf8_clean(row.reason), row.unadopted);
}
RepoFileRow RepoFileMap::read(const sql::Row& row) {
  return {row.text(0), row.text(1), row.text(2), optional_vtid(row, 3),
          row.text(4), row.text(5), row.text(6), row.boolean(7)};
}

DeliveryKey DeliveryMap::key_of(const Row& row) { return {row.repo, row.vtid, row.digest}; }
void DeliveryMap::bind_key(const Key& key, Values& values) {
  bind(values, utf8_clean(std::get<0>(key)), std::get<1>(key).to_string(),
       utf8_clean(std::get<2>(key)));
}
void DeliveryMap::bind_row(const Row& row, Values& values) {
  bind_key(key_of(row), values);
  bind(values, row.commit, row.beside);
}
DeliveryRow DeliveryMap::read(const sql::Row& row) {
  return {row.text(0), vtid_of(row.text(1)), row.text(2), row.text(3), row.boolean(4)};
}

GreenBaseKey GreenBaseMap::key_of(const Row& row) {
  return {row.repo, row.commit, row.commands.to_string()};
}
void GreenBaseMap::bind_key(const Key& key, Values& values) {
  bind(values, utf8_clean(std::get<0>(key)), std::get<1>(key), std::get<2>(key));
}
void GreenBaseMap::bind_row(const Row& row, Values& values) {
  bind_key(key_of(row), values);
  bind(values, to_us(row.at));
}
GreenBaseRow GreenBaseMap::read(const sql::Row& row) {
  return {row.text(0), row.text(1), digest_of(row.text(2)), instant_of(row.int64(3))};
}

// Switches.

std::string ControlMap::key_of(const Row& row) { return row.key; }
void ControlMap::bind_key(const Key& key, Values& values) { bind(values, utf8_clean(key)); }
void ControlMap::bind_row(const Row& row, Values& values) {
  const auto& c = row.control;
  bind(values, utf8_clean(row.key), c.on, utf8_clean(c.reason), utf8_clean(c.actor), us_of(c.until),
       to_us(c.at));
}
ControlRow ControlMap::read(const sql::Row& row) {
  return {row.text(0),
          {row.boolean(1), row.text(2), row.text(3), optional_instant(row, 4),
           instant_of(row.int64(5))}};
}

std::string TokenMap::key_of(const Row& row) { return row.id; }
void TokenMap::bind_key(const Key& key, Values& values) { bind(values, utf8_clean(key)); }
void TokenMap::bind_row(const Row& row, Values& values) {
  bind(values, utf8_clean(row.id), to_us(row.created_at), row.hash.to_string(), utf8_clean(row.name),
       name_of(row.role), list_column(row.repos), utf8_clean(row.created_by), us_of(row.expires_at),
       us_of(row.revoked_at));
}
TokenRow TokenMap::read(const sql::Row& row) {
  return {.id = row.text(0),
          .created_at = instant_of(row.int64(1)),
          .hash = digest_of(row.text(2)),
          .name = row.text(3),
          .role = word(row, 4, "role", domain::role),
          .repos = list_of(row.text(5)),
          .created_by = row.text(6),
          .expires_at = optional_instant(row, 7),
          .revoked_at = optional_instant(row, 8)};
}

std::string WebhookCursorMap::key_of(const Row& row) { return row.name; }
void WebhookCursorMap::bind_key(const Key& key, Values& values) { bind(values, utf8_clean(key)); }
void WebhookCursorMap::bind_row(const Row& row, Values& values) {
  bind(values, utf8_clean(row.name), row.seq, row.attempts, us_of(row.failing_since), to_us(row.next_at),
       row.passed_over, utf8_clean(row.last_error), us_of(row.told_at), utf8_clean(row.holder), to_us(row.held_until));
}
WebhookCursorRow WebhookCursorMap::read(const sql::Row& row) {
  return {.name = row.text(0),
          .seq = row.int64(1),
          .attempts = int_of(row.int64(2)),
          .failing_since = optional_instant(row, 3),
          .next_at = instant_of(row.int64(4)),
          .passed_over = row.int64(5),
          .last_error = row.text(6),
          .told_at = optional_instant(row, 7),
          .holder = row.text(8),
          .held_until = instant_of(row.int64(9))};
}

std::string WorkerMap::key_of(const Row& row) { return row.id; }
void WorkerMap::bind_key(const Key& key, Values& values) { bind(values, utf8_clean(key)); }
void WorkerMap::bind_row(const Row& row, Values& values) {
  bind(values, utf8_clean(row.id), utf8_clean(row.name), utf8_clean(row.actor), list_column(row.labels), row.slots,
       row.protocol, to_us(row.registered_at), to_us(row.seen_at), row.draining, utf8_clean(row.token),
       utf8_clean(row.callback_url), utf8_clean(row.callback_secret));
}
WorkerRow WorkerMap::read(const sql::Row& row) {
  return {.id = row.text(0),
          .name = row.text(1),
          .actor = row.text(2),
          .labels = list_of(row.text(3)),
          .slots = int_of(row.int64(4)),
          .protocol = int_of(row.int64(5)),
          .registered_at = instant_of(row.int64(6)),
          .seen_at = instant_of(row.int64(7)),
          .draining = row.boolean(8),
          .token = row.text(9),
          .callback_url = row.text(10),
          .callback_secret = row.text(11)};
}

std::string BreakerMap::key_of(const Row& row) { return row.key; }
void BreakerMap::bind_key(const Key& key, Values& values) { bind(values, utf8_clean(key)); }
void BreakerMap::bind_row(const Row& row, Values& values) {
  const auto& b = row.breaker;
  bind(values, utf8_clean(row.key), name_of(b.code), utf8_clean(b.detail), to_us(b.since),
       to_us(b.probe_at), b.tries, b.open, b.probes,
       text_of(b.probe), b.proven);
}
BreakerRow BreakerMap::read(const sql::Row& row) {
  return {row.text(0),
          {.code = word(row, 1, "error_code", failure_code),
           .detail = row.text(2),
           .since = instant_of(row.int64(3)),
           .probe_at = instant_of(row.int64(4)),
           .tries = int_of(row.int64(5)),
           .open = row.boolean(6),
           .probes = int_of(row.int64(7)),
           .probe = optional_run(row, 8),
           .proven = row.boolean(9)}};
}

// Drafts and intakes.

DraftKey DraftMap::key_of(const Row& row) { return {row.id, row.version}; }
void DraftMap::bind_key(const Key& key, Values& values) { bind(values, key.first, key.second); }
void DraftMap::bind_row(const Row& row, Values& values) {
  bind_key(key_of(row), values);
  bind(values, text_of(row.vtid), utf8_clean(row.title), utf8_clean(row.markdown),
       row.digest.to_string(), row.status, utf8_clean(row.author), to_us(row.created_at),
       to_us(row.updated_at), utf8_clean(row.repo));
}
DraftRow DraftMap::read(const sql::Row& row) {
  return {row.int64(0),
          int_of(row.int64(1)),
          optional_vtid(row, 2),
          row.text(3),
          row.text(4),
          digest_of(row.text(5)),
          row.text(6),
          row.text(7),
          instant_of(row.int64(8)),
          instant_of(row.int64(9)),
          row.text(10)};
}

std::int64_t IntakeMap::key_of(const Row& row) { return row.id; }
void IntakeMap::bind_key(const Key& key, Values& values) { bind(values, key); }
void IntakeMap::bind_row(const Row& row, Values& values) {
  bind(values, row.id, row.step, utf8_clean(row.state), utf8_clean(row.author), text_of(row.vtid),
       to_us(row.created_at), to_us(row.updated_at), utf8_clean(row.repo));
}
IntakeRow IntakeMap::read(const sql::Row& row) {
  return {row.int64(0),
          row.text(1),
          row.text(2),
          row.text(3),
          optional_vtid(row, 4),
          instant_of(row.int64(5)),
          instant_of(row.int64(6)),
          row.text(7)};
}

// Requests and webhooks.

TextPair RequestMap::key_of(const Row& row) { return {row.caller, row.key}; }
void RequestMap::bind_key(const Key& key, Values& values) {
  bind(values, utf8_clean(key.first), utf8_clean(key.second));
}
void RequestMap::bind_row(const Row& row, Values& values) {
  bind_key(key_of(row), values);
  bind(values, row.request.to_string(), utf8_clean(row.made), to_us(row.at));
}
RequestRow RequestMap::read(const sql::Row& row) {
  return {row.text(0), row.text(1), digest_of(row.text(2)), row.text(3), instant_of(row.int64(4))};
}

TextPair WebhookMap::key_of(const Row& row) { return {row.repo, row.delivery}; }
void WebhookMap::bind_key(const Key& key, Values& values) {
  bind(values, utf8_clean(key.first), utf8_clean(key.second));
}
void WebhookMap::bind_row(const Row& row, Values& values) {
  bind_key(key_of(row), values);
  bind(values, utf8_clean(row.forge), utf8_clean(row.event), utf8_clean(row.ref), row.outcome, to_us(row.at));
}
WebhookRow WebhookMap::read(const sql::Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), instant_of(row.int64(6))};
}

}  // namespace vitana::store
