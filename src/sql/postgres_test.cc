// What only the PostgreSQL driver has: a server that may go away, addresses, limits of time.
#include "sql/postgres.h"

#include "sql/conformance.h"
#include "sql/test_relay.h"
#include "sql/test_server.h"

namespace vitana::sql {
namespace {

using testing::fault_from;
using testing::first_column;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::unique_ptr<Connection> opened(PostgresOptions options) {
  auto connection = open_postgres(options);
  if (!connection) throw Fault(connection.error());
  return std::move(*connection);
}

/// Ends every session of the database that the address names.
void end_sessions(const std::string& address) {
  const auto begin = address.find("/test_") + 1;
  testing::on_server("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '" +
                     address.substr(begin, address.find('?') - begin) + "'");
}

TEST(PostgresAddress, IsKnownByItsScheme) {
  EXPECT_TRUE(is_postgres_address("postgresql://host/name"));
  EXPECT_TRUE(is_postgres_address("postgres://host/name"));
  EXPECT_FALSE(is_postgres_address("/var/lib/postgres.db"));
}

TEST(PostgresAddress, IsShownWithoutAPassword) {
  EXPECT_EQ(shown_address("postgresql://ada:secret@db:5432/hub"), "postgresql://ada@db:5432/hub");
  EXPECT_EQ(shown_address("postgresql://ada:s@crét@db/hub"), "postgresql://ada@db/hub");
  EXPECT_EQ(shown_address("postgresql://db:5432/hub?password=secret"), "postgresql://db:5432/hub");
  EXPECT_EQ(shown_address("postgresql:///hub"), "postgresql:///hub");
}

TEST(PostgresAddress, TellsWhetherItHoldsAPassword) {
  EXPECT_TRUE(holds_password("postgresql://ada:secret@db/hub"));
  EXPECT_TRUE(holds_password("postgresql:///hub?user=ada&password=secret"));
  EXPECT_FALSE(holds_password("postgresql://ada@db:5432/hub?connect_timeout=1"));
}

TEST(PostgresAddress, WithoutAServerBehindItIsAFailure) {
  const auto connection = open_postgres({.address = "postgresql://ada:secret@127.0.0.1:1/hub"});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, FailureCode::STORE_UNAVAILABLE);
  EXPECT_EQ(to_string(connection.error()).find("secret"), std::string::npos);
}

class PostgresSession : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::has_server()) GTEST_SKIP() << "NO PostgreSQL SERVER: its driver is not tested";
    address_ = testing::fresh_database();
    one_ = opened({.address = address_});
    one_->script("CREATE TABLE item (id BIGINT NOT NULL PRIMARY KEY)");
  }
  std::vector<std::int64_t> ids() { return first_column(one_->query("SELECT id FROM item ORDER BY id")); }

  std::string address_;
  std::unique_ptr<Connection> one_;
};

TEST_F(PostgresSession, IsOpenedAgainByTheNextTransaction) {
  end_sessions(address_);
  one_->begin_write();
  one_->execute("INSERT INTO item (id) VALUES ($1)", {1});
  one_->commit();
  end_sessions(address_);
  one_->begin_read();
  EXPECT_THAT(ids(), ElementsAre(1));
  one_->commit();
  end_sessions(address_);
  EXPECT_THAT(ids(), ElementsAre(1));
}

