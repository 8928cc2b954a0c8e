#include "sql/migrations.h"

#include <fmt/format.h>

#include <limits>

#include "base/check.h"

namespace vitana::sql {
namespace {

constexpr std::string_view table_name = "schema_version";
constexpr std::string_view table_ddl =
    "CREATE TABLE IF NOT EXISTS schema_version (\n"
    "  version BIGINT NOT NULL PRIMARY KEY,\n"
    "  name TEXT NOT NULL,\n"
    "  applied_us BIGINT NOT NULL)";

void check_history(Connection& connection, std::span<const Migration> migrations) {
  for (const auto& row :
       connection.query("SELECT version, name FROM schema_version ORDER BY version")) {
    const auto version = row.int64(0);
    if (version > static_cast<std::int64_t>(migrations.size())) {
      throw Fault({FailureCode::STORE_TOO_NEW,
                   fmt::format("the store has schema version {}, this program knows {}", version,
                               migrations.size())});
    }
    const bool known = version >= 1;
    const auto expected = known ? migrations[static_cast<std::size_t>(version) - 1].name : "none";
    if (!known || row.text(1) != expected) {
      throw Fault(
          {FailureCode::STORE_FAILED, fmt::format("the store's migration {} is \"{}\", not \"{}\"",
                                                  version, row.text(1), expected)});
    }
  }
}

}  // namespace

int schema_version(Connection& connection) {
  if (!connection.has_table(table_name)) return 0;
  const auto row = connection.query_one("SELECT COALESCE(MAX(version), 0) FROM schema_version");
  const auto version = row ? row->int64(0) : 0;
  if (version < 0 || version > std::numeric_limits<int>::max()) {
    throw Fault({FailureCode::STORE_DAMAGED, fmt::format("schema version {}", version)});
  }
  return static_cast<int>(version);
}

std::vector<int> migrate(Connection& connection, std::span<const Migration> migrations,
                         Instant now) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    CHECK(migrations[i].version == static_cast<int>(i) + 1);
  }
  std::vector<int> applied;
  if (connection.has_table(table_name)) {
    check_history(connection, migrations);
  } else {
    connection.script(table_ddl);
  }
  for (const auto& migration : migrations) {
    if (migration.version <= schema_version(connection)) continue;
    Transaction transaction(connection, TransactionState::write);
    // Again under the lock: another process may have been faster, or be newer.
    check_history(connection, migrations);
    if (migration.version <= schema_version(connection)) continue;
    connection.script(migration.ddl);
    connection.execute("INSERT INTO schema_version (version, name, applied_us) VALUES ($1, $2, $3)",
                       {migration.version, migration.name, to_us(now)});
    transaction.commit();
    applied.push_back(migration.version);
  }
  return applied;
}

}  // namespace vitana::sql
