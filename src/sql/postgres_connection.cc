#include "sql/postgres_connection.h"

#include <fmt/format.h>

#include <charconv>
#include <thread>

#include "sql/parameters.h"
#include "sql/postgres_fault.h"

namespace vitana::sql::postgres {
namespace {

constexpr Traits postgres_traits{.driver = "postgres",
                                 .ddl = Dialect::postgres,
                                 .writes_from_elsewhere_polled = true,
                                 .clock = true,
                                 .online_backup = false};

/// The first half of the key of the writer's lock; the second stands for the schema.
constexpr int lock_class = 0x76697461;

constexpr auto lost_commit_wait = std::chrono::seconds(60);
constexpr auto lost_commit_pause = std::chrono::milliseconds(200);

std::int64_t rows_changed(PGresult* result) {
  const std::string_view tag = PQcmdStatus(result);
  if (!tag.starts_with("INSERT") && !tag.starts_with("UPDATE") && !tag.starts_with("DELETE")) return 0;
  const std::string_view digits = PQcmdTuples(result);
  std::int64_t count = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return count;
}

void give(const PGresult* result, std::string_view sql, const std::function<bool(Row&&)>& sink) {
  const int rows = PQntuples(result);
  for (int i = 0; i < rows; ++i) {
    if (!sink(read_row(result, i, sql))) return;
  }
}

}  // namespace

PostgresConnection::PostgresConnection(const PostgresOptions& options)
    : session_(options), generation_seen_(session_.generation()) {}

PostgresConnection::~PostgresConnection() { rollback(); }

const Traits& PostgresConnection::traits() const { return postgres_traits; }

// A text that says BEGIN or COMMIT would make the seam's view of the transaction a lie.
void PostgresConnection::check_transaction(const PGresult* result, std::string_view sql, bool expected) {
  const std::string_view tag = PQcmdStatus(const_cast<PGresult*>(result));
  const bool controls = tag == "BEGIN" || tag == "START TRANSACTION" || tag == "COMMIT" || tag == "PREPARE TRANSACTION";
  const bool open = PQtransactionStatus(session_.raw()) != PQTRANS_IDLE;
  if (open == expected && !controls) return;
  do_rollback();
  throw refused("a statement began or ended a transaction", sql);
}

ResultHandle PostgresConnection::run(std::string_view sql, Params params) {
  auto result = session_.prepared(sql, params);
  check_transaction(result.get(), sql, true);
  return result;
}

template <typename Work>
auto PostgresConnection::twice(Work&& work) {
  session_.ensure();
  try {
    return work();
  } catch (const Fault&) {
    if (!session_.lost()) throw;
  }
  session_.ensure();
  return work();
}

template <typename Work>
auto PostgresConnection::in_own_write(Work&& work) {
  do_begin_write();
  try {
    auto result = work();
    do_commit();
    return result;
  } catch (const Fault&) {
    do_rollback();
    throw;
  }
}

// A session's transactions are read-only unless they say otherwise, so this shows what writes.
ResultHandle PostgresConnection::read_alone(std::string_view sql, Params params) {
  try {
    return twice([&] {
      auto result = session_.prepared(sql, params);
      check_transaction(result.get(), sql, false);
      return result;
    });
  } catch (const Fault& fault) {
    const bool writes = fault.code() == FailureCode::STORE_READ_ONLY && fault.error().context.contains("sqlstate") &&
                        fault.error().context.at("sqlstate") == "25006";
    if (!writes || session_.options().mode == OpenMode::read_only) throw;
  }
  return in_own_write([&] { return run(sql, params); });
}

void PostgresConnection::do_query(std::string_view sql, Params params, const Sink& sink) {
  const auto result = transaction() == TransactionState::none ? read_alone(sql, params) : run(sql, params);
  give(result.get(), sql, sink);
}

void PostgresConnection::do_each(std::string_view sql, Params params, const Sink& sink) {
  const bool own = transaction() == TransactionState::none;
  if (parameter_count(sql) != params.size()) throw refused("the number of parameters is another one", sql);
  struct Own {
    PostgresConnection& connection;
    bool own;
    ~Own() {
      if (own) connection.do_rollback();
    }
  } end{*this, own};
  if (own) do_begin_read();
  session_.once(fmt::format("DECLARE vitana_each NO SCROLL CURSOR FOR {}", sql), params);
  if (own) {
    fetch_all(sql, sink);
    return;
  }
  try {
    fetch_all(sql, sink);
  } catch (const Fault&) {
    throw;  // the cursor is gone with what it met
  } catch (...) {
    session_.simple("CLOSE vitana_each");
    throw;
  }
  session_.simple("CLOSE vitana_each");
}

void PostgresConnection::fetch_all(std::string_view sql, const Sink& sink) {
  constexpr int page_rows = 256;
  const auto fetch = fmt::format("FETCH {} FROM vitana_each", page_rows);
  bool more = true;
  while (more) {
    const auto result = session_.once(fetch, {});
    const int rows = PQntuples(result.get());
    more = rows == page_rows;
    for (int i = 0; i < rows; ++i) {
      if (!sink(read_row(result.get(), i, sql))) return;
    }
  }
}

std::int64_t PostgresConnection::do_execute(std::string_view sql, Params params) {
  if (transaction() != TransactionState::none) return rows_changed(run(sql, params).get());
  return in_own_write([&] { return rows_changed(run(sql, params).get()); });
}

void PostgresConnection::do_script(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) throw refused("a script holds a NUL", "");
  session_.simple("SET LOCAL statement_timeout = 0");
  const auto result = session_.simple(std::string(sql));
  check_transaction(result.get(), sql, true);
  session_.simple(fmt::format("SET LOCAL statement_timeout = {}", session_.options().statement_timeout.count()));
}

