#include "past.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <variant>
#include <vector>

#include "base/time.h"
#include "store/chain.h"

namespace vitana::bench {
namespace {

using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Value>;

class Database {
 public:
  explicit Database(const std::string& path) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open(path.c_str(), &raw);
    handle_.reset(raw);
    check(code);
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = OFF");
    run("PRAGMA cache_size = -400000");
  }

  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    throw std::runtime_error(sqlite3_errmsg(handle_.get()));
  }
  void run(const std::string& text) const {
    check(sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr));
  }
  sqlite3* get() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(const Database& database, const std::string& text) : database_(database) {
    sqlite3_stmt* raw = nullptr;
    database.check(sqlite3_prepare_v2(database.get(), text.c_str(), -1, &raw, nullptr));
    handle_.reset(raw);
  }

  void insert(const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      if (const auto* number = std::get_if<std::int64_t>(&row[i])) {
        sqlite3_bind_int64(handle_.get(), at, *number);
      } else if (const auto* text = std::get_if<std::string>(&row[i])) {
        sqlite3_bind_text(handle_.get(), at, text->data(), static_cast<int>(text->size()),
                          SQLITE_STATIC);
      } else {
        sqlite3_bind_null(handle_.get(), at);
      }
    }
    database_.check(sqlite3_step(handle_.get()));
    sqlite3_reset(handle_.get());
  }

  std::vector<Row> rows() {
    std::vector<Row> all;
    while (sqlite3_step(handle_.get()) == SQLITE_ROW) {
      Row row;
      for (int i = 0; i < sqlite3_column_count(handle_.get()); ++i) {
        switch (sqlite3_column_type(handle_.get(), i)) {
          case SQLITE_NULL: row.emplace_back(); break;
          case SQLITE_INTEGER: row.emplace_back(sqlite3_column_int64(handle_.get(), i)); break;
          default:
            row.emplace_back(std::string(
                static_cast<const char*>(static_cast<const void*>(sqlite3_column_text(handle_.get(), i))),
                static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), i))));
        }
      }
      all.push_back(std::move(row));
    }
    return all;
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

std::string text_of(const Row& row, std::size_t column) {
  const auto* text = std::get_if<std::string>(&row.at(column));
  return text == nullptr ? std::string() : *text;
}

Row renamed(Row row, const std::string& from, const std::string& to) {
  for (auto& value : row) {
    auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) continue;
    for (auto at = text->find(from); at != text->npos; at = text->find(from, at + to.size())) {
      text->replace(at, from.size(), to);
    }
  }
  return row;
}

/// As the log names a row of evidence: over its columns, each framed.
std::string digest_of(const Row& row) {
  Hasher hasher;
  for (const auto& value : row) {
    const auto* number = std::get_if<std::int64_t>(&value);
    const auto* text = std::get_if<std::string>(&value);
    hasher.feed_framed(number != nullptr ? std::to_string(*number) : text != nullptr ? *text : "");
  }
  return hasher.finish().to_string();
}

/// One table's rows of the pattern, and the statement that writes them again.
struct Table {
  std::string name;
  std::vector<Row> rows;
  std::unique_ptr<Statement> insert;
};

Table table_of(const Database& database, const std::string& name, const std::string& vtid) {
  std::string columns;
  std::string marks;
  // Generated columns are not in this list.
  for (const auto& row : Statement(database, fmt::format("PRAGMA table_info({})", name)).rows()) {
    columns += (columns.empty() ? "" : ", ") + text_of(row, 1);
    marks += marks.empty() ? "?" : ", ?";
  }
  Table table{name, {}, nullptr};
  const auto order = name == "oasis_events" ? " ORDER BY seq" : name == "outbox" ? " ORDER BY id" : "";
  table.rows = Statement(database, fmt::format("SELECT {} FROM {} WHERE vtid = '{}'{}", columns, name,
                                               vtid, order))
                   .rows();
  table.insert = std::make_unique<Statement>(
      database, fmt::format("INSERT INTO {} ({}) VALUES ({})", name, columns, marks));
  return table;
}

/// The log's end, moved on by each event.
class Chain {
 public:
  explicit Chain(const Database& database) : database_(database) {
    const auto rows = Statement(database, "SELECT value FROM meta WHERE key = 'head'").rows();
    head_ = store::chain_head(text_of(rows.at(0), 0)).value();
  }

  /// Columns: seq, time_us, type, status, vtid, run, actor, data, hash.
  void place(Row& row) {
    store::StoredEvent event;
    event.seq = ++head_.seq;
    event.time = from_us(std::get<std::int64_t>(row.at(1)));
    event.type = text_of(row, 2);
    event.status = text_of(row, 3);
    event.vtid = Vtid::parse(text_of(row, 4)).value();
    if (const auto run = text_of(row, 5); !run.empty()) event.run = RunId::parse(run).value();
    event.actor = text_of(row, 6);
    event.data = text_of(row, 7);
    head_.hash = store::chain_hash(head_.hash, event);
    row[0] = event.seq;
    row[8] = head_.hash.to_string();
  }

  void save() const {
    database_.run(fmt::format("UPDATE meta SET value = '{}' WHERE key = 'head'", to_string(head_)));
  }

 private:
  const Database& database_;
  store::ChainHead head_;
};

}  // namespace

void repeat_task(const std::string& path, Vtid pattern, unsigned count) {
  constexpr unsigned tasks_per_transaction = 20'000;
  const Database database(path);
  const auto from = pattern.to_string();
  std::vector<Table> tables;
  for (const auto* name : {"vtid_ledger", "vtid_specs", "spec_candidates", "task_dependencies",
                           "autopilot_runs", "evidence", "deliveries", "outbox", "oasis_events"}) {
    tables.push_back(table_of(database, name, from));
  }
  Chain chain(database);
  auto last_effect = std::get<std::int64_t>(
      Statement(database, "SELECT COALESCE(MAX(id), 0) FROM outbox").rows().at(0).at(0));
  database.run("BEGIN IMMEDIATE");
  for (unsigned i = 1; i <= count; ++i) {
    const auto to = Vtid(pattern.number() + i).to_string();
    std::vector<std::pair<std::string, std::string>> digests;
    for (auto& table : tables) {
      for (const auto& row : table.rows) {
        auto copy = renamed(row, from, to);
        if (table.name == "outbox") copy[0] = ++last_effect;
        if (table.name == "evidence") digests.emplace_back(digest_of(row), digest_of(copy));
        if (table.name == "oasis_events") {
          for (const auto& [old, fresh] : digests) copy = renamed(std::move(copy), old, fresh);
          chain.place(copy);
        }
        table.insert->insert(copy);
      }
    }
    if (i % tasks_per_transaction == 0) database.run("COMMIT; BEGIN IMMEDIATE");
  }
  database.run(fmt::format("UPDATE counters SET value = {} WHERE name = 'vtid'", pattern.number() + count));
  database.run(fmt::format("UPDATE counters SET value = {} WHERE name = 'effect'", last_effect));
  chain.save();
  database.run("COMMIT");
  tables.clear();
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace vitana::bench
