// The store as one unit of work sees it: reads, decisions, writes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/spec.h"
#include "domain/transition.h"
#include "store/rows.h"

namespace vitana::store {

/// An effect that failed this often is given up (state `failed`).
inline constexpr int effect_attempts_max = 8;

class Transaction;  // the batch behind it; store/transaction.h

/// Valid only inside the unit that was given it, on its thread. Reads see the writes of earlier
/// units of the same batch and of this one. Writes are kept aside and count only if the unit
/// succeeds. A database fault leaves by exception (sql::Fault) and is caught by the committer:
/// a unit holds nothing that it would have to undo.
class Ledger {
 public:
  Ledger(Transaction& transaction, Instant now);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// From now on the unit is a rehearsal: whatever its end, none of its writes count, not even its refusals.
  void keep_nothing();

  /// The store's clock, read once for this unit.
  Instant now() const { return now_; }

  // Tasks and runs.
  std::optional<domain::Task> task(Vtid vtid);
  std::optional<domain::Run> run(const RunId& id);
  /// The task with its newest run. REQUIRES: the task exists.
  domain::Subject subject(Vtid vtid);
  /// A new one's number is given out from then on.
  void put(const domain::Task& task);
  void put(const domain::Run& run);
  /// Everything that a decision says: task, run, events, effects, settlements.
  void put(const domain::Decision& decision);

  // Ids. The allocator is a counter row; numbers are never given twice.
  Vtid allocate_vtid();
  std::uint32_t vtid_counter();
  /// Moves the counter to max(counter, vtid).
  void note_vtid(Vtid vtid);
  /// Another store's ids count as given out by this one from then on: its counters are at least those,
  /// and the runs that a task will have, in this store already or not, come above those attempts.
  void note(const GivenIds& given);
  /// The highest attempt of a task that a store before this one is known to have given out; 0: none.
  int attempts_given(Vtid vtid);
  /// The next fencing token of a run: grows with each grant, and with each restored epoch.
  domain::Fence next_fence(const domain::Run& run);
  /// A restored store: from now on tokens are above all that any earlier epoch gave out. The new
  /// epoch's number is the minute of the unit's clock, so that two restores of one backup do not
  /// share it, or more: beyond `above`.
  void begin_epoch(std::int64_t above = 0);

  // Specs: immutable versions, and what sources say now.
  std::optional<domain::SpecVersion> spec(Vtid vtid, int version);
  std::optional<domain::SpecVersion> newest_spec(Vtid vtid);
  /// The tasks that have this digest as a version.
  std::vector<Vtid> vtids_with_digest(const Digest& digest);
  void add(const domain::SpecVersion& spec);
  std::vector<CandidateRow> candidates(Vtid vtid);
  /// Those of all tasks that were refused for a circle, by task.
  std::vector<CandidateRow> circular_candidates(int limit);
  void put(const CandidateRow& candidate);
  void remove_candidate(Vtid vtid, const std::string& origin);
  void approve_spec(Vtid vtid, int version, const Digest& digest, const std::string& actor);

  // Dependencies.
  std::vector<Vtid> dependencies(Vtid vtid);
  /// Tasks that wait for `vtid`, smallest number first, from beyond `after`.
  std::vector<Vtid> dependents(Vtid vtid, int limit, std::optional<Vtid> after = std::nullopt);
  void set_dependencies(Vtid vtid, const std::vector<Vtid>& on);

  // Work lists, each in its order of urgency, at most `limit`.
  /// Scheduled tasks whose own conditions hold: by priority, then age.
  std::vector<Vtid> eligible(int limit, int skip = 0, const WorkFilter& filter = {});
  /// Runs that want `step`, unleased and due: by the task's priority, then age.
  std::vector<RunId> claimable(domain::Step step, int limit, int skip = 0, const WorkFilter& filter = {});
  /// Tasks whose next thing is past its deadline.
  std::vector<Vtid> overdue(int limit);
  /// Tasks whose delivery waits for a clean working tree.
  std::vector<Vtid> dirty_targets(int limit);
  /// Runs that hold a lease, by id.
  std::vector<RunId> leased(int limit);
  /// How many leases each holder has, by the name on them.
  std::map<std::string, int> leases();
  /// The runs of Run::holds_slot(), by what they want.
  std::vector<SlotRow> slots();
  int repo_runs_since(const std::string& repo, Instant since);

  // Outbox.
  /// Recorded once for its key, however often it is decided.
  void put(const domain::Effect& effect);
  void settle(const std::string& key, domain::EffectOutcome outcome);
  /// Another try later; after too many it is given up, which is an event. What other tasks wait for never is, and a
  /// commit's status by who tells it alone.
  void postpone(std::int64_t effect, Instant due, const std::string& error);
  /// It is due at `due`, which is no try. Nothing where it is pending no more.
  void put_off(std::int64_t effect, Instant due);
  /// No other try, which is an event.
  void give_up(std::int64_t effect, const std::string& error);
  /// By its key.
  std::optional<EffectRow> effect(const std::string& key);
  /// All of a kind that are pending, due or not, oldest first; with `keys`, a name and a colon, those alone whose key
  /// begins so.
  std::vector<EffectRow> pending(domain::EffectKind kind, int limit, const std::string& keys = {});

