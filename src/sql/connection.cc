#include "sql/connection.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/utf8.h"
#include "sql/multi_row.h"

namespace vitana::sql {
namespace {

Fault failed(std::string message) { return Fault({FailureCode::STORE_FAILED, std::move(message)}); }

// SQLite would take text that PostgreSQL refuses; the seam refuses it on both.
void check_params(Params params) {
  for (std::size_t i = 0; i < params.size(); ++i) {
    const auto* text = std::get_if<std::string>(&params[i].get());
    if (!text) continue;
    if (text->find('\0') != std::string::npos) {
      throw failed(fmt::format("parameter ${} holds a NUL", i + 1));
    }
    if (const auto at = utf8_fault(*text)) {
      throw failed(fmt::format("parameter ${} is not UTF-8 at byte {}", i + 1, *at));
    }
  }
}

}  // namespace

// Every call passes here: a doomed transaction answers nothing, and a fault dooms the open one.
template <typename Work>
auto Connection::guarded(Work&& work) {
  CHECK(!visiting_);
  if (state_ == TransactionState::failed) {
    throw failed("the transaction already failed; only a rollback is left");
  }
  try {
    return work();
  } catch (const Fault&) {
    if (state_ != TransactionState::none) state_ = TransactionState::failed;
    throw;
  }
}

template <typename Work>
void Connection::all_or_none(Work&& work) {
  if (state_ != TransactionState::none) return guarded(work);
  Transaction own(*this, TransactionState::write);
  guarded(work);
  own.commit();
}

void Connection::require_idle(std::string_view what) {
  if (state_ == TransactionState::failed) {
    throw failed(fmt::format("{}: the transaction before it was not rolled back", what));
  }
  CHECK(state_ == TransactionState::none);
}

Rows Connection::query(std::string_view sql, Params params) {
  Rows rows;
  guarded([&] {
    check_params(params);
    do_query(sql, params, [&rows](Row&& row) {
      rows.push_back(std::move(row));
      return true;
    });
  });
  return rows;
}

std::optional<Row> Connection::query_one(std::string_view sql, Params params) {
  std::optional<Row> first;
  guarded([&] {
    check_params(params);
    do_query(sql, params, [&first](Row&& row) {
      first = std::move(row);
      return false;
    });
  });
  return first;
}

void Connection::each(std::string_view sql, Params params,
                      const std::function<bool(const Row&)>& visit) {
  guarded([&] {
    check_params(params);
    do_each(sql, params, [this, &visit](Row&& row) {
      struct Visit {
        bool& flag;
        ~Visit() { flag = false; }
      } guard{visiting_ = true};
      return visit(row);
    });
  });
}

std::int64_t Connection::execute(std::string_view sql, Params params) {
  return guarded([&] {
    check_params(params);
    return do_execute(sql, params);
  });
}

std::int64_t Connection::execute_many(std::string_view prefix, std::size_t columns,
                                      std::span<const Value> values, std::string_view suffix) {
  CHECK(columns > 0 && columns <= parameters_max && values.size() % columns == 0);
  if (values.empty()) return 0;
  std::int64_t changed = 0;
  all_or_none([&] {
    std::string text;
    std::size_t text_rows = 0;
    while (!values.empty()) {
      const auto rows = multi_row_size(values.size() / columns, columns);
      if (rows != text_rows) text = multi_row_text(prefix, rows, columns, suffix);
      text_rows = rows;
      const Params params(values.first(rows * columns));
      check_params(params);
      changed += do_execute(text, params);
      values = values.subspan(rows * columns);
    }
  });
  return changed;
}

void Connection::script(std::string_view sql) {
  all_or_none([&] { do_script(sql); });
}

bool Connection::has_table(std::string_view name) {
  return guarded([&] { return do_has_table(name); });
}

void Connection::begin_write() {
  require_idle("begin_write");
  guarded([&] { do_begin_write(); });
  state_ = TransactionState::write;
}

void Connection::begin_read() {
  require_idle("begin_read");
  guarded([&] { do_begin_read(); });
  state_ = TransactionState::read;
}

void Connection::commit() {
  CHECK(state_ != TransactionState::none);
  guarded([&] { do_commit(); });
  state_ = TransactionState::none;
}

void Connection::rollback() noexcept {
  CHECK(!visiting_);
  if (state_ == TransactionState::none) return;
  state_ = do_rollback() ? TransactionState::none : TransactionState::failed;
}

bool Connection::changed_since_last_call() {
  return guarded([&] { return do_changed_since_last_call(); });
}

Checkpoint Connection::checkpoint(std::int64_t pages_min) {
  require_idle("checkpoint");
  return guarded([&] { return do_checkpoint(pages_min); });
}

void Connection::backup_to(const std::string& path) {
  require_idle("backup_to");
  guarded([&] { do_backup_to(path); });
}

Transaction::Transaction(Connection& connection, TransactionState kind) : connection_(connection) {
  CHECK(kind == TransactionState::read || kind == TransactionState::write);
  if (kind == TransactionState::write) {
    connection_.begin_write();
  } else {
    connection_.begin_read();
  }
}

void Transaction::commit() {
  connection_.commit();
  committed_ = true;
}

}  // namespace vitana::sql
