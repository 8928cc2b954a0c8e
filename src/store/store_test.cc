// Opening, keeping, copying, and what other hands may not do.
#include "store/store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "sql/sqlite.h"
#include "store/chain.h"
#include "store/schema.h"
#include "store/setup.h"
#include "store/testing.h"

namespace vitana::store {
namespace {

using namespace testing;
using domain::EventType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Opening : public StoreTest {
 protected:
  FailureCode code_of_opening(OpenMode mode) {
    auto opened = Store::open({.path = path_, .mode = mode}, clock_, entropy_);
    EXPECT_FALSE(opened);
    return opened ? FailureCode::INVARIANT_BROKEN : opened.error().code;
  }
  void say_schema_version(int version) {
    raw()->execute("INSERT INTO schema_version (version, name, applied_us) VALUES ($1, 'later', 0)",
                   {version});
  }
};

TEST_F(Opening, AFreshStoreBeginsItsChainAndLetsExecutionOn) {
  EXPECT_THAT(event_types(), ElementsAre("store.created", "governance.control.updated"));
  read([&](Reader& r) {
    EXPECT_EQ(r.store_id(), "0123456789abcdef0123456789abcdef");
    EXPECT_TRUE(domain::is_on(r.control("execution"), clock_.now()));
    EXPECT_EQ(chain_hash(genesis_of(r.store_id()), r.events({}).front()),
              r.events({}).front().hash);
    EXPECT_EQ(r.head().seq, 2);
  });
}

TEST_F(Opening, TheFileIsPrivate) {
  SKIP_ON_SERVER();
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(Opening, ARestartKeepsEverything) {
  commit([](Ledger& l) {
    l.put(task_of(7));
    l.add(spec_of(7, 1, "text"));
  });
  const auto before = event_types();
  open();
  EXPECT_EQ(event_types(), before);
  read([](Reader& r) {
    EXPECT_EQ(r.task(Vtid(7)), task_of(7));
    EXPECT_EQ(r.spec(Vtid(7), 1)->text, "text");
  });
}

TEST_F(Opening, AClientFindsNoStore) {
  SKIP_ON_SERVER();
  path_ = (folder_ / "other.db").string();
  EXPECT_EQ(code_of_opening(OpenMode::client), FailureCode::NOT_FOUND);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Opening, AClientReadsAndWritesAStoreThatIsThere) {
  auto client = Store::open({.path = path_, .mode = OpenMode::client}, clock_, entropy_);
  ASSERT_TRUE(client) << to_string(client.error());
  ASSERT_TRUE((*client)->commit([](Ledger& l) -> Result<void> {
    l.put(task_of(7));
    return {};
  }));
  read([](Reader& r) { EXPECT_TRUE(r.task(Vtid(7))); });
}

TEST_F(Opening, ANewerStoreIsRefused) {
  say_schema_version(static_cast<int>(migrations_sqlite().size()) + 1);
  EXPECT_EQ(code_of_opening(OpenMode::engine), FailureCode::STORE_TOO_NEW);
  EXPECT_EQ(code_of_opening(OpenMode::client), FailureCode::STORE_TOO_NEW);
}

TEST_F(Opening, AFileThatIsNoDatabaseIsRefused) {
  SKIP_ON_SERVER();
  path_ = (folder_ / "other.db").string();
  std::ofstream(path_) << std::string(4096, 'x');
  EXPECT_EQ(code_of_opening(OpenMode::engine), FailureCode::STORE_DAMAGED);
}

TEST_F(Opening, AnOlderStoreIsBackedUpAndMigratedByTheEngineOnly) {
  SKIP_ON_SERVER();
  std::vector<sql::Migration> newer(migrations_sqlite().begin(), migrations_sqlite().end());
  const auto version = static_cast<int>(newer.size()) + 1;
  newer.push_back({version, "later", "CREATE TABLE later (id BIGINT)"});
  auto connection = raw();
  try {
    prepare(*connection, path_, OpenMode::client, newer, clock_.now(), entropy_);
    ADD_FAILURE() << "a client migrated";
  } catch (const sql::Fault& fault) {
    EXPECT_EQ(fault.code(), FailureCode::STORE_TOO_OLD);
  }
  prepare(*connection, path_, OpenMode::engine, newer, clock_.now(), entropy_);
  EXPECT_TRUE(connection->has_table("later"));
  auto backup = sql::open_sqlite(
      {.path = fmt::format("{}.v{}-20260125T090000Z.backup", path_, version - 1), .mode = sql::OpenMode::read_only});
  ASSERT_TRUE(backup);
  EXPECT_FALSE((*backup)->has_table("later"));
  const auto last =
      connection->query_one("SELECT type FROM oasis_events ORDER BY seq DESC LIMIT 1");
  EXPECT_EQ(last->text(0), "store.migrated");
}

TEST_F(Opening, AStoreInMemoryWorksAlike) {
  auto store = Store::open({.path = ":memory:"}, clock_, entropy_);
  ASSERT_TRUE(store) << to_string(store.error());
  ASSERT_TRUE((*store)->commit([](Ledger& l) -> Result<void> {
    l.put(task_of(7));
    return {};
  }));
  bool there = false;
  ASSERT_TRUE((*store)->read([&](Reader& r) -> Result<void> {
    there = r.task(Vtid(7)).has_value();
    return {};
  }));
  EXPECT_TRUE(there);
}

TEST_F(Opening, ABackupIsAWholeStore) {
  SKIP_ON_SERVER();
  commit([](Ledger& l) { l.put(task_of(7)); });
  const auto copy = (folder_ / "copy.db").string();
  ASSERT_TRUE(store_->backup(copy));
  path_ = copy;
  open();
  read([](Reader& r) { EXPECT_TRUE(r.task(Vtid(7))); });
  EXPECT_THAT(*store_->audit({}), IsEmpty());
}

TEST_F(Opening, ACommitOfAnotherProcessIsNoticed) {
  const auto seen = store_->commits();
  auto other = Store::open({.path = path_, .mode = OpenMode::client}, clock_, entropy_);
  ASSERT_TRUE(other);
  EXPECT_FALSE(store_->wait_for_commit(seen, Duration(0)));
  ASSERT_TRUE((*other)->commit([](Ledger& l) -> Result<void> {
    l.put(task_of(7));
    return {};
  }));
  EXPECT_TRUE(store_->wait_for_commit(seen, std::chrono::seconds(5)));
}

TEST_F(Opening, AWaiterIsWokenByACommit) {
  const auto seen = store_->commits();
  std::thread writer([&] { commit([](Ledger& l) { l.put(task_of(7)); }); });
  EXPECT_TRUE(store_->wait_for_commit(seen, std::chrono::seconds(5)));
  writer.join();
}

TEST_F(Opening, AnErrorOfTheReaderIsPassedOn) {
  const auto done = store_->read(
      [](Reader&) -> Result<void> { return failure(FailureCode::NOT_FOUND, "nothing"); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::NOT_FOUND);
}

TEST_F(Opening, ARowThatVitanaDidNotWriteIsAnErrorOfTheReader) {
  commit([](Ledger& l) { l.put(task_of(7)); });
  raw()->execute("UPDATE vtid_ledger SET waits = '[[['");
  const auto done = store_->read([](Reader& r) -> Result<void> {
    static_cast<void>(r.task(Vtid(7)));
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::STORE_DAMAGED);
}

class ImmutableRows : public StoreTest {
 protected:
  void refused(const std::string& statement) {
    auto connection = raw();
    // As the sqlite3 program has it: without it REPLACE passes by the triggers on DELETE.
    connection->query("PRAGMA recursive_triggers = OFF");
    try {
      connection->execute(statement);
      ADD_FAILURE() << "not refused: " << statement;
    } catch (const sql::Fault& fault) {
      EXPECT_EQ(fault.constraint(), sql::Constraint::trigger) << statement << fault.what();
    }
  }
};

TEST_F(ImmutableRows, LockedSpecsEventsAndEvidenceRefuseEveryChange) {
  SKIP_ON_SERVER();
  commit([](Ledger& l) {
    l.put(task_of(7));
    l.add(spec_of(7, 1, "text"));
    l.add(RunId{Vtid(7), 1}, 1, {.criterion = "AC-1"});
  });
  for (const std::string table : {"vtid_specs", "oasis_events", "evidence"}) {
    refused("DELETE FROM " + table);
  }
  refused("INSERT OR REPLACE INTO oasis_events SELECT * FROM oasis_events");
  refused("INSERT OR REPLACE INTO evidence SELECT * FROM evidence");
  refused(
      "INSERT OR REPLACE INTO vtid_specs (vtid, version, spec_text, checksum, spec_source, "
      "locked_at, created_at) VALUES ('VTID-00007', 1, 'x', 'y', 'git', 0, 0)");
  refused("UPDATE vtid_specs SET spec_text = 'other'");
  refused("UPDATE OR REPLACE vtid_specs SET version = 1");
  refused("UPDATE oasis_events SET data = '{}'");
  refused("UPDATE evidence SET verdict = 'passed'");
  refused(
      "INSERT INTO vtid_specs (vtid, version, spec_text, checksum, spec_source, locked_at, "
      "created_at) VALUES ('VTID-00007', 1, 'x', 'y', 'git', 0, 0) "
      "ON CONFLICT (vtid, version) DO UPDATE SET spec_text = 'x'");
  EXPECT_THAT(*store_->audit({}), IsEmpty());
}

}  // namespace
}  // namespace vitana::store
