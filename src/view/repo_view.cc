#include "view/repo_view.h"

namespace vitana::view {

std::vector<RepoView> load_repos(const engine::Setup& setup, store::Reader& reader) {
  std::vector<RepoView> views;
  for (const auto& repo : setup.repos) {
    const auto row = reader.repo(repo.name);
    views.push_back({.name = repo.name,
                     .branch = repo.branch_name(),
                     .folder = repo.folder,
                     .synced_at = row ? row->synced_at : std::nullopt,
                     .synced_commit = row ? row->synced_commit : "",
                     .files = reader.repo_files(repo.name).size()});
  }
  return views;
}

}  // namespace vitana::view
