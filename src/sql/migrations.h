// The schema as a list of numbered steps, and the table that says which of them a store has.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sql/connection.h"

namespace vitana::sql {

/// One step. Once released it never changes. `ddl` is the text for the connection's dialect.
struct Migration {
  int version;
  std::string_view name;
  std::string_view ddl;
};

/// The version of the last migration applied; 0 for a store that never saw one. Throws Fault.
int schema_version(Connection& connection);

/// Applies what is missing, each migration in a write transaction of its own, and records it in the
/// table `schema_version` (version, name, applied_us). Returns the versions applied; several
/// processes may try at once, and each migration is applied by one of them. After a fault the
/// store stands at the last migration that was applied whole.
/// Throws Fault: STORE_TOO_NEW  the store has a migration beyond the last of `migrations`; nothing
///                              was changed
///               STORE_FAILED   the store's migration of some number has another name; or a DDL
///                              was refused
/// REQUIRES: `migrations` are numbered 1, 2, 3, …; no transaction is open.
std::vector<int> migrate(Connection& connection, std::span<const Migration> migrations,
                         Instant now);

}  // namespace vitana::sql
