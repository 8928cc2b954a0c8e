#include "sql/sqlite_statement.h"

#include <fmt/format.h>

#include <limits>

#include "base/check.h"
#include "sql/parameters.h"
#include "sql/sqlite_fault.h"

namespace vitana::sql::sqlite {
namespace {

Fault refused(std::string message, std::string_view sql) {
  return Fault(
      {FailureCode::STORE_FAILED, std::move(message), {}, {{"statement", std::string(sql)}}});
}

int bind_one(sqlite3_stmt* statement, int number, const Value::Variant& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, number, *integer);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(statement, number, text->data(), text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  if (const auto* bytes = std::get_if<Bytes>(&value)) {
    // A null pointer would bind NULL, and an empty vector may have one.
    if (bytes->empty()) return sqlite3_bind_zeroblob(statement, number, 0);
    return sqlite3_bind_blob64(statement, number, bytes->data(), bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, number);
}

StatementHandle prepare(sqlite3* db, std::string_view sql) {
  const auto text = numbered_parameters(sql);
  if (text.size() >= std::numeric_limits<int>::max())
    throw refused("the statement is too long", "");
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int rc = sqlite3_prepare_v3(db, text.c_str(), static_cast<int>(text.size()) + 1,
                                    SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  StatementHandle statement(raw);
  if (rc != SQLITE_OK) throw fault_of(db, rc, sql);
  if (!statement) throw refused("the statement is empty", sql);
  if (std::string_view(tail).find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    throw refused("more than one statement; several make a script()", sql);
  }
  return statement;
}

}  // namespace

void bind(sqlite3* db, sqlite3_stmt* statement, Params params, std::string_view sql) {
  const int count = sqlite3_bind_parameter_count(statement);
  if (static_cast<std::size_t>(count) != params.size()) {
    throw refused(
        fmt::format("the statement has {} parameters, and {} were given", count, params.size()),
        sql);
  }
  for (int i = 0; i < count; ++i) {
    const int rc = bind_one(statement, i + 1, params[static_cast<std::size_t>(i)].get());
    if (rc != SQLITE_OK) throw fault_of(db, rc, sql);
  }
}

Row read_row(sqlite3* db, sqlite3_stmt* statement, std::string_view sql) {
  const int count = sqlite3_data_count(statement);
  std::vector<Row::Cell> cells;
  cells.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_NULL:
        cells.emplace_back();
        break;
      case SQLITE_INTEGER:
        cells.emplace_back(sqlite3_column_int64(statement, i));
        break;
      case SQLITE_TEXT: {
        const auto* data = sqlite3_column_text(statement, i);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
        if (!data) throw fault_of(db, SQLITE_NOMEM, sql);
        cells.emplace_back(std::in_place_type<std::string>, reinterpret_cast<const char*>(data),
                           size);
        break;
      }
      case SQLITE_BLOB: {
        const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, i));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
        if (!data && size > 0) throw fault_of(db, SQLITE_NOMEM, sql);
        cells.emplace_back(size == 0 ? Bytes{} : Bytes(data, data + size));
        break;
      }
      default:
        throw refused(fmt::format("column {} is not an integer but a fraction", i), sql);
    }
  }
  return Row(std::move(cells));
}

bool Execution::step() {
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  throw fault_of(db_, rc, sql_);
}

StatementCache::StatementCache(sqlite3* db, std::size_t entries_max, std::function<void(std::string_view)> prepared)
    : db_(db), entries_max_(entries_max), prepared_(std::move(prepared)) {
  CHECK(entries_max_ > 0);
}

sqlite3_stmt* StatementCache::get(std::string_view sql) {
  if (const auto found = by_text_.find(sql); found != by_text_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().statement.get();
  }
  auto statement = prepare(db_, sql);
  if (prepared_) prepared_(sql);
  while (entries_.size() >= entries_max_) {
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
  }
  entries_.push_front({std::string(sql), std::move(statement)});
  by_text_.emplace(entries_.front().text, entries_.begin());
  return entries_.front().statement.get();
}

}  // namespace vitana::sql::sqlite
