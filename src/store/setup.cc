#include "store/setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/transaction.h"

namespace vitana::store {
namespace {

sql::Fault refused(FailureCode code, std::string message) {
  return sql::Fault({code, std::move(message)});
}

/// Runs `work` as a unit in a transaction of its own.
template <typename Work>
void in_unit(sql::Connection& connection, Instant now, Work&& work) {
  Transaction transaction(connection);
  Ledger ledger(transaction, now);
  work(ledger);
  transaction.finish(ledger, true);
  transaction.write();
}

std::string fresh_store_id(port::Entropy& entropy) {
  return fmt::format("{:016x}{:016x}", entropy.bits(), entropy.bits());
}

void initialise(sql::Connection& connection, int version, Instant now, port::Entropy& entropy) {
  if (select_by_key<MetaMap>(connection, "store_id")) return;
  sql::Transaction transaction(connection, sql::TransactionState::write);
  // Again under the lock: another process may have been faster.
  if (select_by_key<MetaMap>(connection, "store_id")) return;
  const auto id = fresh_store_id(entropy);
  Values values;
  for (const auto& row : {TextRow{"store_id", id}, TextRow{"epoch", "1"},
                          TextRow{"head", to_string(ChainHead{0, genesis_of(id)})}}) {
    MetaMap::bind_row(row, values);
  }
  connection.execute_many(text_of_table<MetaMap>().insert, MetaMap::columns.size(), values);
  in_unit(connection, now, [&](Ledger& ledger) {
    ledger.append({domain::EventType::store_created, std::nullopt, std::nullopt, "engine",
                   object({{"schema", version}}, {{"store_id", id}})});
    ledger.put(ControlRow{
        "execution",
        {.on = true, .reason = "made with the store", .actor = "engine", .until = {}, .at = now}});
  });
  transaction.commit();
}

std::string backup_path(const std::string& path, int version, Instant now) {
  auto stamp = to_rfc3339(now).substr(0, 19);  // "2026-01-25T09:00:00"
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("{}.v{}-{}Z.backup", path, version, stamp);
}

void record_migration(sql::Connection& connection, int from, int to, Instant now) {
  sql::Transaction transaction(connection, sql::TransactionState::write);
  in_unit(connection, now, [&](Ledger& ledger) {
    ledger.append({domain::EventType::store_migrated, std::nullopt, std::nullopt, "engine",
                   object({{"from", from}, {"to", to}}, {})});
  });
  transaction.commit();
}

}  // namespace

void prepare(sql::Connection& connection, const std::string& path, OpenMode mode,
             std::span<const sql::Migration> migrations, Instant now, port::Entropy& entropy) {
  const int version = sql::schema_version(connection);
  const int newest = static_cast<int>(migrations.size());
  if (version > newest) {
    throw refused(
        FailureCode::STORE_TOO_NEW,
        fmt::format("the store has schema version {}, this program knows {}", version, newest));
  }
  if (mode == OpenMode::client) {
    if (version == 0) throw refused(FailureCode::NOT_FOUND, "there is no store yet");
    if (version < newest) {
      throw refused(
          FailureCode::STORE_TOO_OLD,
          fmt::format("the store has schema version {}, this program needs {}", version, newest));
    }
    if (!select_by_key<MetaMap>(connection, "store_id")) damaged("meta.value", "no store id");
    return;
  }
  if (version > 0 && version < newest && path != ":memory:") {
    if (connection.traits().online_backup) {
      connection.backup_to(backup_path(path, version, now));
    } else if (mode != OpenMode::migrate) {
      throw refused(FailureCode::STORE_TOO_OLD,
                    fmt::format("the store has schema version {}, this program needs {}; it is migrated by "
                                "`vitana migrate`, after a backup by pg_dump",
                                version, newest));
    }
  }
  const auto applied = sql::migrate(connection, migrations, now);
  initialise(connection, newest, now, entropy);
  if (version > 0 && !applied.empty()) record_migration(connection, version, newest, now);
}

}  // namespace vitana::store
