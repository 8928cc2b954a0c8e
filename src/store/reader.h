// Questions to the store that change nothing: lists, histories, counts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/spec.h"
#include "domain/transition.h"
#include "store/rows.h"

namespace vitana::sql {
class Connection;
}

namespace vitana::store {

enum class TaskOrder {
  newest,   ///< the largest number first
  oldest,
  changed,  ///< the latest change first
};

struct TaskFilter {
  std::optional<domain::TaskStatus> status;
  std::optional<std::string> code;  ///< of the task's failure
  std::optional<domain::NextKind> next = {};    ///< who acts next
  std::optional<domain::BlockReason> but = {};  ///< blocked for anything else
  std::vector<std::string> repos = {};  ///< of these alone; empty: all, and those of none
  int limit = 50;
  std::optional<Vtid> after;  ///< cursor: those that come after this task
  TaskOrder order = TaskOrder::newest;
  Instant after_changed{};    ///< with `after`, in the order of changes: when that one had changed last
};

struct EventFilter {
  Sequence after = 0;
  std::optional<Vtid> vtid;
  std::string type_glob;  ///< empty: all
  int limit = 1000;
  /// Of tasks of these repositories alone; empty: all.
  std::vector<std::string> repos = {};
};

/// A part of the log that was looked at, and what of it matches.
struct EventPage {
  std::vector<StoredEvent> events;
  Sequence position = 0;  ///< all up to here was looked at
  bool end = false;       ///< there was no more
};

struct StatRow {
  std::string key;  ///< code, agent or repository
  int completed = 0;
  int failed = 0;
  int cancelled = 0;
};

/// Steps that a worker may claim now.
struct ReadyWork {
  std::int64_t steps = 0;
  std::optional<Instant> since;  ///< when the one that waits longest became so
};

/// One consistent snapshot, on the thread that it was given to. Database faults leave by exception
/// and are caught by Store::read.
class Reader {
 public:
  explicit Reader(sql::Connection& connection, Instant now) : connection_(connection), now_(now) {}

