// The server's SQLSTATEs, and the loss of it, as faults.
#pragma once

#include <libpq-fe.h>

#include <string_view>

#include "sql/fault.h"

namespace vitana::sql::postgres {

/// The fault that `result` carries; null: there is none, and the connection speaks. `doing` is the
/// statement, or what else was tried.
Fault fault_of(const PGconn* connection, const PGresult* result, std::string_view doing);

/// Whether the session is gone with this result: no answer, or one after which the server hangs up.
bool is_lost(const PGconn* connection, const PGresult* result);

/// The session was lost before or while `statement` was sent.
Fault connection_lost(std::string_view statement);

/// A fault that the driver itself finds.
Fault refused(std::string_view message, std::string_view statement);

}  // namespace vitana::sql::postgres
