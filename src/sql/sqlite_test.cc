// What is SQLite's own: files, pragmas, the log, faults of disk and file.
#include "sql/sqlite.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "sql/conformance.h"
#include "sql/sqlite_statement.h"

namespace vitana::sql {
namespace {

using ::testing::ElementsAre;
using testing::fault_from;
using testing::first_column;
using testing::TemporaryFolder;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

class Sqlite : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> open(OpenMode mode = OpenMode::read_write_create) {
    return must_open({.path = file_, .mode = mode, .busy_timeout = 20ms});
  }
  static std::unique_ptr<Connection> must_open(const SqliteOptions& options) {
    auto opened = open_sqlite(options);
    if (!opened) throw std::runtime_error(to_string(opened.error()));
    return std::move(*opened);
  }
  static FailureCode refusal(const SqliteOptions& options) {
    const auto opened = open_sqlite(options);
    return opened ? FailureCode::INVARIANT_BROKEN : opened.error().code;
  }
  static std::vector<std::int64_t> ids(Connection& connection) {
    return first_column(connection.query("SELECT id FROM item ORDER BY id"));
  }
  static void make_items(Connection& connection) {
    connection.script(
        "CREATE TABLE item (id BIGINT NOT NULL PRIMARY KEY, text TEXT NOT NULL DEFAULT '');"
        "INSERT INTO item (id) VALUES (1);");
  }
  void write_file(const std::string& text) const { std::ofstream(file_) << text; }
  static unsigned permissions(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("vitana.db");
};

/// Root may write everywhere, so these tests run as nobody in particular.
class WithoutRoot {
 public:
  WithoutRoot() {
    if (::geteuid() == 0) switched_ = ::seteuid(65534) == 0;
  }
  ~WithoutRoot() {
    if (switched_ && ::seteuid(0) != 0) std::abort();
  }
  WithoutRoot(const WithoutRoot&) = delete;
  WithoutRoot& operator=(const WithoutRoot&) = delete;

 private:
  bool switched_ = false;
};

TEST_F(Sqlite, FileAndItsLogAreForTheOwnerAlone) {
  const auto connection = open();
  make_items(*connection);
  EXPECT_EQ(permissions(file_), 0600u);
  EXPECT_EQ(permissions(file_ + "-wal"), 0600u);
}

TEST_F(Sqlite, PragmasAreSet) {
  const auto connection = open();
  const auto text = [&](std::string_view sql) { return connection->query_one(sql)->text(0); };
  const auto number = [&](std::string_view sql) { return connection->query_one(sql)->int64(0); };
  EXPECT_EQ(text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(number("PRAGMA synchronous"), 2);
  EXPECT_EQ(number("PRAGMA foreign_keys"), 1);
  EXPECT_EQ(number("PRAGMA recursive_triggers"), 1);
  EXPECT_EQ(number("PRAGMA trusted_schema"), 0);
  EXPECT_EQ(number("PRAGMA cell_size_check"), 1);
}

TEST_F(Sqlite, ReplaceCannotPassAProtectingTrigger) {
  const auto connection = open();
  make_items(*connection);
  connection->script(
      "CREATE TRIGGER item_stays BEFORE DELETE ON item BEGIN "
      "SELECT RAISE(ABORT, 'items stay'); END");
  const auto fault = fault_from(
      [&] { connection->execute("INSERT OR REPLACE INTO item (id, text) VALUES (1, 'x')"); });
  EXPECT_EQ(fault.constraint(), Constraint::trigger);
}

TEST_F(Sqlite, StrictColumnRefusesAnotherType) {
  const auto connection = open();
  connection->script("CREATE TABLE strict_item (n INTEGER) STRICT");
  const auto fault =
      fault_from([&] { connection->execute("INSERT INTO strict_item VALUES ($1)", {"x"}); });
  EXPECT_EQ(fault.constraint(), Constraint::check);
}

TEST_F(Sqlite, WhatWasCommittedIsThereWhenOpenedAgain) {
  make_items(*open());
  EXPECT_THAT(ids(*open(OpenMode::read_write)), ElementsAre(1));
}

TEST_F(Sqlite, NameWithTheLookOfAUriIsAFile) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  make_items(*must_open({.path = "file:odd?mode=ro"}));
  std::filesystem::current_path(before);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "file:odd?mode=ro"));
}

TEST_F(Sqlite, MemoryIsPrivateToItsConnection) {
  const auto one = must_open({.path = ":memory:"});
  make_items(*one);
  EXPECT_FALSE(must_open({.path = ":memory:"})->has_table("item"));
}

