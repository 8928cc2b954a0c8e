#include "sql/sqlite_connection.h"

#include <limits>

#include "sql/sqlite_fault.h"

namespace vitana::sql::sqlite {
namespace {

constexpr Traits sqlite_traits{.driver = "sqlite",
                               .ddl = Dialect::sqlite,
                               .writes_from_elsewhere_polled = true,
                               .clock = false,
                               .online_backup = true};

// About a millisecond of work between two looks at the clock.
constexpr int progress_operations = 10'000;

}  // namespace

SqliteConnection::SqliteConnection(DatabaseHandle db, const SqliteOptions& options)
    : db_(std::move(db)),
      statements_(db_.get(), options.statements_max, options.prepared),
      statement_timeout_(options.statement_timeout) {
  sqlite3_progress_handler(db_.get(), progress_operations, &on_progress, this);
  // This takes the place of automatic checkpoints: a commit never pays for one.
  sqlite3_wal_hook(db_.get(), &on_commit, this);
  data_version_ = data_version();
}

SqliteConnection::~SqliteConnection() { rollback(); }

const Traits& SqliteConnection::traits() const { return sqlite_traits; }

int SqliteConnection::on_progress(void* self) {
  return std::chrono::steady_clock::now() > static_cast<SqliteConnection*>(self)->deadline_ ? 1 : 0;
}

int SqliteConnection::on_commit(void* self, sqlite3*, const char*, int pages) {
  static_cast<SqliteConnection*>(self)->log_pages_ = pages;
  return SQLITE_OK;
}

void SqliteConnection::run(std::string_view sql, Params params, const Sink& sink) {
  struct Deadline {
    std::chrono::steady_clock::time_point& at;
    ~Deadline() { at = std::chrono::steady_clock::time_point::max(); }
  } deadline{deadline_ = std::chrono::steady_clock::now() + statement_timeout_};
  auto* statement = statements_.get(sql);
  refuse_write_in_read(statement);
  Execution execution(db_.get(), statement, sql);
  bind(db_.get(), statement, params, sql);
  while (execution.step()) {
    if (!sink(read_row(db_.get(), statement, sql))) break;
  }
}

// SQLite would make a writer of a reader, or fail to with a stale snapshot.
void SqliteConnection::refuse_write_in_read(sqlite3_stmt* statement) const {
  if (transaction() != TransactionState::read || sqlite3_stmt_readonly(statement)) return;
  throw Fault({FailureCode::STORE_READ_ONLY, "a write in a read transaction"});
}

// A text that says BEGIN or COMMIT would make the seam's view of the transaction a lie.
void SqliteConnection::check_transaction(std::string_view sql) {
  const bool open = sqlite3_get_autocommit(db_.get()) == 0;
  if (open == (transaction() != TransactionState::none)) return;
  if (open) do_rollback();
  throw Fault({FailureCode::STORE_FAILED,
               "a statement began or ended a transaction",
               {},
               {{"statement", std::string(sql)}}});
}

void SqliteConnection::do_query(std::string_view sql, Params params, const Sink& sink) {
  run(sql, params, sink);
  check_transaction(sql);
}

std::int64_t SqliteConnection::do_execute(std::string_view sql, Params params) {
  // sqlite3_changes() speaks of the last statement that changed something, not of the last one.
  const auto before = sqlite3_total_changes64(db_.get());
  run(sql, params, [](Row&&) { return true; });
  check_transaction(sql);
  return sqlite3_total_changes64(db_.get()) == before ? 0 : sqlite3_changes64(db_.get());
}

void SqliteConnection::do_script(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos || sql.size() >= std::numeric_limits<int>::max()) {
    throw Fault({FailureCode::STORE_FAILED, "a script holds a NUL, or is too long"});
  }
  const std::string text(sql);
  const char* rest = text.c_str();
  while (*rest != '\0') {
    sqlite3_stmt* raw = nullptr;
    const char* start = rest;
    const int rc = sqlite3_prepare_v3(db_.get(), rest, -1, 0, &raw, &rest);
    const StatementHandle statement(raw);
    if (rc != SQLITE_OK) throw fault_of(db_.get(), rc, start);
    if (!statement) continue;  // a comment, or blanks at the end
    const std::string_view one(start, static_cast<std::size_t>(rest - start));
    refuse_write_in_read(statement.get());
    Execution execution(db_.get(), statement.get(), one);
    bind(db_.get(), statement.get(), {}, one);
    while (execution.step()) {
    }
    check_transaction(one);
  }
}

bool SqliteConnection::do_has_table(std::string_view name) {
  bool found = false;
  run("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", {name}, [&](Row&&) {
    found = true;
    return false;
  });
  return found;
}

void SqliteConnection::control(std::string_view sql) {
  run(sql, {}, [](Row&&) { return true; });
}

void SqliteConnection::do_begin_write() {
  // SQLite would begin a reader without a word.
  if (sqlite3_db_readonly(db_.get(), "main") != 0) {
    throw Fault({FailureCode::STORE_READ_ONLY, "the database was opened for reading only"});
  }
  control("BEGIN IMMEDIATE");
}

void SqliteConnection::do_begin_read() {
  control("BEGIN");
  // SQLite takes the snapshot at the first read, so read.
  try {
    control("SELECT 1 FROM sqlite_schema LIMIT 1");
  } catch (const Fault&) {
    do_rollback();
    throw;
  }
}

void SqliteConnection::do_commit() {
  check_transaction("COMMIT");
  control("COMMIT");
}

bool SqliteConnection::do_rollback() noexcept {
  // Some faults, a full disk among them, make SQLite roll back by itself.
  if (sqlite3_get_autocommit(db_.get()) == 0) {
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return sqlite3_get_autocommit(db_.get()) != 0;
}

std::int64_t SqliteConnection::data_version() {
  std::int64_t version = 0;
  run("PRAGMA data_version", {}, [&](Row&& row) {
    version = row.int64(0);
    return true;
  });
  return version;
}

bool SqliteConnection::do_changed_since_last_call() {
  const auto before = std::exchange(data_version_, data_version());
  return before != data_version_;
}

Checkpoint SqliteConnection::do_checkpoint(std::int64_t pages_min) {
  if (log_pages_ < pages_min) return {};
  int in_log = 0;
  int copied = 0;
  const int rc =
      sqlite3_wal_checkpoint_v2(db_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  // Another connection is at it already: as good as done.
  if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) throw fault_of(db_.get(), rc, "checkpoint");
  if (in_log < 0 || copied < 0) return {};
  if (copied >= in_log) log_pages_ = 0;
  return {in_log, copied};
}

void SqliteConnection::do_backup_to(const std::string& path) { backup(db_.get(), path); }

}  // namespace vitana::sql::sqlite
