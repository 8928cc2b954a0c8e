// SQLite's result codes and the system's errno as faults.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "sql/fault.h"

namespace vitana::sql::sqlite {

/// The fault for `rc`, the result of the last call on `db` (null when there is none). `doing` is
/// the statement, or what else was tried.
Fault fault_of(sqlite3* db, int rc, std::string_view doing);

/// The fault for a failed system call on `path`.
Fault fault_of_errno(int error, std::string_view doing, const std::string& path);

}  // namespace vitana::sql::sqlite
