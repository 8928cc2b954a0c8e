// One SQL text, the same answer from every driver.
#include <limits>
#include <stdexcept>

#include "sql/conformance.h"

namespace vitana::sql {
namespace {

using testing::Conformance;
using ::testing::ElementsAre;
using testing::fault_from;
using testing::first_column;
using ::testing::IsEmpty;

class Statements : public Conformance {
 protected:
  Statements() {
    connection_->script(
        "CREATE TABLE item (id BIGINT NOT NULL PRIMARY KEY, name TEXT, open BIGINT NOT NULL);"
        "CREATE UNIQUE INDEX item_open ON item (name) WHERE open = 1;");
  }

  void insert(std::int64_t id, Value name, bool open) {
    connection_->execute("INSERT INTO item (id, name, open) VALUES ($1, $2, $3)",
                         {id, std::move(name), open});
  }
  std::vector<std::int64_t> ids(std::string_view sql, Params params = {}) {
    return first_column(connection_->query(sql, params));
  }

  std::unique_ptr<Connection> connection_ = connect();
};
INSTANTIATE_TEST_SUITE_P(Drivers, Statements, ::testing::ValuesIn(testing::drivers()),
                         testing::driver_name);

TEST_P(Statements, ParametersGoByNumberNotByAppearance) {
  const auto row = connection_->query_one("SELECT CAST($2 AS BIGINT), CAST($1 AS BIGINT)", {1, 2});
  EXPECT_EQ(row->int64(0), 2);
  EXPECT_EQ(row->int64(1), 1);
}

TEST_P(Statements, AParameterMayBeUsedTwice) {
  const auto row = connection_->query_one("SELECT CAST($1 AS BIGINT) + CAST($1 AS BIGINT)", {21});
  EXPECT_EQ(row->int64(0), 42);
}

TEST_P(Statements, MarkInALiteralIsNoParameter) {
  EXPECT_EQ(connection_->query_one("SELECT '$1 ''$2''' -- $3\n")->text(0), "$1 '$2'");
}

TEST_P(Statements, WrongNumberOfParametersIsRefused) {
  EXPECT_EQ(fault_from([&] { ids("SELECT id FROM item WHERE id = $1"); }).code(),
            FailureCode::STORE_FAILED);
  EXPECT_EQ(fault_from([&] { ids("SELECT id FROM item WHERE id = $1", {1, 2}); }).code(),
            FailureCode::STORE_FAILED);
}

TEST_P(Statements, EveryTypeComesBackAsItWent) {
  connection_->script("CREATE TABLE kinds (n BIGINT, t TEXT, b " +
                      std::string(connection_->traits().ddl == Dialect::sqlite ? "BLOB" : "BYTEA") +
                      ")");
  const Bytes bytes{0, 255, 39};
  connection_->execute("INSERT INTO kinds (n, t, b) VALUES ($1, $2, $3)",
                       {std::numeric_limits<std::int64_t>::min(), "grün '$1' \n", bytes});
  const auto row = connection_->query_one("SELECT n, t, b FROM kinds");
  EXPECT_EQ(row->int64(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(row->text(1), "grün '$1' \n");
  EXPECT_EQ(row->bytes(2), bytes);
}

TEST_P(Statements, EmptyTextAndBytesAreNotNull) {
  connection_->script("CREATE TABLE kinds (t TEXT, b " +
                      std::string(connection_->traits().ddl == Dialect::sqlite ? "BLOB" : "BYTEA") +
                      ")");
  connection_->execute("INSERT INTO kinds (t, b) VALUES ($1, $2)", {"", Bytes{}});
  const auto row = connection_->query_one("SELECT t, b FROM kinds");
  EXPECT_EQ(row->text(0), "");
  EXPECT_EQ(row->bytes(1), Bytes{});
}

TEST_P(Statements, TypedNullMayStandAnywhere) {
  const auto row = connection_->query_one(
      "SELECT CASE WHEN $1 IS NULL THEN 1 ELSE 0 END, CASE WHEN $2 IS NULL THEN 1 ELSE 0 END, "
      "CASE WHEN $3 IS NULL THEN 1 ELSE 0 END",
      {null_int64, null_text, null_bytes});
  EXPECT_TRUE(row->boolean(0));
  EXPECT_TRUE(row->boolean(1));
  EXPECT_TRUE(row->boolean(2));
}

TEST_P(Statements, NumbersOfAllSixtyFourBitsCompare) {
  EXPECT_TRUE(
      connection_
          ->query_one("SELECT CASE WHEN 1 < $1 THEN 1 ELSE 0 END", {std::int64_t{5'000'000'000}})
          ->boolean(0));
}

TEST_P(Statements, TextWithNulIsRefused) {
  EXPECT_EQ(fault_from([&] { insert(1, std::string("a\0b", 3), true); }).code(),
            FailureCode::STORE_FAILED);
}

TEST_P(Statements, TextThatIsNotUtf8IsRefused) {
  EXPECT_EQ(fault_from([&] { insert(1, "a\xff", true); }).code(), FailureCode::STORE_FAILED);
}

TEST_P(Statements, FractionIsRefused) {
  const auto fault = fault_from([&] { connection_->query("SELECT CAST(0.5 AS REAL)"); });
  EXPECT_EQ(fault.code(), FailureCode::STORE_FAILED);
}

TEST_P(Statements, OverflowIsRefused) {
  const auto fault = fault_from([&] {
    connection_->query("SELECT CAST($1 AS BIGINT) + CAST($2 AS BIGINT)",
                       {std::numeric_limits<std::int64_t>::max(), 1});
  });
  EXPECT_EQ(fault.code(), FailureCode::STORE_FAILED);
}

TEST_P(Statements, DoubleQuotesNeverMakeALiteral) {
  EXPECT_EQ(fault_from([&] { connection_->query("SELECT \"nothing\""); }).code(),
            FailureCode::STORE_FAILED);
}

TEST_P(Statements, TwoStatementsInOneAreRefused) {
  EXPECT_EQ(fault_from([&] { connection_->execute("DELETE FROM item; DELETE FROM item"); }).code(),
            FailureCode::STORE_FAILED);
}

TEST_P(Statements, OnConflictReachesAPartialIndex) {
  insert(1, "a", true);
  const std::string_view upsert =
      "INSERT INTO item (id, name, open) VALUES ($1, $2, $3) "
      "ON CONFLICT (name) WHERE open = 1 DO NOTHING";
  EXPECT_EQ(connection_->execute(upsert, {2, "a", 1}), 0);
  EXPECT_EQ(connection_->execute(upsert, {2, "a", 0}), 1);
}

TEST_P(Statements, OnConflictUpdates) {
  insert(1, "a", true);
  EXPECT_EQ(connection_->execute("INSERT INTO item (id, name, open) VALUES ($1, $2, $3) "
                                 "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                                 {1, "b", 1}),
            1);
  EXPECT_EQ(connection_->query_one("SELECT name FROM item WHERE id = 1")->text(0), "b");
}

TEST_P(Statements, OnConflictAfterASelectWithItsWhere) {
  insert(1, "a", true);
  EXPECT_EQ(
      connection_->execute("INSERT INTO item (id, name, open) SELECT id, name, open FROM item "
                           "WHERE id > 0 ON CONFLICT (id) DO NOTHING"),
      0);
}

TEST_P(Statements, ReturningGivesTheChangedRows) {
  insert(1, "a", true);
  insert(2, "b", true);
  auto changed = ids("UPDATE item SET open = 0 WHERE id <= $1 RETURNING id", {2});
  EXPECT_THAT(changed, ::testing::UnorderedElementsAre(1, 2));
}

TEST_P(Statements, WithFeedsAnUpdate) {
  insert(1, "a", true);
  insert(2, "b", true);
  EXPECT_EQ(connection_->execute("WITH chosen AS MATERIALIZED (SELECT id FROM item ORDER BY id "
                                 "LIMIT 1) UPDATE item SET open = 0 WHERE id IN (SELECT id FROM "
                                 "chosen) AND open = 1"),
            1);
  EXPECT_THAT(ids("SELECT id FROM item WHERE open = 0"), ElementsAre(1));
}

TEST_P(Statements, RowValuesCompareInOrder) {
  insert(1, "a", true);
  insert(2, "b", true);
  insert(3, "b", false);
  EXPECT_THAT(ids("SELECT id FROM item WHERE (name, id) > ($1, $2) ORDER BY name, id", {"b", 2}),
              ElementsAre(3));
}

TEST_P(Statements, FilterCountsApart) {
  insert(1, "a", true);
  insert(2, "b", false);
  insert(3, "c", false);
  EXPECT_EQ(connection_->query_one("SELECT COUNT(*) FILTER (WHERE open = 0) FROM item")->int64(0),
            2);
}

TEST_P(Statements, WindowNumbersRows) {
  insert(5, "a", false);
  insert(6, "a", false);
  insert(7, "b", false);
  EXPECT_THAT(ids("SELECT ROW_NUMBER() OVER (PARTITION BY name ORDER BY id) FROM item ORDER BY id"),
              ElementsAre(1, 2, 1));
}

TEST_P(Statements, RecursionWalks) {
  EXPECT_THAT(ids("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
                  "SELECT i FROM n ORDER BY i",
                  {3}),
              ElementsAre(1, 2, 3));
}

TEST_P(Statements, IsNotDistinctFromMatchesNull) {
  insert(1, null_text, false);
  insert(2, "a", false);
  EXPECT_THAT(ids("SELECT id FROM item WHERE name IS NOT DISTINCT FROM $1", {null_text}),
              ElementsAre(1));
}

TEST_P(Statements, ExecuteCountsTheRowsOfThisStatement) {
  insert(1, "a", true);
  insert(2, "b", true);
  EXPECT_EQ(connection_->execute("UPDATE item SET open = 0"), 2);
  EXPECT_EQ(connection_->execute("UPDATE item SET open = 0 WHERE id = 9"), 0);
  EXPECT_EQ(connection_->execute("SELECT id FROM item"), 0);
  EXPECT_EQ(connection_->execute("DELETE FROM item"), 2);
}

TEST_P(Statements, QueryOneWithoutARowIsNothing) {
  EXPECT_EQ(connection_->query_one("SELECT id FROM item"), std::nullopt);
}

TEST_P(Statements, EachStopsWhenItIsTold) {
  insert(1, "a", false);
  insert(2, "b", false);
  std::vector<std::int64_t> seen;
  connection_->each("SELECT id FROM item ORDER BY id", {}, [&](const Row& row) {
    seen.push_back(row.int64(0));
    return false;
  });
  EXPECT_THAT(seen, ElementsAre(1));
}

TEST_P(Statements, EachLetsTheVisitorsExceptionThrough) {
  insert(1, "a", false);
  const auto visit = [](const Row&) -> bool { throw std::runtime_error("enough"); };
  EXPECT_THROW(connection_->each("SELECT id FROM item", {}, visit), std::runtime_error);
  EXPECT_THAT(ids("SELECT id FROM item"), ElementsAre(1));
}

class StatementsManyRows : public Statements {
 protected:
  static std::vector<Value> rows(std::int64_t count) {
    std::vector<Value> values;
    for (std::int64_t id = 1; id <= count; ++id) {
      values.insert(values.end(), {id, "name " + std::to_string(id), true});
    }
    return values;
  }
  std::int64_t insert_many(std::int64_t count) {
    return connection_->execute_many("INSERT INTO item (id, name, open)", 3, rows(count),
                                     "ON CONFLICT (id) DO NOTHING");
  }
  std::int64_t sum_of_ids() {
    return connection_->query_one("SELECT CAST(COALESCE(SUM(id), 0) AS BIGINT) FROM item")
        ->int64(0);
  }
};
INSTANTIATE_TEST_SUITE_P(Drivers, StatementsManyRows, ::testing::ValuesIn(testing::drivers()),
                         testing::driver_name);

TEST_P(StatementsManyRows, EveryRowArrivesWhateverTheirNumber) {
  for (const std::int64_t count : {0, 1, 15, 16, 17, 255, 256, 257, 529}) {
    connection_->execute("DELETE FROM item");
    EXPECT_EQ(insert_many(count), count);
    EXPECT_EQ(sum_of_ids(), count * (count + 1) / 2) << count;
  }
}

TEST_P(StatementsManyRows, CountsOnlyWhatChanged) {
  insert_many(20);
  EXPECT_EQ(insert_many(300), 280);
}

TEST_P(StatementsManyRows, UpdateFromValues) {
  insert_many(20);
  std::vector<Value> changes;
  for (std::int64_t id = 1; id <= 18; ++id) {
    changes.insert(changes.end(), {id, "new " + std::to_string(id)});
  }
  EXPECT_EQ(
      connection_->execute_many("WITH v (id, name) AS (", 2, changes,
                                ") UPDATE item SET name = v.name FROM v WHERE item.id = v.id"),
      18);
  EXPECT_EQ(connection_->query_one("SELECT name FROM item WHERE id = 18")->text(0), "new 18");
  EXPECT_EQ(connection_->query_one("SELECT name FROM item WHERE id = 19")->text(0), "name 19");
}

TEST_P(StatementsManyRows, AllOrNone) {
  auto values = rows(300);
  values[3 * 299] = 1;  // the last row's id stands already in the first
  const auto fault = fault_from(
      [&] { connection_->execute_many("INSERT INTO item (id, name, open)", 3, values); });
  EXPECT_EQ(fault.constraint(), Constraint::unique);
  EXPECT_EQ(sum_of_ids(), 0);
}

class StatementsConstraints : public Conformance {
 protected:
  StatementsConstraints() {
    connection_->script(
        "CREATE TABLE parent (id BIGINT NOT NULL PRIMARY KEY, size BIGINT CHECK (size < 10));"
        "CREATE TABLE child (id BIGINT NOT NULL UNIQUE,"
        "  parent BIGINT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO parent (id, size) VALUES (1, 1);");
  }
  Constraint broken_by(std::string_view sql) {
    return fault_from([&] { connection_->execute(sql); }).constraint();
  }
  std::unique_ptr<Connection> connection_ = connect();
};
INSTANTIATE_TEST_SUITE_P(Drivers, StatementsConstraints, ::testing::ValuesIn(testing::drivers()),
                         testing::driver_name);

TEST_P(StatementsConstraints, PrimaryKeyIsUnique) {
  EXPECT_EQ(broken_by("INSERT INTO parent (id) VALUES (1)"), Constraint::unique);
}

TEST_P(StatementsConstraints, IndexIsUnique) {
  connection_->execute("INSERT INTO child (id) VALUES (1)");
  EXPECT_EQ(broken_by("INSERT INTO child (id) VALUES (1)"), Constraint::unique);
}

TEST_P(StatementsConstraints, NotNull) {
  EXPECT_EQ(broken_by("INSERT INTO parent (id) VALUES (NULL)"), Constraint::not_null);
}

TEST_P(StatementsConstraints, Check) {
  EXPECT_EQ(broken_by("INSERT INTO parent (id, size) VALUES (2, 10)"), Constraint::check);
}

TEST_P(StatementsConstraints, DeferredForeignKeyIsCheckedAtCommit) {
  Transaction transaction(*connection_, TransactionState::write);
  connection_->execute("INSERT INTO child (id, parent) VALUES (1, 9)");
  EXPECT_EQ(fault_from([&] { transaction.commit(); }).constraint(), Constraint::foreign_key);
}

TEST_P(StatementsConstraints, AnotherFaultIsNoConstraint) {
  EXPECT_EQ(broken_by("INSERT INTO nowhere (id) VALUES (1)"), Constraint::none);
}

TEST_P(StatementsConstraints, FaultNamesItsStatement) {
  const auto fault =
      fault_from([&] { connection_->execute("INSERT INTO parent (id) VALUES ($1)", {1}); });
  EXPECT_EQ(fault.error().context.at("statement"), "INSERT INTO parent (id) VALUES ($1)");
  EXPECT_THAT(fault.error().causes, ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace vitana::sql
