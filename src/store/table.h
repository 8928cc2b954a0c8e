// One table of the store inside a batch: rows by key, read through, written together.
//
// A `Map` says how a row type is laid out (store/maps.h). Three levels answer a read: what this
// unit wrote, what the batch knows, the database. A unit's writes are kept aside until keep();
// drop() forgets them. Not for use outside store/.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/connection.h"

namespace vitana::store {

using Values = std::vector<sql::Value>;

/// The statements of one table, made once.
struct TableText {
  std::string select;  ///< "SELECT a, b FROM t"
  std::string by_key;
  std::string insert;
  std::string on_conflict;
  std::string remove;
  std::size_t columns = 0;
};

TableText make_table_text(std::string_view table, std::span<const std::string_view> columns,
                          std::size_t keys, std::size_t fixed, bool insert_only);

template <typename Map>
const TableText& text_of_table() {
  static const TableText text =
      make_table_text(Map::table, Map::columns, Map::keys, Map::fixed, Map::insert_only);
  return text;
}

/// All rows of "SELECT … FROM table TAIL".
template <typename Map>
std::vector<typename Map::Row> select_rows(sql::Connection& connection, std::string_view tail,
                                           sql::Params params = {}) {
  std::vector<typename Map::Row> rows;
  const auto text = text_of_table<Map>().select + " " + std::string(tail);
  for (const auto& row : connection.query(text, params)) rows.push_back(Map::read(row));
  return rows;
}

template <typename Map>
std::optional<typename Map::Row> select_by_key(sql::Connection& connection,
                                               const typename Map::Key& key) {
  Values params;
  Map::bind_key(key, params);
  const auto row = connection.query_one(text_of_table<Map>().by_key, params);
  if (!row) return std::nullopt;
  return Map::read(*row);
}

template <typename Map>
class Table {
 public:
  using Row = typename Map::Row;
  using Key = typename Map::Key;

  /// The row as this unit sees it. The reference lives until the next call.
  const std::optional<Row>& find(sql::Connection& connection, const Key& key) {
    if (const auto own = own_.find(key); own != own_.end()) return own->second.row;
    auto known = known_.find(key);
    if (known == known_.end()) {
      known = known_.emplace(key, Cell{select_by_key<Map>(connection, key), false}).first;
    }
    return known->second.row;
  }

  void put(Row row) {
    auto key = Map::key_of(row);
    const bool anew = stands_removed(key);
    own_.insert_or_assign(std::move(key), Cell{std::move(row), true, anew});
  }
  void remove(const Key& key) { own_.insert_or_assign(key, Cell{std::nullopt, true}); }

  /// True when this unit has writes that only memory holds.
  bool pending() const {
    for (const auto& [key, cell] : own_) {
      if (cell.dirty) return true;
    }
    return false;
  }
  bool dirty() const { return dirty_; }

  /// The unit succeeded: its writes are the batch's.
  void keep() {
    for (auto& [key, cell] : own_) {
      dirty_ |= cell.dirty;
      known_.insert_or_assign(key, std::move(cell));
    }
    own_.clear();
  }
  void drop() { own_.clear(); }

  /// Writes what only memory holds: the batch's rows, or this unit's.
  void write_known(sql::Connection& connection) {
    if (!dirty_) return;
    write(connection, known_);
    dirty_ = false;
  }
  void write_own(sql::Connection& connection) { write(connection, own_); }

  /// The rows of this unit that are not yet the batch's.
  template <typename Visit>
  void each_own(Visit&& visit) const {
    for (const auto& [key, cell] : own_) {
      if (cell.row) visit(*cell.row);
    }
  }

 private:
  struct Cell {
    std::optional<Row> row;
    bool dirty = false;
    bool anew = false;  ///< removed and put again: what is unique of it may be another row's now
  };

  /// Removed, as far as memory knows, and not in the database.
  bool stands_removed(const Key& key) const {
    const auto own = own_.find(key);
    const auto known = known_.find(key);
    if (own == own_.end() && known == known_.end()) return false;
    const Cell& cell = own != own_.end() ? own->second : known->second;
    return cell.dirty && (cell.anew || !cell.row);
  }

  void write(sql::Connection& connection, std::map<Key, Cell>& cells) {
    const auto& text = text_of_table<Map>();
    Values values;
    for (auto& [key, cell] : cells) {
      if (!cell.dirty) continue;
      cell.dirty = false;
      if (cell.row) Map::bind_row(*cell.row, values);
      if (!std::exchange(cell.anew, false) && cell.row) continue;
      Values params;
      Map::bind_key(key, params);
      connection.execute(text.remove, params);
    }
    // After all that goes: what is unique is free by now.
    connection.execute_many(text.insert, text.columns, values, text.on_conflict);
  }

  std::map<Key, Cell> known_;
  std::map<Key, Cell> own_;
  bool dirty_ = false;
};

}  // namespace vitana::store
