#include "sql/conformance.h"

#include <stdlib.h>

#include "sql/postgres.h"
#include "sql/sqlite.h"
#include "sql/test_server.h"

namespace vitana::sql::testing {
namespace {

class SqliteFile : public TestDatabase {
 public:
  std::unique_ptr<Connection> connect(std::chrono::milliseconds busy_timeout) override {
    auto opened = open_sqlite({.path = folder_.file("test.db"), .busy_timeout = busy_timeout});
    if (!opened) throw Fault(opened.error());
    return std::move(*opened);
  }

 private:
  TemporaryFolder folder_;
};

class PostgresDatabase : public TestDatabase {
 public:
  std::unique_ptr<Connection> connect(std::chrono::milliseconds busy_timeout) override {
    auto opened = open_postgres({.address = address_, .busy_timeout = busy_timeout});
    if (!opened) throw Fault(opened.error());
    return std::move(*opened);
  }

 private:
  const std::string address_ = fresh_schema();
};

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "vitana-sql-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::filesystem::filesystem_error("mkdtemp", {});
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<Driver> drivers() {
  std::vector<Driver> all{{"sqlite", [] { return std::make_unique<SqliteFile>(); }}};
  if (has_server()) all.push_back({"postgres", [] { return std::make_unique<PostgresDatabase>(); }});
  return all;
}

}  // namespace vitana::sql::testing
