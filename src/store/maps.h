// How rows lie in their tables: one Map for each (see store/table.h). Not for use outside store/.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "domain/run.h"
#include "domain/spec.h"
#include "domain/task.h"
#include "store/columns.h"
#include "store/rows.h"
#include "store/table.h"

namespace vitana::store {

/// A run with what its row repeats of its task, so that the order of claims is one index.
struct RunRow {
  domain::Run run;
  int priority = 3;
};

struct ApprovalRow {
  Vtid vtid;
  int version = 1;
  Digest digest;
  std::string actor;
  Instant at{};
};

struct DependencyRow {
  Vtid vtid;
  Vtid on;
};

struct StoredEvidence {
  int ordinal = 1;  ///< within the run, from 1
  EvidenceRow row;
};

/// A name and a number: counters, refusals.
struct CounterRow {
  std::string name;
  std::int64_t value = 0;
};

/// The counter of the attempts that a task was given by a store before this one: of this name, and then
/// the VTID.
inline constexpr std::string_view attempts_counters = "attempts of ";
inline std::string attempts_counter(Vtid vtid) { return std::string(attempts_counters) + vtid.to_string(); }

/// A name and a text: meta, configs.
struct TextRow {
  std::string name;
  std::string text;
};

#define VITANA_STORE_MAP(NAME, ROW, KEY, TABLE, KEYS, FIXED, INSERT_ONLY, ...)             \
  struct NAME {                                                                            \
    using Row = ROW;                                                                       \
    using Key = KEY;                                                                       \
    static constexpr std::string_view table = TABLE;                                       \
    static constexpr std::size_t keys = KEYS;   /* the first columns are the key */        \
    static constexpr std::size_t fixed = FIXED; /* the first columns never change */       \
    static constexpr bool insert_only = INSERT_ONLY;                                       \
    static constexpr auto columns = std::to_array<std::string_view>({__VA_ARGS__});        \
    static Key key_of(const Row& row);                                                     \
    static void bind_key(const Key& key, Values& values);                                  \
    static void bind_row(const Row& row, Values& values);                                  \
    static Row read(const sql::Row& row);                                                  \
  };

using VtidText = std::pair<Vtid, std::string>;
using VtidVersion = std::pair<Vtid, int>;
using VtidPair = std::pair<Vtid, Vtid>;
using TextPair = std::pair<std::string, std::string>;
using DeliveryKey = std::tuple<std::string, Vtid, std::string>;
using GreenBaseKey = std::tuple<std::string, std::string, std::string>;
using EvidenceKey = std::tuple<Vtid, int, int>;
using DraftKey = std::pair<std::int64_t, int>;

// clang-format off
VITANA_STORE_MAP(TaskMap, domain::Task, Vtid, "vtid_ledger", 1, 2, false,
  "vtid", "created_at", "title", "status", "blocked_reason", "priority", "repo", "description",
  "spec_version", "spec_checksum", "waits", "not_before", "next_kind", "next_what", "next_due",
  "error_code", "error", "spent", "attempt", "newer_spec", "answer", "agent", "delivery",
  "updated_at", "revision")
VITANA_STORE_MAP(RunMap, RunRow, RunId, "autopilot_runs", 2, 3, false,
  "vtid", "attempt", "created_at", "state", "wants", "priority", "spec_version", "spec_checksum",
  "repo", "base_commit", "config_digest", "agent", "delivery", "lease_worker", "lease_fence",
  "lease_granted_at", "lease_until", "fence", "parked", "not_before", "route_failures",
  "step_failures", "base_moves", "result_commit", "result_tree", "unsandboxed", "deliverable",
  "workspace", "error_code", "error", "worker", "started_at", "ended_at", "revision", "holds_slot")
VITANA_STORE_MAP(SpecMap, domain::SpecVersion, VtidVersion, "vtid_specs", 2, 2, true,
  "vtid", "version", "spec_text", "checksum", "spec_source", "locked_at", "created_at", "author",
  "source_repo", "source_path", "source_commit", "source_blob", "source_reference",
  "source_reason")
VITANA_STORE_MAP(CandidateMap, CandidateRow, VtidText, "spec_candidates", 2, 2, false,
  "vtid", "origin", "checksum", "valid", "diagnostics", "spec_source", "author", "said_at",
  "source_repo", "source_path", "source_commit", "source_blob", "source_reference",
  "source_reason", "spec_text", "circular")
VITANA_STORE_MAP(ApprovalMap, ApprovalRow, VtidVersion, "spec_approvals", 2, 2, false,
  "vtid", "version", "checksum", "actor", "approved_at")
VITANA_STORE_MAP(DependencyMap, DependencyRow, VtidPair, "task_dependencies", 2, 1, false,
  "vtid", "depends_on")
VITANA_STORE_MAP(EffectMap, EffectRow, std::string, "outbox", 1, 2, false,
  "key", "id", "kind", "vtid", "run", "payload", "state", "attempts", "last_error", "due")
VITANA_STORE_MAP(EvidenceMap, StoredEvidence, EvidenceKey, "evidence", 3, 3, true,
  "vtid", "attempt", "ordinal", "round", "criterion", "criterion_text", "class", "verdict",
  "command", "exit_code", "base_exit_code", "output", "tree", "judged_at")
VITANA_STORE_MAP(RepoMap, RepoRow, std::string, "repos", 1, 1, false,
  "name", "synced_commit", "branch", "synced_at", "unsettled", "unnumbered", "reading_commit",
  "reading_branch", "approval", "profile", "operators_approval", "operators_profile")
VITANA_STORE_MAP(LocalIdMap, LocalIdRow, TextPair, "local_ids", 2, 2, false,
  "repo", "path", "vtid")
VITANA_STORE_MAP(RepoFileMap, RepoFileRow, TextPair, "repo_files", 2, 2, false,
  "repo", "path", "blob_id", "vtid", "checksum", "outcome", "reason", "unadopted")
VITANA_STORE_MAP(DeliveryMap, DeliveryRow, DeliveryKey, "deliveries", 3, 3, false,
  "repo", "vtid", "checksum", "commit_id", "beside")
VITANA_STORE_MAP(GreenBaseMap, GreenBaseRow, GreenBaseKey, "green_bases", 3, 3, false,
  "repo", "commit_id", "commands_digest", "checked_at")
VITANA_STORE_MAP(ControlMap, ControlRow, std::string, "controls", 1, 1, false,
  "key", "is_on", "reason", "actor", "until_at", "set_at")
VITANA_STORE_MAP(BreakerMap, BreakerRow, std::string, "breakers", 1, 1, false,
  "key", "error_code", "detail", "since", "probe_at", "tries", "is_open",
  "probes", "probe_run", "proven")
VITANA_STORE_MAP(DraftMap, DraftRow, DraftKey, "oasis_specs", 2, 2, false,
  "id", "version", "vtid", "title", "markdown", "checksum", "status", "author", "created_at",
  "updated_at", "repo")
VITANA_STORE_MAP(IntakeMap, IntakeRow, std::int64_t, "intakes", 1, 1, false,
  "id", "step", "state", "author", "vtid", "created_at", "updated_at", "repo")
VITANA_STORE_MAP(TokenMap, TokenRow, std::string, "access_tokens", 1, 8, false,
  "id", "created_at", "hash", "name", "role", "repos", "created_by", "expires_at", "revoked_at")
VITANA_STORE_MAP(RequestMap, RequestRow, TextPair, "requests", 2, 2, false,
  "caller", "key", "digest", "made", "made_at")
VITANA_STORE_MAP(WebhookMap, WebhookRow, TextPair, "webhook_deliveries", 2, 2, true,
  "repo", "delivery", "forge", "event", "ref", "outcome", "received_at")
VITANA_STORE_MAP(WebhookCursorMap, WebhookCursorRow, std::string, "webhook_cursors", 1, 1, false,
  "name", "seq", "attempts", "failing_since", "next_at", "passed_over", "last_error", "told_at", "holder",
  "held_until")
VITANA_STORE_MAP(WorkerMap, WorkerRow, std::string, "workers", 1, 3, false,
  "id", "name", "actor", "labels", "slots", "protocol", "registered_at", "seen_at", "draining", "token",
  "callback_url", "callback_secret")
VITANA_STORE_MAP(CounterMap, CounterRow, std::string, "counters", 1, 1, false, "name", "value")
VITANA_STORE_MAP(RefusalMap, CounterRow, std::string, "refusals", 1, 1, false, "key", "refused")
VITANA_STORE_MAP(MetaMap, TextRow, std::string, "meta", 1, 1, false, "key", "value")
VITANA_STORE_MAP(ConfigMap, TextRow, std::string, "configs", 1, 1, false, "digest", "config_text")
VITANA_STORE_MAP(EventMap, StoredEvent, Sequence, "oasis_events", 1, 1, true,
  "seq", "time_us", "type", "status", "vtid", "run", "actor", "data", "hash")
// clang-format on

#undef VITANA_STORE_MAP

}  // namespace vitana::store
