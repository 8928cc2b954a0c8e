#include "engine/local_ids.h"

#include <vector>

#include "engine/registry.h"

namespace vitana::engine {

Result<Vtid> local_id(store::Ledger& ledger, const Setup& setup, const std::string& repo,
                      const std::string& path, const Digest& digest) {
  if (const auto known = ledger.local_id(repo, path)) return *known;
  const auto delivered = ledger.delivered_without_file(repo, digest.to_string());
  auto vtid = delivered.empty() ? new_vtid(ledger, setup) : Result<Vtid>(delivered.front());
  if (vtid) ledger.put(store::LocalIdRow{repo, path, *vtid});
  return vtid;
}

void move_local_ids(store::Ledger& ledger, const std::string& repo,
                    const std::map<std::string, std::string>& renames) {
  // All are taken away before one is given back: a file may lie where another one lay. What was once
  // at the new path is gone, and its number with it.
  std::vector<store::LocalIdRow> moved;
  for (const auto& [after, before] : renames) {
    if (const auto id = ledger.local_id(repo, before)) moved.push_back({repo, after, *id});
  }
  for (const auto& row : moved) {
    ledger.remove_local_id(repo, renames.at(row.path));
    ledger.remove_local_id(repo, row.path);
  }
  for (const auto& row : moved) ledger.put(row);
}

}  // namespace vitana::engine