  Instant now() const { return now_; }
  std::optional<domain::Task> task(Vtid vtid);
  std::vector<domain::Task> tasks(const TaskFilter& filter);
  /// By status name; `repos` as in TaskFilter.
  std::map<std::string, int> task_counts(const std::vector<std::string>& repos = {});
  std::vector<domain::Run> runs(Vtid vtid);  ///< oldest first
  std::optional<domain::Run> run(const RunId& id);
  std::vector<EvidenceRow> evidence(const RunId& run);
  std::vector<EvidenceRow> evidence(Vtid vtid);
  std::optional<domain::SpecVersion> spec(Vtid vtid, int version);
  std::optional<domain::SpecVersion> newest_spec(Vtid vtid);
  std::vector<SpecSummary> spec_versions(Vtid vtid);
  std::vector<SpecSummary> specs(int limit, std::optional<Vtid> after, const std::vector<std::string>& repos = {});
  std::vector<CandidateRow> candidates(Vtid vtid);
  std::vector<RepoRow> repos();
  /// By path; of one VTID, or all.
  std::vector<RepoFileRow> repo_files(const std::string& repo, std::optional<Vtid> vtid = {});
  std::vector<StoredEvent> events(const EventFilter& filter);
  /// As events(), but looks at a thousand lines of the log at most.
  EventPage event_page(const EventFilter& filter);
  ChainHead head();
  std::optional<domain::Control> control(const std::string& key);
  std::vector<ControlRow> controls();
  std::optional<RepoRow> repo(const std::string& name);
  /// Tasks of the repository that are not over although a delivery of theirs is known.
  std::vector<Vtid> open_deliveries(const std::string& repo);
  std::optional<BreakerRow> breaker(const std::string& key);
  std::vector<BreakerRow> breakers();
  /// By the digest of its text.
  std::optional<TokenRow> token(const Digest& hash);
  std::optional<TokenRow> token(const std::string& id);
  /// Oldest first.
  std::vector<TokenRow> tokens();
  /// Runs that hold a lease, by id.
  std::vector<RunId> leased(int limit);
  /// How many leases each holder has, by the name on them.
  std::map<std::string, int> leases();
  std::optional<WorkerRow> worker(const std::string& id);
  /// Seen last first.
  std::vector<WorkerRow> workers(int limit);
  /// Those that gave an address, are not to drain, and were seen at `since` or later; seen last first.
  std::vector<WorkerRow> callback_workers(Instant since, int limit);
  std::vector<Vtid> dependencies(Vtid vtid);
  /// The newest version of each, without its text, the newest draft first; of those before `before` (0: of all), and
  /// of these repositories alone (empty: of all).
  std::vector<DraftRow> drafts(int limit, std::int64_t before = 0, const std::vector<std::string>& repos = {});
  /// Tasks with a newer text that a person has to approve, the newest first.
  std::vector<domain::Task> newer_unapproved(int limit, const std::vector<std::string>& repos = {});
  /// By repository: how many tasks wait for adoption, and since when the first of them does.
  std::map<std::string, std::pair<std::int64_t, Instant>> unadopted(const std::vector<std::string>& repos = {});
  std::optional<DraftRow> draft(std::int64_t id);
  std::optional<IntakeRow> intake(std::int64_t id);
  std::vector<EffectRow> pending_effects(int limit);
  /// The runs of Run::holds_slot(), by what they want.
  std::vector<SlotRow> slots();
  int repo_runs_since(const std::string& repo, Instant since);
  std::vector<StatRow> stats(const std::string& by, Instant since, const std::vector<std::string>& repos = {});
  /// Is there a run that wants one of these steps, unleased and due? A cheap look before a claim.
  bool claimable(const std::vector<domain::Step>& steps, const WorkFilter& filter = {});
  /// As Ledger::claimable().
  std::vector<RunId> claimable(domain::Step step, int limit, int skip, const WorkFilter& filter);
  ReadyWork ready_work();
  /// As the ledger's lists of the same names, for a look before a unit of work.
  bool eligible();
  /// As Ledger::eligible().
  std::vector<Vtid> eligible(int limit, int skip, const WorkFilter& filter);
  std::vector<Vtid> overdue(int limit);
  /// Runs whose lease says that it was valid until `before` or earlier; the oldest first.
  std::vector<RunId> run_out(Instant before, int limit);
  /// By its key.
  std::optional<EffectRow> effect(const std::string& key);
  /// Pending and due of one kind, the longest due first.
  std::vector<EffectRow> due_effects(domain::EffectKind kind, int limit);
  /// Of these alone whose key begins with one of `keys`, each a name and a colon; none: none.
  std::vector<EffectRow> due_effects(domain::EffectKind kind, int limit, const std::vector<std::string>& keys);
  /// Pending and due since `since` or longer, the longest due first.
  std::vector<EffectRow> effects_due_since(domain::EffectKind kind, Instant since, int limit);
  /// By name.
  std::vector<WebhookCursorRow> webhook_cursors();
  std::optional<WebhookCursorRow> webhook_cursor(const std::string& name);
  /// The oldest pending and due one of kind `notify`.
  std::optional<EffectRow> due_notice();
  /// Rows per table: for tests that count, and for `doctor`.
  std::map<std::string, std::int64_t> row_counts();
  std::string store_id();
  /// Is nobody at work on a step, and no effect pending but pushes? A push waits for as long as its run
  /// does, which is the run's matter. What is told to a forge, or judged for it, is waited for where its key begins
  /// with one of `own`, until it failed once: others may never do it.
  bool quiet(const std::vector<std::string>& own = {});
  /// What a store that takes this one's place must not give out again.
  GivenIds given_ids();
  std::optional<std::string> config_text(const Digest& digest);
  /// Were these checks of the repository green on this commit, without a change of ours?
  bool green_base(const std::string& repo, const std::string& commit, const Digest& commands);

 private:
  /// In the order of changes, of every status.
  std::vector<domain::Task> changed_tasks(TaskFilter filter);

  sql::Connection& connection_;
  Instant now_;
};

}  // namespace vitana::store