bool PostgresConnection::do_has_table(std::string_view name) {
  bool found = false;
  do_query(
      "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = current_schema() AND c.relname = $1 AND c.relkind IN ('r', 'p')",
      {name}, [&](Row&&) {
        found = true;
        return false;
      });
  return found;
}

void PostgresConnection::do_begin_write() {
  if (session_.options().mode == OpenMode::read_only) {
    throw Fault({FailureCode::STORE_READ_ONLY, "the database was opened for reading only"});
  }
  twice([&] {
    // The lock in a statement of its own: the next ones see what was committed before it was free.
    const auto text = fmt::format(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
        "SELECT CAST(pg_current_xact_id() AS TEXT), pg_advisory_xact_lock({}, hashtext({}))",
        lock_class, session_.literal(session_.schema()));
    try {
      const auto result = session_.simple(text);
      transaction_id_ = PQgetvalue(result.get(), 0, 0);
    } catch (const Fault&) {
      do_rollback();
      throw;
    }
  });
}

void PostgresConnection::do_begin_read() {
  // The server takes the snapshot at the first read, so read.
  twice([&] {
    try {
      session_.simple("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1");
    } catch (const Fault&) {
      do_rollback();
      throw;
    }
  });
}

void PostgresConnection::do_commit() {
  if (transaction() == TransactionState::read) {
    session_.simple("COMMIT");
    return;
  }
  try {
    write_commit();
  } catch (const Fault& fault) {
    if (!session_.lost()) throw;
    settle_lost_commit(fault);
  }
}

void PostgresConnection::write_commit() {
  const auto result =
      session_.simple(fmt::format("NOTIFY vitana_commit, {}; COMMIT", session_.literal(session_.schema())));
  // A transaction that had failed would be rolled back without a word.
  if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return;
  throw refused("the transaction was not committed", "COMMIT");
}

// The server knows, once there is one again.
void PostgresConnection::settle_lost_commit(const Fault& lost) {
  const auto deadline = std::chrono::steady_clock::now() + lost_commit_wait;
  for (;;) {
    std::string fate;
    try {
      session_.ensure();
      const auto answer = session_.simple(
          fmt::format("SELECT COALESCE(pg_xact_status(CAST({} AS xid8)), '')", session_.literal(transaction_id_)));
      fate = PQgetvalue(answer.get(), 0, 0);
      if (fate == "committed") return;
    } catch (const Fault&) {
      fate = "in progress";  // nobody to ask yet
    }
    if (fate != "in progress") throw lost;
    if (std::chrono::steady_clock::now() >= deadline) throw lost;
    std::this_thread::sleep_for(lost_commit_pause);  // polls: the server
  }
}

bool PostgresConnection::do_rollback() noexcept {
  if (session_.lost()) return true;  // the server rolls back by itself
  if (PQtransactionStatus(session_.raw()) != PQTRANS_IDLE) {
    const ResultHandle ended(PQexec(session_.raw(), "ROLLBACK"));
  }
  return session_.lost() || PQtransactionStatus(session_.raw()) == PQTRANS_IDLE;
}

bool PostgresConnection::do_changed_since_last_call() {
  if (session_.options().mode == OpenMode::read_only) return true;  // it does not listen
  if (transaction() == TransactionState::none) session_.ensure();
  // What was told before this is answered comes with the answer.
  session_.simple("");
  bool changed = std::exchange(generation_seen_, session_.generation()) != session_.generation();
  struct Free {
    void operator()(PGnotify* told) const { PQfreemem(told); }
  };
  for (;;) {
    const std::unique_ptr<PGnotify, Free> told(PQnotifies(session_.raw()));
    if (!told) return changed;
    const bool own = told->be_pid == PQbackendPID(session_.raw());
    if (!own && session_.schema() == told->extra) changed = true;
  }
}

Checkpoint PostgresConnection::do_checkpoint(std::int64_t) { return {}; }

void PostgresConnection::do_backup_to(const std::string&) {
  throw refused("a database on a server is backed up by the server's own tools: pg_dump", "backup");
}

}  // namespace vitana::sql::postgres
