// The seam to a database. Store code writes each statement once, for SQLite and PostgreSQL alike;
// what such a text must avoid is proved by the conformance suite beside this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sql/fault.h"
#include "sql/value.h"

namespace vitana::sql {

/// Which file of a migration's pair applies.
enum class Dialect { sqlite, postgres };

enum class OpenMode {
  read_write_create,  ///< makes a file, 0600, when there is none; a database server makes nothing
  read_write,
  read_only,  ///< every write throws STORE_READ_ONLY
};

/// What is left to a driver. Asked at start; code never compares `driver`, which is for people.
struct Traits {
  std::string_view driver;
  Dialect ddl;
  bool writes_from_elsewhere_polled;  ///< no push: call changed_since_last_call() often
  bool clock;                         ///< the database has the one clock that all hosts share
  bool online_backup;                 ///< backup_to() works
};

enum class TransactionState {
  none,
  read,
  write,
  failed,  ///< a fault came since begin: only rollback() is left
};

/// What a checkpoint found and did, in pages of the write-ahead log.
struct Checkpoint {
  std::int64_t pages_in_log = 0;
  std::int64_t pages_copied = 0;
};

/// One connection to one database. Not thread-safe: one owner thread at a time. Every function
/// throws Fault (see there) unless it says otherwise.
///
/// Parameters are written `$1`, `$2`, … and may be used twice; a text has no other placeholder, no
/// `::` cast and no vendor quoting. A text is prepared once and cached by its bytes, so give each
/// statement one constant text.
///
/// Outside a transaction each statement commits by itself. In one, the first fault dooms it, as it
/// does on PostgreSQL: every later call throws until rollback(). So a conflict that may happen is
/// written ON CONFLICT, not caught.
class Connection {
 public:
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual const Traits& traits() const = 0;

  /// All rows, in the statement's order (RETURNING has none: sort here). For bounded answers; see
  /// each() for others.
  Rows query(std::string_view sql, Params params = {});

  /// The first row, if there is one.
  std::optional<Row> query_one(std::string_view sql, Params params = {});

  /// Gives `visit` one row after the other without holding them all, until it returns false.
  /// `visit` must not call this connection. REQUIRES: the text is a SELECT.
  void each(std::string_view sql, Params params, const std::function<bool(const Row&)>& visit);

  /// How many rows were inserted, updated or deleted by the statement itself, without those that
  /// triggers and cascades changed; 0 for one that changes no rows.
  std::int64_t execute(std::string_view sql, Params params = {});

  /// Runs "PREFIX VALUES (…), (…) SUFFIX" over `values`, row after row, in statements of 256, 16
  /// and 1 rows; the sum of what they changed. All rows or none: in the open transaction, or else
  /// in one of its own. No rows is no statement. PREFIX and SUFFIX have no parameters.
  ///   execute_many("INSERT INTO t (id, name)", 2, values, "ON CONFLICT (id) DO NOTHING")
  ///   execute_many("WITH v (id, name) AS (", 2, values, ") UPDATE t SET … FROM v WHERE …")
  /// REQUIRES: values.size() is a multiple of `columns`, which is in 1..parameters_max.
  std::int64_t execute_many(std::string_view prefix, std::size_t columns,
                            std::span<const Value> values, std::string_view suffix = "");

  /// Statements without parameters, separated by `;`: DDL. All or none, as execute_many(). Not
  /// bounded in time.
  void script(std::string_view sql);

  bool has_table(std::string_view name);

  /// Takes the writer lock of the whole store, before anything is read: nobody writes between this
  /// and commit(), and what is read here stays true until then. Waits as long as the busy timeout.
  /// Errors: STORE_BUSY. REQUIRES (all begins): no transaction is open.
  void begin_write();

  /// All reads until commit() or rollback() see the store as it is now. A write throws
  /// STORE_READ_ONLY.
  void begin_read();

  /// ENSURES: what was written is on disk. After a fault the transaction is doomed and nothing of
  /// it is seen, save that after STORE_FAILED (the disk did not answer) it may turn out to be there
  /// when the store is opened again, and after STORE_UNAVAILABLE (the server did not answer) as soon as
  /// somebody reads. REQUIRES: a transaction is open.
  void commit();

  /// Ends the transaction, doomed or not, without a trace; nothing happens when none is open.
  /// Never throws: a connection that cannot even roll back stays `failed`, to be closed.
  void rollback() noexcept;

  TransactionState transaction() const { return state_; }

  /// Whether another connection, of any process, committed since the last call or since opening.
  /// A hint for waking, cheap enough for each 50 ms; false where traits() says that it is pushed.
  bool changed_since_last_call();

  /// Copies the write-ahead log into the database file as far as no reader is in the way; nothing
  /// on other drivers. Never waits for anybody. Nothing is done while the log of this connection's
  /// last commit has fewer than `pages_min` pages. Call it after the callers were woken, at 1,000
  /// pages or fewer. REQUIRES: no transaction is open.
  Checkpoint checkpoint(std::int64_t pages_min = 0);

  /// Writes the committed state, as of one moment, to a new file at `path` (0600, one plain file);
  /// it appears there only when it is whole and on disk. Writers go on meanwhile.
  /// Errors: STORE_FAILED also when `path` exists, or traits().online_backup is false.
  /// REQUIRES: no transaction is open.
  void backup_to(const std::string& path);

 protected:
  Connection() = default;

  using Sink = std::function<bool(Row&&)>;

 private:
  virtual void do_query(std::string_view sql, Params params, const Sink& sink) = 0;
  /// As do_query(), but the sink may take long and stop early.
  virtual void do_each(std::string_view sql, Params params, const Sink& sink) { do_query(sql, params, sink); }
  virtual std::int64_t do_execute(std::string_view sql, Params params) = 0;
  virtual void do_script(std::string_view sql) = 0;
  virtual bool do_has_table(std::string_view name) = 0;
  virtual void do_begin_write() = 0;
  virtual void do_begin_read() = 0;
  virtual void do_commit() = 0;
  /// False when a transaction may still be open.
  virtual bool do_rollback() noexcept = 0;
  virtual bool do_changed_since_last_call() = 0;
  virtual Checkpoint do_checkpoint(std::int64_t pages_min) = 0;
  virtual void do_backup_to(const std::string& path) = 0;

  template <typename Work>
  auto guarded(Work&& work);
  template <typename Work>
  void all_or_none(Work&& work);
  void require_idle(std::string_view what);

  TransactionState state_ = TransactionState::none;
  bool visiting_ = false;
};

/// Rolls back when it leaves scope without commit().
///   Transaction transaction(connection, TransactionState::write);
class Transaction {
 public:
  /// REQUIRES: `kind` is read or write.
  Transaction(Connection& connection, TransactionState kind);
  ~Transaction() {
    if (!committed_) connection_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Connection& connection_;
  bool committed_ = false;
};

}  // namespace vitana::sql
