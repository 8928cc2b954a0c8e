// A PostgreSQL server for tests: one for each process, started when it is first asked for, stopped when
// the process ends, however it ends. See tests/support/postgres_server.py.
#pragma once

#include <string>

namespace vitana::sql::testing {

/// Whether this machine has the server's programs.
bool has_server();

/// The address of an empty database of its own. REQUIRES: has_server(). Ends the process where the server
/// does not start.
std::string fresh_database();

/// Runs statements on the server's first database, as its owner, outside a transaction.
void on_server(const std::string& sql);


}  // namespace vitana::sql::testing