TEST_F(Sqlite, NamedMemoryIsSharedAndLocked) {
  const SqliteOptions options{.path = "file:/sqlite_test_shared?vfs=memdb", .busy_timeout = 20ms};
  const auto one = must_open(options);
  const auto two = must_open(options);
  make_items(*one);
  EXPECT_THAT(ids(*two), ElementsAre(1));
  one->begin_write();
  EXPECT_EQ(fault_from([&] { two->begin_write(); }).code(), FailureCode::STORE_BUSY);
}

TEST_F(Sqlite, ManyMayOpenANewFileAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> opened = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (open_sqlite({.path = file_})) ++opened;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened, 8);
}

TEST_F(Sqlite, MissingFileIsUnreadable) {
  EXPECT_EQ(refusal({.path = file_, .mode = OpenMode::read_only}), FailureCode::FILE_UNREADABLE);
  EXPECT_EQ(refusal({.path = file_, .mode = OpenMode::read_write}), FailureCode::FILE_UNREADABLE);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(Sqlite, MissingFolderIsUnreadable) {
  EXPECT_EQ(refusal({.path = folder_.file("no/vitana.db")}), FailureCode::FILE_UNREADABLE);
}

TEST_F(Sqlite, FolderInPlaceOfAFileIsUnreadable) {
  EXPECT_EQ(refusal({.path = folder_.path().string()}), FailureCode::FILE_UNREADABLE);
}

TEST_F(Sqlite, RefusalNamesThePath) {
  const auto opened = open_sqlite({.path = file_, .mode = OpenMode::read_only});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().context.at("path"), file_);
}

TEST_F(Sqlite, GarbageIsDamage) {
  write_file(std::string(8'192, 'x'));
  EXPECT_EQ(refusal({.path = file_}), FailureCode::STORE_DAMAGED);
  EXPECT_EQ(refusal({.path = file_, .mode = OpenMode::read_only}), FailureCode::STORE_DAMAGED);
}

TEST_F(Sqlite, DamagedPageIsDamage) {
  make_items(*open());
  constexpr std::size_t header_page = 4'096;
  ASSERT_GT(std::filesystem::file_size(file_), header_page);
  const auto rest = std::filesystem::file_size(file_) - header_page;
  std::fstream(file_, std::ios::in | std::ios::out | std::ios::binary).seekp(header_page)
      << std::string(rest, '\xff');
  const auto connection = open();
  EXPECT_EQ(fault_from([&] { ids(*connection); }).code(), FailureCode::STORE_DAMAGED);
}

TEST_F(Sqlite, ReadOnlyConnectionReadsAndRefusesWrites) {
  const auto writer = open();
  make_items(*writer);
  const auto reader = open(OpenMode::read_only);
  EXPECT_THAT(ids(*reader), ElementsAre(1));
  EXPECT_EQ(fault_from([&] { reader->execute("DELETE FROM item"); }).code(),
            FailureCode::STORE_READ_ONLY);
  EXPECT_EQ(fault_from([&] { reader->begin_write(); }).code(), FailureCode::STORE_READ_ONLY);
}

TEST_F(Sqlite, WriteProtectedFileIsRefusedForWriting) {
  make_items(*open());
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(file_, std::filesystem::perms(0444));
  const WithoutRoot guard;
  EXPECT_EQ(refusal({.path = file_}), FailureCode::STORE_READ_ONLY);
}

TEST_F(Sqlite, WriteProtectedFolderIsRefusedForANewFile) {
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0555));
  const WithoutRoot guard;
  EXPECT_EQ(refusal({.path = file_}), FailureCode::STORE_READ_ONLY);
}