TEST_F(PostgresSession, LostInATransactionTakesItAlong) {
  one_->begin_write();
  one_->execute("INSERT INTO item (id) VALUES ($1)", {1});
  end_sessions(address_);
  EXPECT_EQ(fault_from([&] { one_->execute("INSERT INTO item (id) VALUES ($1)", {2}); }).code(),
            FailureCode::STORE_UNAVAILABLE);
  one_->rollback();
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(PostgresSession, LostBeforeACommitIsToldAsAFault) {
  one_->begin_write();
  one_->execute("INSERT INTO item (id) VALUES ($1)", {1});
  end_sessions(address_);
  EXPECT_EQ(fault_from([&] { one_->commit(); }).code(), FailureCode::STORE_UNAVAILABLE);
  one_->rollback();
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(PostgresSession, CommitWhoseAnswerIsLostIsAskedFor) {
  const std::string mark = "host=%2F";
  auto folder = address_.substr(address_.find(mark) + mark.size());
  for (auto at = folder.find("%2F"); at != std::string::npos; at = folder.find("%2F")) folder.replace(at, 3, "/");
  const testing::TemporaryFolder own;
  testing::Relay relay("/" + folder, own.path());
  auto through = opened({.address = address_.substr(0, address_.find('?')) + "?host=" + own.path().string()});
  through->begin_write();
  through->execute("INSERT INTO item (id) VALUES ($1)", {1});
  relay.cut_at("COMMIT");
  through->commit();
  EXPECT_TRUE(relay.has_cut());
  EXPECT_THAT(ids(), ElementsAre(1));
  EXPECT_TRUE(through->changed_since_last_call());
  through->execute("INSERT INTO item (id) VALUES ($1)", {2});
  EXPECT_THAT(ids(), ElementsAre(1, 2));
}

TEST_F(PostgresSession, ThatWasLostIsNewsFromElsewhere) {
  EXPECT_FALSE(one_->changed_since_last_call());
  end_sessions(address_);
  EXPECT_EQ(fault_from([&] { one_->changed_since_last_call(); }).code(), FailureCode::STORE_UNAVAILABLE);
  EXPECT_TRUE(one_->changed_since_last_call());
  EXPECT_FALSE(one_->changed_since_last_call());
}

TEST_F(PostgresSession, StatementThatRunsTooLongIsEnded) {
  one_ = opened({.address = address_, .statement_timeout = std::chrono::milliseconds(50)});
  EXPECT_EQ(fault_from([&] { one_->execute("SELECT 1 FROM pg_sleep(60)"); }).code(), FailureCode::STORE_FAILED);
  EXPECT_EQ(one_->transaction(), TransactionState::none);
}

TEST_F(PostgresSession, ScriptMayRunLong) {
  one_ = opened({.address = address_, .statement_timeout = std::chrono::milliseconds(50)});
  one_->script("CREATE TABLE waited AS SELECT 1 AS id FROM pg_sleep(0.2)");
  EXPECT_TRUE(one_->has_table("waited"));
}

TEST_F(PostgresSession, WriterThatSaysNothingLosesItsLock) {
  one_ = opened({.address = address_, .statement_timeout = std::chrono::milliseconds(50)});
  auto two = opened({.address = address_, .busy_timeout = std::chrono::seconds(60)});
  one_->begin_write();
  two->begin_write();
  EXPECT_EQ(fault_from([&] { one_->commit(); }).code(), FailureCode::STORE_UNAVAILABLE);
}

TEST_F(PostgresSession, OpenedForReadingRefusesEveryWrite) {
  one_ = opened({.address = address_, .mode = OpenMode::read_only});
  EXPECT_EQ(fault_from([&] { one_->begin_write(); }).code(), FailureCode::STORE_READ_ONLY);
  EXPECT_EQ(fault_from([&] { one_->execute("INSERT INTO item (id) VALUES (1)"); }).code(),
            FailureCode::STORE_READ_ONLY);
  EXPECT_EQ(fault_from([&] { one_->query("DELETE FROM item RETURNING id"); }).code(),
            FailureCode::STORE_READ_ONLY);
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(PostgresSession, HasNoBackup) {
  const auto fault = fault_from([&] { one_->backup_to("/tmp/never"); });
  EXPECT_EQ(fault.code(), FailureCode::STORE_FAILED);
  EXPECT_NE(fault.error().message.find("pg_dump"), std::string::npos);
}

TEST_F(PostgresSession, StatementsBeyondTheirNumberArePreparedAgain) {
  int prepared = 0;
  one_ = opened({.address = address_, .statements_max = 2, .prepared = [&](std::string_view) { ++prepared; }});
  for (const auto* text : {"SELECT 1", "SELECT 2", "SELECT 1", "SELECT 3", "SELECT 1", "SELECT 2"}) {
    one_->query(text);
  }
  EXPECT_EQ(prepared, 4);
}

TEST_F(PostgresSession, EachReadsPageAfterPage) {
  one_->execute("INSERT INTO item (id) SELECT n FROM generate_series(1, 1000) AS s (n)");
  std::int64_t sum = 0;
  one_->each("SELECT id FROM item WHERE id > $1 ORDER BY id", {100}, [&](const Row& row) {
    sum += row.int64(0);
    return true;
  });
  EXPECT_EQ(sum, 500'500 - 5'050);
  one_->begin_write();
  one_->each("SELECT id FROM item", {}, [](const Row&) { return false; });
  one_->each("SELECT id FROM item", {}, [](const Row&) { return false; });
  one_->commit();
}

TEST_F(PostgresSession, StoresInTwoSchemasDoNotMeet) {
  one_->script("CREATE SCHEMA other");
  const auto there = address_ + "&options=-csearch_path%3Dother";
  auto two = opened({.address = there, .busy_timeout = std::chrono::milliseconds(20)});
  EXPECT_FALSE(two->has_table("item"));
  one_->begin_write();
  two->begin_write();
  two->commit();
  one_->commit();
  EXPECT_FALSE(one_->changed_since_last_call());
}

TEST_F(PostgresSession, SchemaThatIsMissingIsRefused) {
  const auto connection = open_postgres({.address = address_ + "&options=-csearch_path%3Dnowhere"});
  ASSERT_FALSE(connection);
  EXPECT_THAT(connection.error().message, ::testing::HasSubstr("schema"));
}

TEST_F(PostgresSession, TriggersRefusalIsAConstraint) {
  one_->script(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
      "CREATE TRIGGER item_no_delete BEFORE DELETE ON item FOR EACH STATEMENT EXECUTE FUNCTION refuse();");
  EXPECT_EQ(fault_from([&] { one_->execute("DELETE FROM item"); }).constraint(), Constraint::trigger);
}

}  // namespace
}  // namespace vitana::sql
