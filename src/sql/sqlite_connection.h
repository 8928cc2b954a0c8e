// The SQLite driver's connection.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "sql/connection.h"
#include "sql/sqlite.h"
#include "sql/sqlite_statement.h"

namespace vitana::sql::sqlite {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;

class SqliteConnection final : public Connection {
 public:
  /// Takes an open database, already set up. Throws Fault.
  SqliteConnection(DatabaseHandle db, const SqliteOptions& options);
  ~SqliteConnection() override;

  const Traits& traits() const override;

 private:
  void do_query(std::string_view sql, Params params, const Sink& sink) override;
  std::int64_t do_execute(std::string_view sql, Params params) override;
  void do_script(std::string_view sql) override;
  bool do_has_table(std::string_view name) override;
  void do_begin_write() override;
  void do_begin_read() override;
  void do_commit() override;
  bool do_rollback() noexcept override;
  bool do_changed_since_last_call() override;
  Checkpoint do_checkpoint(std::int64_t pages_min) override;
  void do_backup_to(const std::string& path) override;

  void run(std::string_view sql, Params params, const Sink& sink);
  void control(std::string_view sql);
  void refuse_write_in_read(sqlite3_stmt* statement) const;
  void check_transaction(std::string_view sql);
  std::int64_t data_version();

  static int on_progress(void* self);
  static int on_commit(void* self, sqlite3* db, const char* name, int pages);

  DatabaseHandle db_;
  StatementCache statements_;  // before db_ goes, they go
  std::chrono::milliseconds statement_timeout_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::int64_t data_version_ = 0;
  std::int64_t log_pages_ = 0;
};

/// Copies `source` to a new file at `path`; see Connection::backup_to(). Throws Fault.
void backup(sqlite3* source, const std::string& path);

}  // namespace vitana::sql::sqlite
