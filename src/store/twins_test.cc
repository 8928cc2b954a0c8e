// The schema's two texts say the same: every table, column, key and index of one is in the other.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "sql/migrations.h"
#include "store/schema.h"
#include "store/testing.h"

namespace vitana::store {
namespace {

using namespace testing;
using ::testing::IsEmpty;

using Lines = std::map<std::string, std::string>;

Lines lines(sql::Connection& connection, const std::string& text) {
  Lines out;
  for (const auto& row : connection.query(text)) out[row.text(0)] = row.text(1);
  return out;
}

/// "TABLE.COLUMN" with its type, whether it may be NULL, and its place in the primary key.
Lines columns_of(sql::Connection& connection) {
  if (connection.traits().ddl == sql::Dialect::sqlite) {
    return lines(connection,
                 "SELECT m.name || '.' || p.name, lower(p.type) || "
                 "CASE WHEN p.\"notnull\" = 1 OR p.pk > 0 THEN ' not null' ELSE '' END || ' ' || p.pk "
                 "FROM sqlite_schema m, pragma_table_xinfo(m.name) p "
                 "WHERE m.type = 'table' AND m.name <> 'schema_version'");
  }
  return lines(connection,
               "SELECT c.relname || '.' || a.attname, CASE WHEN t.typname = 'int8' THEN 'integer' "
               "WHEN a.attcollation = (SELECT oid FROM pg_collation WHERE collname = 'C' AND collencoding = -1) "
               "THEN t.typname ELSE t.typname || ' in no order of bytes' END "
               "|| CASE WHEN a.attnotnull THEN ' not null' ELSE '' END "
               "|| ' ' || COALESCE(array_position(CAST(i.indkey AS int2[]), a.attnum) + 1, 0) "
               "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
               "JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary "
               "WHERE c.relkind = 'r' AND c.relnamespace = CAST(current_schema() AS regnamespace) "
               "AND c.relname <> 'schema_version'");
}

/// Each index that has a name of ours, with its columns.
Lines indexes_of(sql::Connection& connection) {
  if (connection.traits().ddl == sql::Dialect::sqlite) {
    return lines(connection,
                 "SELECT m.name, m.tbl_name || ' ' || (SELECT group_concat(name, ' ') FROM (SELECT name FROM "
                 "pragma_index_info(m.name) ORDER BY seqno)) || CASE WHEN replace(m.sql, '\n', ' ') LIKE '% WHERE %' "
                 "THEN ' partly' ELSE '' END FROM sqlite_schema m WHERE m.type = 'index' AND m.sql IS NOT NULL");
  }
  return lines(connection,
               "SELECT CAST(c.relname AS TEXT), t.relname || ' ' || "
               "(SELECT string_agg(a.attname, ' ' ORDER BY k.place) "
               "FROM unnest(CAST(i.indkey AS int2[])) WITH ORDINALITY AS k (number, place) "
               "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) "
               "|| CASE WHEN i.indpred IS NOT NULL THEN ' partly' ELSE '' END "
               "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid "
               "LEFT JOIN pg_constraint o ON o.conindid = c.oid "
               "WHERE o.oid IS NULL AND t.relnamespace = CAST(current_schema() AS regnamespace)");
}

class Twins : public StoreTest {
 protected:
  void SetUp() override {
    if (on_server()) GTEST_SKIP() << "opens both by itself";
    if (!sql::testing::has_server()) GTEST_SKIP() << "NO PostgreSQL SERVER: its schema is not tested";
    file_ = raw();
    auto opened = sql::open({.database = sql::testing::fresh_schema()});
    ASSERT_TRUE(opened);
    server_ = std::move(*opened);
    sql::migrate(*server_, migrations_postgres(), clock_.now());
  }
  std::unique_ptr<sql::Connection> file_;
  std::unique_ptr<sql::Connection> server_;
};

TEST_F(Twins, HaveTheSameSteps) {
  ASSERT_EQ(migrations_postgres().size(), migrations_sqlite().size());
  for (std::size_t i = 0; i < migrations_sqlite().size(); ++i) {
    EXPECT_EQ(migrations_postgres()[i].name, migrations_sqlite()[i].name);
  }
}

TEST_F(Twins, HaveTheSameTablesColumnsAndKeys) {
  const auto columns = columns_of(*file_);
  EXPECT_GT(columns.size(), 150U);
  EXPECT_EQ(columns_of(*server_), columns);
}

TEST_F(Twins, HaveTheSameIndexes) {
  const auto indexes = indexes_of(*file_);
  EXPECT_GT(indexes.size(), 15U);
  EXPECT_EQ(indexes_of(*server_), indexes);
}

class ImmutableOnServer : public StoreTest {
 protected:
  void SetUp() override {
    if (!on_server()) GTEST_SKIP() << "see ImmutableRows";
  }
};

TEST_F(ImmutableOnServer, LockedSpecsEventsAndEvidenceRefuseEveryChange) {
  commit([](Ledger& l) {
    l.put(task_of(7));
    l.add(spec_of(7, 1, "text"));
    l.add(RunId{Vtid(7), 1}, 1, {.criterion = "AC-1"});
  });
  const auto connection = raw();
  const auto refused = [&](const std::string& statement) {
    try {
      connection->execute(statement);
      ADD_FAILURE() << "not refused: " << statement;
    } catch (const sql::Fault& fault) {
      EXPECT_EQ(fault.constraint(), sql::Constraint::trigger) << statement << fault.what();
    }
  };
  for (const std::string table : {"vtid_specs", "oasis_events", "evidence"}) {
    refused("DELETE FROM " + table);
    refused("TRUNCATE " + table);
  }
  refused("TRUNCATE meta, oasis_events CASCADE");
  refused("UPDATE vtid_specs SET spec_text = 'other'");
  refused("UPDATE oasis_events SET data = '{}'");
  refused("UPDATE evidence SET verdict = 'passed'");
  refused(
      "INSERT INTO vtid_specs (vtid, version, spec_text, checksum, spec_source, locked_at, "
      "created_at) VALUES ('VTID-00007', 1, 'x', 'y', 'git', 0, 0) "
      "ON CONFLICT (vtid, version) DO UPDATE SET spec_text = 'x'");
  EXPECT_THAT(*store_->audit({}), IsEmpty());
}

TEST_F(ImmutableOnServer, AnOlderStoreIsMigratedOnlyWhenToldTo) {
  const auto connection = raw();
  // As if the newest migration had never been.
  connection->execute("DELETE FROM schema_version WHERE version > 3");
  connection->script("DROP TABLE webhook_cursors; DROP INDEX vtid_ledger_changed; ALTER TABLE workers "
                     "DROP COLUMN token, DROP COLUMN callback_url, DROP COLUMN callback_secret");
  for (const auto mode : {OpenMode::client, OpenMode::engine}) {
    const auto opened = Store::open({.path = path_, .mode = mode}, clock_, entropy_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, FailureCode::STORE_TOO_OLD);
  }
  EXPECT_FALSE(connection->has_table("webhook_cursors"));
  ASSERT_TRUE(Store::open({.path = path_, .mode = OpenMode::migrate}, clock_, entropy_));
  EXPECT_TRUE(connection->has_table("webhook_cursors"));
  open();
  EXPECT_EQ(event_types().back(), "store.migrated");
}

}  // namespace
}  // namespace vitana::store
