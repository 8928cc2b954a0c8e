#include "engine/local_ids.h"

#include <algorithm>
#include <string_view>

#include "engine/registry.h"

namespace vitana::engine {

namespace {

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return path.substr(0, slash == path.npos ? 0 : slash);
}

bool is_called(std::string_view path, std::string_view name) {
  const auto folder = folder_of(path);
  path.remove_prefix(folder.empty() ? 0 : folder.size() + 1);
  if (path.size() <= name.size()) return false;
  const auto rest = path.substr(name.size());
  if (rest != ".md" && !rest.starts_with(" - ")) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(path.substr(0, name.size()), name, {}, lower, lower);
}

/// The one file that is called so; the one beside the spec, where there are several.
std::optional<Vtid> id_of_name(store::Ledger& ledger, const domain::Provenance& spec,
                               const std::string& name) {
  auto rows = ledger.local_ids_with(spec.repo, name);
  std::erase_if(rows, [&](const auto& row) { return !is_called(row.path, name); });
  if (rows.size() > 1) {
    std::erase_if(rows, [&](const auto& row) { return folder_of(row.path) != folder_of(spec.path); });
  }
  return rows.size() == 1 ? std::optional(rows.front().vtid) : std::nullopt;
}

}  // namespace

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

Dependencies dependencies_of(store::Ledger& ledger, const domain::Provenance& provenance,
                             const domain::ParsedSpec& spec) {
  Dependencies found{spec.dependencies, {}};
  for (const auto& name : spec.dependency_names) {
    const auto id = id_of_name(ledger, provenance, name);
    if (!id) {
      found.unknown.push_back(name);
    } else if (std::ranges::find(found.on, *id) == found.on.end()) {
      found.on.push_back(*id);
    }
  }
  return found;
}

}  // namespace vitana::engine
