// The SQLite driver: one file, many connections and processes, one writer at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/connection.h"

namespace vitana::sql {

struct SqliteOptions {
  /// A file; or ":memory:" for a database of this connection alone; or, for one that several
  /// connections of this process share, the URI "file:/NAME?vfs=memdb". It lives as long as the
  /// first and last of them, and has no snapshots: there a reader and a writer exclude each other.
  std::string path;
  OpenMode mode = OpenMode::read_write_create;
  /// How long a call waits for another connection's lock before it throws STORE_BUSY.
  std::chrono::milliseconds busy_timeout{5'000};
  /// How long one statement of query(), each() and execute() may run, visitor included, before it
  /// throws STORE_FAILED.
  std::chrono::milliseconds statement_timeout{60'000};
  /// Prepared statements kept; the one unused for longest goes first. At least 1.
  std::size_t statements_max = 256;
  /// Test seam: called with each text that is prepared, on the connection's thread.
  std::function<void(std::string_view sql)> prepared = {};
};

/// Opens the database, in write-ahead logging with every commit synced to disk, foreign keys and
/// recursive triggers on, and nothing of the file trusted beyond its data. The first of several
/// connections to a new file may wait as long as the busy timeout.
/// Errors: FILE_UNREADABLE  no such file or folder, or not a file
///         STORE_READ_ONLY  no right to write there; for read_only, that the index of the log is
///                          missing and cannot be made
///         STORE_DAMAGED    the file is not a database
///         STORE_BUSY STORE_FULL STORE_FAILED  as Fault
Result<std::unique_ptr<Connection>> open_sqlite(const SqliteOptions& options);

}  // namespace vitana::sql
