// Tasks as a line of their names: what a request with a key has made. Not for use outside engine/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/task.h"
#include "store/ledger.h"

namespace vitana::engine {

/// "VTID-00001 VTID-00002"
inline std::string names_of(const std::vector<domain::Task>& tasks) {
  std::string names;
  for (const auto& task : tasks) names += (names.empty() ? "" : " ") + task.vtid.to_string();
  return names;
}

/// As they are now.
inline std::vector<domain::Task> tasks_named(store::Ledger& ledger, std::string_view names) {
  std::vector<domain::Task> tasks;
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (auto task = ledger.task(*Vtid::parse(name))) tasks.push_back(std::move(*task));
  }
  return tasks;
}

}  // namespace vitana::engine