TEST_F(Sqlite, FullDiskIsSaidAndLosesNothing) {
  const auto connection = open();
  make_items(*connection);
  const auto pages = connection->query_one("PRAGMA page_count")->int64(0);
  connection->query("PRAGMA max_page_count = " + std::to_string(pages + 4));
  connection->begin_write();
  connection->execute("INSERT INTO item (id, text) VALUES (2, 'lost with its transaction')");
  const auto fault = fault_from([&] {
    connection->execute("INSERT INTO item (id, text) VALUES ($1, $2)",
                        {3, std::string(100'000, 'x')});
  });
  EXPECT_EQ(fault.code(), FailureCode::STORE_FULL);
  EXPECT_EQ(fault_from([&] { connection->execute("INSERT INTO item (id) VALUES (4)"); }).code(),
            FailureCode::STORE_FAILED);
  connection->rollback();
  connection->query("PRAGMA max_page_count = 1000000");
  connection->execute("INSERT INTO item (id) VALUES (5)");
  EXPECT_THAT(ids(*connection), ElementsAre(1, 5));
  EXPECT_EQ(connection->query_one("PRAGMA integrity_check")->text(0), "ok");
}

TEST_F(Sqlite, StatementThatRunsTooLongIsEnded) {
  const auto connection = must_open({.path = file_, .statement_timeout = 5ms});
  const auto fault = fault_from([&] {
    connection->query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT COUNT(*) FROM n");
  });
  EXPECT_EQ(fault.code(), FailureCode::STORE_FAILED);
  EXPECT_EQ(fault.error().message, "the statement ran for too long");
  EXPECT_EQ(connection->query_one("SELECT 1")->int64(0), 1);
}

TEST_F(Sqlite, CommitNeverCheckpointsByItself) {
  const auto connection = open();
  make_items(*connection);
  for (int i = 2; i < 40; ++i) {
    connection->execute("INSERT INTO item (id, text) VALUES ($1, $2)",
                        {i, std::string(200'000, 'x')});
  }
  EXPECT_LT(std::filesystem::file_size(file_), 100'000u);
  const auto done = connection->checkpoint();
  EXPECT_GT(done.pages_in_log, 1'000);
  EXPECT_EQ(done.pages_copied, done.pages_in_log);
  EXPECT_GT(std::filesystem::file_size(file_), 1'000'000u);
}

TEST_F(Sqlite, CheckpointWaitsForEnoughPages) {
  const auto connection = open();
  make_items(*connection);
  EXPECT_EQ(connection->checkpoint(1'000).pages_in_log, 0);
  EXPECT_GT(connection->checkpoint(1).pages_in_log, 0);
}

TEST_F(Sqlite, CheckpointGoesAsFarAsAReaderLets) {
  const auto writer = open();
  make_items(*writer);
  const auto reader = open();
  reader->begin_read();
  writer->execute("INSERT INTO item (id) VALUES (2)");
  const auto done = writer->checkpoint();
  EXPECT_LT(done.pages_copied, done.pages_in_log);
  EXPECT_THAT(ids(*reader), ElementsAre(1));
}

TEST_F(Sqlite, BackupUnderAnOpenWriteHoldsWhatWasCommitted) {
  const auto writer = open();
  make_items(*writer);
  writer->begin_write();
  writer->execute("INSERT INTO item (id) VALUES (2)");
  const auto copy = folder_.file("copy.db");
  open()->backup_to(copy);
  writer->commit();
  EXPECT_THAT(ids(*writer), ElementsAre(1, 2));
  EXPECT_THAT(ids(*must_open({.path = copy, .mode = OpenMode::read_only})), ElementsAre(1));
}

TEST_F(Sqlite, BackupIsOnePlainPrivateFile) {
  TemporaryFolder target;
  const auto connection = open();
  make_items(*connection);
  connection->backup_to(target.file("copy.db"));
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(target.path())) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, ElementsAre("copy.db"));
  EXPECT_EQ(permissions(target.file("copy.db")), 0600u);
}

TEST_F(Sqlite, BackupNeverReplacesAFile) {
  const auto connection = open();
  make_items(*connection);
  const auto copy = folder_.file("copy.db");
  std::ofstream(copy) << "precious";
  EXPECT_EQ(fault_from([&] { connection->backup_to(copy); }).code(), FailureCode::STORE_FAILED);
  EXPECT_EQ(std::filesystem::file_size(copy), 8u);
}

TEST_F(Sqlite, BackupIntoAMissingFolderIsRefused) {
  const auto connection = open();
  EXPECT_EQ(fault_from([&] { connection->backup_to(folder_.file("no/copy.db")); }).code(),
            FailureCode::FILE_UNREADABLE);
}

TEST(SqliteStatements, TextIsPreparedOnce) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  {
    sqlite::StatementCache cache(db, 2);
    auto* const first = cache.get("SELECT 1");
    cache.get("SELECT 2");
    EXPECT_EQ(cache.get("SELECT 1"), first);
  }
  sqlite3_close(db);
}

TEST(SqliteStatements, CacheForgetsTheOneUnusedForLongest) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
  {
    sqlite::StatementCache cache(db, 2);
    cache.get("SELECT 1");
    cache.get("SELECT 2");
    cache.get("SELECT 1");
    cache.get("SELECT 3");
    std::vector<std::string> kept;
    for (auto* s = sqlite3_next_stmt(db, nullptr); s; s = sqlite3_next_stmt(db, s)) {
      kept.emplace_back(sqlite3_sql(s));
    }
    EXPECT_THAT(kept, UnorderedElementsAre("SELECT 1", "SELECT 3"));
  }
  sqlite3_close(db);
}

}  // namespace
}  // namespace vitana::sql
