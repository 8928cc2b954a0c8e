// A PostgreSQL server for tests: one for each process, started when it is first asked for, stopped when
// the process ends, however it ends. See tests/support/postgres_server.py.
#pragma once

#include <string>

namespace vitana::sql::testing {

/// Whether this machine has the server's programs.
bool has_server();

/// The address of an empty schema, which is as good as a database of its own and made at once. REQUIRES (all below):
/// has_server(). They end the process where the server does not start.
std::string fresh_schema();

/// The address of an empty database of its own.
std::string fresh_database();

/// Runs statements on the server's first database, as its owner, outside a transaction.
void on_server(const std::string& sql);


}  // namespace vitana::sql::testing
