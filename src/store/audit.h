// The check of a whole store. Not for use outside store/.
//
// What is proved, with the head kept in the meta row or given from outside as the anchor:
//   the chain   every event from 1 to the head is there once, in its place, with the content that
//               was hashed; nothing lies beyond the head.
//   specs       each text has the digest that it was locked with, and the event of its locking
//               names that digest and where the text came from; versions run from 1 without a
//               gap; approvals have their event.
//   tasks       each has the event of its allocation, its status is the one that its last event
//               led to, and its spec is the locked version with that digest.
//   runs        each has the event of its allocation with that spec digest and base commit, its
//               state is the one of its last state event, a failed one has the code that the event
//               names, a judged one the result.
//   deliveries  each has the event of its delivery, or of its commit being found.
//   numbers     none beyond the counter was given out.
//   evidence    each row has an event with the digest of the whole row.
//   switches    each stands as its last event says, and none is missing.
//   removals    an event that speaks of one of these rows has that row; a delivery by a run that was
//               completed with a deliverable.
// What cannot be proved: other columns of tasks and runs (titles, leases, budgets) and other tables
// (drafts, intakes, candidates, dependencies, breakers, outbox, repositories and their files, local
// ids, green bases, configurations, refusals), whose changes carry no event; and a log that was rewritten
// as a whole together with its head, unless an anchor from outside is given.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "sql/connection.h"
#include "store/maps.h"
#include "store/store.h"

namespace vitana::store {

class Audit {
 public:
  static constexpr std::size_t damages_max = 1'000;  ///< then it stops, and says so

  /// REQUIRES: a read transaction of `connection` is open, so that all is one moment.
  Audit(sql::Connection& connection, const std::optional<ChainHead>& expect)
      : connection_(connection), expect_(expect) {}

  std::vector<Store::Damage> run();

 private:
  using Damages = std::vector<Store::Damage>;

  bool full() const { return damages_.size() >= damages_max; }
  void found(std::string where, std::string what);
  /// `read` a row; one that cannot be read is a damage of its own.
  template <typename Read>
  bool readable(const std::string& where, Read&& read);

  // The chain: audit.cc.
  void check_chain();
  void check_event(const sql::Row& row);
  void check_end(const ChainHead& head);
  void check_rows_of(const StoredEvent& event);

  // Rows: audit_rows.cc.
  void check_specs();
  void check_spec(const sql::Row& row);
  void check_provenance(const sql::Row& row, const std::string& where);
  void check_approvals();
  void check_tasks();
  void check_task(const std::string& vtid);
  void check_runs_without_task();
  void check_evidence();
  void check_controls();
  void check_deliveries();
  void check_tokens();
  void check_counter();
  std::vector<StoredEvent> events_of(const std::string& vtid);
  /// One of `type` about `vtid` whose data holds all of `marks`.
  bool has_event(const std::string& vtid, std::string_view type,
                 std::initializer_list<std::string_view> marks);

  sql::Connection& connection_;
  const std::optional<ChainHead> expect_;
  Damages damages_;
  ChainHead last_;            ///< the newest event looked at, with its stored hash
  bool after_fault_ = false;  ///< last_.hash is not what the next event was chained to
};

template <typename Read>
bool Audit::readable(const std::string& where, Read&& read) {
  try {
    std::forward<Read>(read)();
    return true;
  } catch (const sql::Fault& fault) {
    if (fault.code() != FailureCode::STORE_DAMAGED ||
        connection_.transaction() == sql::TransactionState::failed) {
      throw;
    }
    found(where, "cannot be read: " + fault.error().message);
    return false;
  }
}

}  // namespace vitana::store