  // Repositories.
  std::optional<RepoRow> repo(const std::string& name);
  void put(const RepoRow& repo);
  std::optional<RepoFileRow> repo_file(const std::string& repo, const std::string& path);
  std::vector<RepoFileRow> repo_files(const std::string& repo, Vtid vtid);
  void put(const RepoFileRow& file);
  void remove_repo_file(const std::string& repo, const std::string& path);
  std::optional<Vtid> local_id(const std::string& repo, const std::string& path);
  void put(const LocalIdRow& id);
  /// Those whose path holds `part`, in any case of its letters.
  std::vector<LocalIdRow> local_ids_with(const std::string& repo, const std::string& part);
  void remove_local_id(const std::string& repo, const std::string& path);
  /// What is known to have reached the repository's branch stays known as that.
  void put(const DeliveryRow& delivery);
  /// Tasks whose delivery of this digest is known and that are no file's local id.
  std::vector<Vtid> delivered_without_file(const std::string& repo, const std::string& digest);
  std::optional<DeliveryRow> delivery(const std::string& repo, Vtid vtid, const std::string& digest);
  /// All that is known to have been delivered for a task, of any text and to any repository.
  std::vector<DeliveryRow> deliveries(Vtid vtid);
  /// Is `commit` one of the repository's known deliveries?
  bool delivered_by(const std::string& repo, const std::string& commit);
  void put(const GreenBaseRow& green);

  // Controls and breakers.
  std::optional<domain::Control> control(const std::string& key);
  void put(const ControlRow& control);
  std::optional<BreakerRow> breaker(const std::string& key);
  void put(const BreakerRow& breaker);
  std::vector<BreakerRow> breakers();

  // Access.
  std::optional<TokenRow> token(const std::string& id);
  /// Those that hold, made by it.
  std::vector<TokenRow> sessions_of(const std::string& id);
  /// Made, or taken back by `actor`: nothing else of it changes.
  void put(const TokenRow& token, const std::string& actor);

  // Requests that are done once, and what forges told.
  std::optional<RequestRow> request(const std::string& caller, const std::string& key);
  void put(const RequestRow& request);
  /// The oldest, made before `before`.
  std::vector<RequestRow> requests_before(Instant before, int limit);
  void forget(const RequestRow& request);
  std::optional<WebhookRow> webhook(const std::string& repo, const std::string& delivery);
  void put(const WebhookRow& delivery);
  std::vector<WebhookRow> webhooks_before(Instant before, int limit);
  void forget(const WebhookRow& delivery);

  // Webhooks of the configuration.
  std::optional<WebhookCursorRow> webhook_cursor(const std::string& name);
  void put(const WebhookCursorRow& cursor);
  /// By name.
  std::vector<WebhookCursorRow> webhook_cursors();
  void forget(const WebhookCursorRow& cursor);

  // Workers on other machines.
  std::optional<WorkerRow> worker(const std::string& id);
  void put(const WorkerRow& worker);
  void remove_worker(const std::string& id);
  /// As Reader::callback_workers().
  std::vector<WorkerRow> callback_workers(Instant since, int limit);
  /// All but the `kept` that were seen last, the longest unseen first.
  std::vector<WorkerRow> workers_beyond(int kept);

  // Drafts and intakes.
  std::int64_t next_id(const std::string& counter);  ///< "draft", "intake": 1, 2, 3, …
  std::optional<DraftRow> draft(std::int64_t id);
  void put(const DraftRow& draft);
  std::optional<IntakeRow> intake(std::int64_t id);
  void put(const IntakeRow& intake);

  // The log.
  /// Where it ends, before what this unit appends.
  Sequence head() const;
  void append(domain::Event event);
  void add(const RunId& run, int round, const domain::Evidence& evidence);
  int evidence_rounds(const RunId& run);
  std::vector<EvidenceRow> evidence(const RunId& run);
  /// The event of a refused command: kept though the unit fails; once per (run, fence, command),
  /// then only counted.
  void refuse(const std::string& key, domain::Event event);
  /// Was a refusal of that key recorded before?
  bool refused_before(const std::string& key);
  /// The configuration that a run began with, by its digest.
  void remember_config(const Digest& digest, const std::string& text);
  std::optional<std::string> config_text(const Digest& digest);

 private:
  friend class Transaction;
  std::optional<EffectRow> pending(std::int64_t effect);
  void fail(EffectRow& row);
  /// The event by which a row comes into being, unless the unit appends it itself.
  void record(domain::Event event, const std::string& mark);

  struct Writes;
  Transaction& transaction_;
  Instant now_;
  std::unique_ptr<Writes> writes_;
};

}  // namespace vitana::store
