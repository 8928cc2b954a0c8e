// Rows of the store that are not domain values of their own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/time.h"
#include "base/vtid.h"
#include "domain/access.h"
#include "domain/criterion.h"
#include "domain/effect.h"
#include "domain/event.h"
#include "domain/gate.h"
#include "domain/policy.h"
#include "domain/unify.h"

namespace vitana::store {

/// Place of an event in the log: 1, 2, 3, … without gaps, in the order of commits.
using Sequence = std::int64_t;

/// A line of the log, as it is chained. Row of `oasis_events`.
struct StoredEvent {
  Sequence seq = 0;
  Instant time{};
  std::string type;
  std::string status;
  std::optional<Vtid> vtid;
  std::optional<RunId> run;
  std::string actor;
  std::string data;
  Digest hash;  ///< over the previous hash and all of the above
};

/// Where the log ends.
struct ChainHead {
  Sequence seq = 0;
  Digest hash;
};

/// What a source says of a VTID, with its text. Key: (vtid, provenance.origin()).
struct CandidateRow {
  Vtid vtid;
  domain::Candidate candidate;
  std::string text;
  bool circular = false;  ///< not valid because its task would wait for itself, as things stood
};

/// A configured repository as the store knows it.
struct RepoRow {
  std::string name;
  std::string synced_commit;  ///< the commit whose specs are registered; empty: none yet
  std::string branch;         ///< what `synced_commit` was read for: the branch, then the patterns
  std::optional<Instant> synced_at;
  /// Never read by this store, or not since it was restored: what was delivered before is known after
  /// the next sync only.
  bool unsettled = true;
  bool unnumbered = true;  ///< nor which numbers were given out before
  /// A commit of which some files are taken in, and not yet all: it is read to its end before another
  /// one, whatever becomes of the branch. Empty: none.
  std::string reading_commit = {};
  std::string reading_branch = {};  ///< as `branch`, of `reading_commit`
  /// What the repository's texts are held to, as found at the commit that was read last: the operator's
  /// rules, and what the repository adds. Absent: it was never read.
  std::optional<domain::SpecRules> rules = {};
  domain::SpecRules rules_beside = {};  ///< the operator's own when `rules` were made
};

/// What became of one file that matches a repository's spec patterns. Key: (repo, path).
struct RepoFileRow {
  std::string repo;
  std::string path;
  std::string blob;
  std::optional<Vtid> vtid;
  std::string digest;   ///< written form; empty when the file was not read
  std::string outcome;  ///< registered unchanged held completed invalid ignored conflict renamed missing
  std::string reason;
  bool unadopted = false;  ///< there at first contact, whatever was wrong with it; see engine/repo_files.cc
};

/// The id of a file in a repository whose specs carry none (ids = "local"). Key: (repo, path).
struct LocalIdRow {
  std::string repo;
  std::string path;
  Vtid vtid;
};

/// The ids that a store is known to have given out: none of them may be given out again by a copy that
/// is older than they are.
struct GivenIds {
  std::map<std::string, std::int64_t> counters;  ///< of VTIDs, drafts, effects, …
  std::map<Vtid, int> attempts;                  ///< the highest of each task
  std::int64_t epoch = 0;                        ///< of its tokens

  void add(const RunId& run) {
    auto& highest = attempts[run.vtid];
    highest = std::max(highest, run.attempt);
  }
};

/// A draft of the authoring flow. Row of `oasis_specs`; each edit is a new version.
struct DraftRow {
  std::int64_t id = 0;
  int version = 1;
  std::optional<Vtid> vtid;  ///< asked for; absent: one is allocated at approval
  std::string title;
  std::string markdown;
  Digest digest;
  std::string status;  ///< draft validated rejected approved
  std::string author;
  Instant created_at{};
  Instant updated_at{};
  std::string repo = {};  ///< where it is delivered; empty: the only configured one, or as the text says
};

/// A 3-step intake under way.
struct IntakeRow {
  std::int64_t id = 0;
  std::string step;   ///< title, description, criteria, done, failed
  std::string state;  ///< JSON object: what was answered so far
  std::string author;
  std::optional<Vtid> vtid;
  Instant created_at{};
  Instant updated_at{};
  std::string repo = {};  ///< as of a draft
};

/// The repository's own checks on one base commit.
struct GreenBaseRow {
  std::string repo;
  std::string commit;
  Digest commands;
  Instant at{};
};

/// A delivery that is known from trailers or made by us. Key: (repo, vtid, digest).
struct DeliveryRow {
  std::string repo;
  Vtid vtid;
  std::string digest;
  std::string commit;
  bool beside = false;  ///< on the branch of its task, not in the repository's branch

