#include "cli/repo_place.h"

#include <filesystem>

namespace vitana::cli {

namespace fs = std::filesystem;

std::string working_tree_of(const std::string& path) {
  std::error_code error;
  fs::path at = fs::weakly_canonical(fs::absolute(path, error), error);
  for (int depth = 0; depth < 256 && !at.empty(); ++depth) {
    if (fs::exists(at / ".git", error)) return at.string();
    if (at == at.root_path()) break;
    at = at.parent_path();
  }
  return "";
}

bool is_bare_repository(const std::string& folder) {
  std::error_code error;
  const fs::path at = folder;
  return fs::is_regular_file(at / "HEAD", error) && fs::is_directory(at / "objects", error) &&
         fs::is_directory(at / "refs", error);
}

std::optional<RepoPlace> place_of(const engine::Setup& setup, const std::string& file) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(fs::absolute(file, error), error);
  std::optional<RepoPlace> best;
  std::size_t best_length = 0;
  for (const auto& repo : setup.repos) {
    if (repo.folder.empty()) continue;
    const fs::path folder = fs::weakly_canonical(repo.folder, error);
    const fs::path inside = whole.lexically_relative(folder);
    if (inside.empty() || *inside.begin() == ".." || inside == ".") continue;
    if (best && folder.string().size() <= best_length) continue;
    best = RepoPlace{&repo, inside.generic_string()};
    best_length = folder.string().size();
  }
  return best;
}

}  // namespace vitana::cli
