// Prepared statements of one connection.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sql/value.h"

namespace vitana::sql::sqlite {

struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, CloseStatement>;

/// Binds all parameters without copying them; they must live until the statement is reset.
/// Throws Fault when their number is not the statement's.
void bind(sqlite3* db, sqlite3_stmt* statement, Params params, std::string_view sql);

/// The row that the statement stands on. Throws Fault for a number that is no integer: no column
/// of the store holds one, so it is an overflow.
Row read_row(sqlite3* db, sqlite3_stmt* statement, std::string_view sql);

/// Steps through and resets: at the end, at an early end and at a fault alike.
class Execution {
 public:
  Execution(sqlite3* db, sqlite3_stmt* statement, std::string_view sql)
      : db_(db), statement_(statement), sql_(sql) {}
  ~Execution() { sqlite3_reset(statement_); }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// True when it stands on a row, false at the end. Throws Fault.
  bool step();

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
  std::string_view sql_;
};

/// The statements used last, found by their text.
class StatementCache {
 public:
  /// REQUIRES: entries_max > 0.
  /// `prepared`: called with each text that is.
  StatementCache(sqlite3* db, std::size_t entries_max, std::function<void(std::string_view)> prepared = {});

  /// The statement for `sql` (with `$n`), prepared now or before; valid until the next call.
  /// Throws Fault.
  sqlite3_stmt* get(std::string_view sql);

 private:
  struct Entry {
    std::string text;
    StatementHandle statement;
  };

  sqlite3* db_;
  std::size_t entries_max_;
  std::function<void(std::string_view)> prepared_;
  std::list<Entry> entries_;                                                  // used last in front
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;  // keys: Entry::text
};

}  // namespace vitana::sql::sqlite