  /// Where changes are merged, what the task's own branch holds waits for its target still.
  bool counts_for(domain::DeliveryMode mode) const {
    return !beside || mode == domain::DeliveryMode::branch;
  }
  bool operator==(const DeliveryRow&) const = default;
};

struct EffectRow {
  std::int64_t id = 0;
  domain::Effect effect;
  std::string state;  ///< pending, done, void, failed
  int attempts = 0;
  std::string last_error;
  Instant due{};
};

struct ControlRow {
  std::string key;
  domain::Control control;
};

/// What somebody outside shows to be let in.
struct TokenRow {
  std::string id;  ///< "tok_" and 16 digits: its name in lists and in the log
  Instant created_at{};
  Digest hash;     ///< of the token's text, which is kept nowhere
  std::string name;
  domain::Role role = domain::Role::viewer;
  std::vector<std::string> repos = {};  ///< as domain::Caller
  std::string created_by;
  std::optional<Instant> expires_at = {};
  std::optional<Instant> revoked_at = {};

  bool is_valid(Instant now) const { return !revoked_at && (!expires_at || *expires_at > now); }
  domain::Caller caller() const { return {name, role, repos, id}; }
};

/// A request that was sent with a key, and what it made. Key: (caller, key).
struct RequestRow {
  std::string caller;  ///< whose key it is
  std::string key;
  Digest request;
  std::string made;    ///< the name of what it made or changed
  Instant at{};
};

/// What a forge told of a repository. Key: (repo, delivery).
struct WebhookRow {
  std::string repo;
  std::string delivery;  ///< the forge's id of it
  std::string forge;
  std::string event;
  std::string ref;
  std::string outcome;   ///< looking, other_branch, ignored
  Instant at{};
};

/// How far a webhook of the configuration was told of the log.
struct WebhookCursorRow {
  std::string name;
  Sequence seq = 0;   ///< all up to here was told, was passed over, or is not for it
  int attempts = 0;   ///< that failed, since one went through
  std::optional<Instant> failing_since = {};
  Instant next_at{};  ///< not tried before
  std::int64_t passed_over = 0;  ///< events, since one went through
  std::string last_error = {};
  std::optional<Instant> told_at = {};  ///< the last event that went through
  std::string holder = {};  ///< on a store that hosts share: the home of the engine that tells it …
  Instant held_until{};     ///< … and until when no other one does

  bool operator==(const WebhookCursorRow&) const = default;
};

/// A worker on another machine, as it last registered.
struct WorkerRow {
  std::string id;     ///< "wrk_" and 16 digits: the same for each registration of this name by this actor
  std::string name;
  std::string actor;  ///< whose token registered it; nobody else's speaks for it
  std::vector<std::string> labels = {};
  int slots = 1;
  int protocol = 1;
  Instant registered_at{};
  Instant seen_at{};          ///< to the minute
  bool draining = false;      ///< is to take nothing new
  std::string token = {};     ///< id of the one that registered it; empty: a person at the machine itself
  std::string callback_url = {};     ///< where it wants to be told of runs; empty: it asks
  std::string callback_secret = {};  ///< signs what it is told; never shown

  bool operator==(const WorkerRow&) const = default;
};

struct BreakerRow {
  std::string key;  ///< "repo:NAME" or "agent:NAME"
  domain::Breaker breaker;
};

struct EvidenceRow {
  RunId run;
  int round = 1;  ///< verifying again is a new round
  domain::Evidence evidence;
};

/// What of a work list is asked for.
struct WorkFilter {
  std::optional<Vtid> only = {};  ///< of this task alone
  bool whenever = false;          ///< also tasks whose back-off is not over
  std::string default_agent = {};  ///< the agent of a task that names none
  std::set<std::string> without_agents = {};
  std::set<std::string> without_repos = {};
  std::set<std::string> only_repos = {};  ///< of these alone; empty: all

  bool operator==(const WorkFilter&) const = default;
};

/// Runs that hold a slot and have something in common: what else has to be so for them to go on.
struct SlotRow {
  std::string repo;
  std::string agent;
  std::optional<domain::Step> wants;  ///< of a worker; absent: one has it, or it is not offered yet
  int runs = 0;
};

/// A task's spec version, without its text, for lists.
struct SpecSummary {
  Vtid vtid;
  int version = 1;
  Digest digest;
  domain::Provenance provenance;
  Instant locked_at{};
};

}  // namespace vitana::store
