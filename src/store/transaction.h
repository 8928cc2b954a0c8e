// One batch: what its units know and have written, and the log that grows with them.
// Not for use outside store/.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "store/chain.h"
#include "store/ledger.h"
#include "store/maps.h"

namespace vitana::store {

/// An event of the unit that runs now. The store itself records the birth of what must be provable
/// (a task, a locked spec, evidence, a switch); where the unit appends the same event, both are
/// one.
struct PendingEvent {
  domain::Event event;
  bool by_store = false;
  std::string mark = {};  ///< what the data of the same event must hold
};

struct Ledger::Writes {
  std::vector<PendingEvent> events;
  std::vector<std::pair<std::string, domain::Event>> refusals;
  std::map<RunId, int> ordinals;  ///< of the newest evidence
  bool rehearsal = false;         ///< see Ledger::keep_nothing()
};

/// REQUIRES, for the whole of its life: a write transaction of `connection` is open.
class Transaction {
 public:
  /// Reads the head of the log. Throws Fault.
  explicit Transaction(sql::Connection& connection);

  sql::Connection& connection() { return connection_; }
  /// Where the log ends, with what the units before this one appended.
  Sequence head() const { return head_.seq + static_cast<Sequence>(events_.size()); }
  std::int64_t epoch() const { return epoch_; }
  /// REQUIRES: epoch > epoch().
  void begin_epoch(std::int64_t epoch);

  template <typename Map>
  Table<Map>& table() {
    return std::get<Table<Map>>(tables_);
  }
  template <typename Map>
  const std::optional<typename Map::Row>& find(const typename Map::Key& key) {
    return table<Map>().find(connection_, key);
  }

  /// Before a list query: the database holds all that was written to these tables so far, what this
  /// unit wrote behind a savepoint that its failure rolls back to.
  template <typename... Maps>
  void flush() {
    (table<Maps>().write_known(connection_), ...);
    if (!(table<Maps>().pending() || ...)) return;
    if (!savepoint_) connection_.execute("SAVEPOINT unit");
    savepoint_ = true;
    (table<Maps>().write_own(connection_), ...);
  }

  /// Ends a unit: its writes and events count, or only its refusals.
  void finish(Ledger& unit, bool success);

  /// Writes all that is left, with the chained events and the new head. False when there was
  /// nothing, so that no commit is needed.
  bool write();

 private:
  void write_events();

  sql::Connection& connection_;
  std::tuple<Table<TaskMap>, Table<RunMap>, Table<SpecMap>, Table<CandidateMap>, Table<ApprovalMap>,
             Table<DependencyMap>, Table<EffectMap>, Table<EvidenceMap>, Table<RepoMap>,
             Table<RepoFileMap>, Table<LocalIdMap>, Table<DeliveryMap>, Table<GreenBaseMap>, Table<ControlMap>,
             Table<BreakerMap>, Table<DraftMap>, Table<IntakeMap>, Table<TokenMap>, Table<RequestMap>,
             Table<WebhookMap>, Table<WebhookCursorMap>, Table<WorkerMap>, Table<CounterMap>,
             Table<RefusalMap>, Table<ConfigMap>>
      tables_;
  std::vector<StoredEvent> events_;
  ChainHead head_;
  std::int64_t epoch_ = 1;
  bool savepoint_ = false;
  bool written_ = false;
};

}  // namespace vitana::store
