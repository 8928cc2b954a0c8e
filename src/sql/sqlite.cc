#include "sql/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <thread>

#include "base/check.h"
#include "sql/sqlite_connection.h"
#include "sql/sqlite_fault.h"

namespace vitana::sql {
namespace {

using sqlite::DatabaseHandle;

bool shared_memory(const std::string& path) {
  return path.starts_with("file:") && (path.find("?vfs=memdb") != std::string::npos ||
                                       path.find("mode=memory") != std::string::npos);
}

bool in_memory(const std::string& path) { return path == ":memory:" || shared_memory(path); }

/// The name as SQLite is to read it: a file is never taken for a URI.
std::string name_of_file(const std::string& path) {
  return in_memory(path) || path.starts_with('/') ? path : "./" + path;
}

// SQLite would make it readable for all. The log and its index take their mode from it.
void create_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
  } else if (errno != EEXIST) {
    throw sqlite::fault_of_errno(errno, "making the database file", path);
  }
}

DatabaseHandle open_file(const SqliteOptions& options) {
  if (options.path.empty() || options.path.find('\0') != std::string::npos) {
    throw Fault({FailureCode::FILE_UNREADABLE, "the database's path is empty or holds a NUL"});
  }
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
  flags |= options.mode == OpenMode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (in_memory(options.path)) {
    flags |= SQLITE_OPEN_CREATE;
  } else if (options.mode == OpenMode::read_write_create) {
    create_private(options.path);
  }
  sqlite3* raw = nullptr;
  const int rc = sqlite3_open_v2(name_of_file(options.path).c_str(), &raw, flags, nullptr);
  DatabaseHandle db(raw);
  if (rc != SQLITE_OK) throw sqlite::fault_of(raw, rc, "opening");
  return db;
}

void set(sqlite3* db, int option, int value) {
  const int rc = sqlite3_db_config(db, option, value, nullptr);
  if (rc != SQLITE_OK) throw sqlite::fault_of(db, rc, "configuring");
}

void run(sqlite3* db, const char* sql) {
  const int rc = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) throw sqlite::fault_of(db, rc, sql);
}

int journal_is_log(void* answer, int columns, char** values, char**) {
  *static_cast<bool*>(answer) = columns == 1 && values[0] && std::string_view(values[0]) == "wal";
  return 0;
}

// The change of a new file to a log needs it for oneself, and SQLite does not wait for that.
void use_log(sqlite3* db, std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds pause(10);
  constexpr const char* sql = "PRAGMA journal_mode = WAL";
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    bool done = false;
    const int rc = sqlite3_exec(db, sql, &journal_is_log, &done, nullptr);
    if (rc == SQLITE_OK && done) return;
    if (rc == SQLITE_OK) {
      throw Fault({FailureCode::STORE_FAILED, "the file system cannot hold a write-ahead log"});
    }
    if ((rc & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() >= deadline) {
      throw sqlite::fault_of(db, rc, sql);
    }
    std::this_thread::sleep_for(pause);  // polls: another connection's lock
  }
}

void configure(sqlite3* db, const SqliteOptions& options) {
  const auto busy =
      std::clamp<std::int64_t>(options.busy_timeout.count(), 0, std::numeric_limits<int>::max());
  sqlite3_busy_timeout(db, static_cast<int>(busy));
  set(db, SQLITE_DBCONFIG_DEFENSIVE, 1);
  set(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  set(db, SQLITE_DBCONFIG_DQS_DDL, 0);
  set(db, SQLITE_DBCONFIG_DQS_DML, 0);
  set(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1);
  run(db, "PRAGMA recursive_triggers = ON");
  run(db, "PRAGMA cell_size_check = ON");
  const bool writes = options.mode != OpenMode::read_only && !in_memory(options.path);
  // SQLite opens a file without the right to write it for reading, and says nothing. Reading it
  // needs a log beside it, and what is said then is that there is none.
  if (writes && sqlite3_db_readonly(db, "main") != 0) {
    throw Fault({FailureCode::STORE_READ_ONLY, "the database file cannot be written"});
  }
  run(db, "PRAGMA synchronous = FULL");
  run(db, "SELECT count(*) FROM sqlite_schema");  // reads the file's header
  if (!writes) return;
  use_log(db, options.busy_timeout);
}

}  // namespace

Result<std::unique_ptr<Connection>> open_sqlite(const SqliteOptions& options) {
  CHECK(options.statements_max > 0);
  try {
    auto db = open_file(options);
    configure(db.get(), options);
    return std::make_unique<sqlite::SqliteConnection>(std::move(db), options);
  } catch (const Fault& fault) {
    return failure(Error(fault.error()).with("path", options.path));
  }
}

}  // namespace vitana::sql
