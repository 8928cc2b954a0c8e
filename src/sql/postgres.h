// The PostgreSQL driver: one database of a server, many connections and hosts, one writer at a time.
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

/// Is it "postgresql://…" or "postgres://…"?
bool is_postgres_address(std::string_view text);

/// The address as it may be shown: without a password.
std::string shown_address(std::string_view address);
bool holds_password(std::string_view address);

struct PostgresOptions {
  /// A connection URI as libpq reads it. What it does not say comes from the environment (PGUSER,
  /// PGPASSFILE, …). The tables are in the first schema of the search path, which must exist.
  std::string address;
  OpenMode mode = OpenMode::read_write_create;
  /// How long a call waits for another connection's lock before it throws STORE_BUSY; at least 1 ms.
  std::chrono::milliseconds busy_timeout{5'000};
  /// How long one statement of query(), each() and execute() may run before the server ends it: STORE_FAILED.
  /// And how long a transaction may stand without a statement before the server ends its session: the next call
  /// throws STORE_UNAVAILABLE.
  std::chrono::milliseconds statement_timeout{60'000};
  /// Prepared statements kept; the one unused for longest goes first. At least 1.
  std::size_t statements_max = 256;
  /// Test seam: called with each text that is prepared, on the connection's thread.
  std::function<void(std::string_view sql)> prepared = {};
};

/// Connects. A commit is on the server's disk whatever the server's default says. A connection that is
/// lost is opened again by the next call outside a transaction; a transaction that was open then is
/// gone, and throws STORE_UNAVAILABLE. Whether a commit during which it was lost took place is asked of the
/// server, for as long as a minute; only where nobody can say, commit() throws STORE_UNAVAILABLE and the
/// transaction may turn out to be there.
///
/// Behind a pooler only sessions may be pooled: listening and prepared statements are of a session.
/// A vanished server is noticed after half a minute; the address can say otherwise (tcp_user_timeout,
/// keepalives_idle, …).
///
/// Errors: STORE_UNAVAILABLE  no connection, or the server takes no more
///         STORE_FAILED  not PostgreSQL 15 or newer; its encoding is not UTF-8; no schema
Result<std::unique_ptr<Connection>> open_postgres(const PostgresOptions& options);

}  // namespace vitana::sql
