#include "store/table.h"

#include <fmt/format.h>

namespace vitana::store {

TableText make_table_text(std::string_view table, std::span<const std::string_view> columns,
                          std::size_t keys, std::size_t fixed, bool insert_only) {
  TableText text;
  text.columns = columns.size();
  std::string names;
  std::string where;
  std::string key_names;
  std::string set;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    names += fmt::format("{}{}", i == 0 ? "" : ", ", columns[i]);
    if (i < keys) {
      where += fmt::format("{}{} = ${}", i == 0 ? "" : " AND ", columns[i], i + 1);
      key_names += fmt::format("{}{}", i == 0 ? "" : ", ", columns[i]);
    }
    if (i >= fixed)
      set += fmt::format("{}{} = excluded.{}", i == fixed ? "" : ", ", columns[i], columns[i]);
  }
  text.select = fmt::format("SELECT {} FROM {}", names, table);
  text.by_key = fmt::format("{} WHERE {}", text.select, where);
  text.insert = fmt::format("INSERT INTO {} ({})", table, names);
  if (!insert_only)
    text.on_conflict = fmt::format("ON CONFLICT ({}) DO UPDATE SET {}", key_names, set);
  text.remove = fmt::format("DELETE FROM {} WHERE {}", table, where);
  return text;
}

}  // namespace vitana::store
