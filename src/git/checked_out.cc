#include "git/checked_out.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include "base/stop.h"
#include "base/utf8.h"
#include "git/output.h"

namespace vitana::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t causes_max = 50;
constexpr auto unlocked_wait = std::chrono::seconds(5);
constexpr auto unlocked_pause = std::chrono::milliseconds(10);
constexpr std::string_view heads = "refs/heads/";

// The first line of a small file of git's, or "" when it is not there.
std::string first_line(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::array<char, 4096> line{};
  in.getline(line.data(), line.size());
  return line.data();
}

bool stands_on(const fs::path& git_dir, std::string_view ref) {
  if (first_line(git_dir / "HEAD") == fmt::format("ref: {}", ref)) return true;
  for (const auto* file : {"rebase-merge/head-name", "rebase-apply/head-name"}) {
    if (first_line(git_dir / file) == ref) return true;
  }
  return ref.starts_with(heads) && first_line(git_dir / "BISECT_START") == ref.substr(heads.size());
}

std::string_view under_way(const fs::path& git_dir) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> signs = {{
      {"rebase-merge", "a rebase"},
      {"rebase-apply", "a rebase"},
      {"MERGE_HEAD", "a merge"},
      {"CHERRY_PICK_HEAD", "a cherry-pick"},
      {"REVERT_HEAD", "a revert"},
      {"BISECT_START", "a bisect"},
      {"sequencer", "a sequence of picks"},
  }};
  std::error_code ignored;
  for (const auto& [name, what] : signs) {
    if (fs::exists(git_dir / name, ignored)) return what;
  }
  return {};
}

Error dirty(const WorkTree& tree, std::string_view what, std::string act, const std::vector<std::string>& paths) {
  Error error{FailureCode::DELIVERY_TARGET_DIRTY, fmt::format("{} {}", tree.folder.string(), what)};
  error.context["hint"] = std::move(act);
  std::string all;
  for (const auto& path : paths) {
    if (error.causes.size() < causes_max) error.causes.push_back(shown_path(path));
    if (!all.empty()) all += '\n';
    all += printable(path);
  }
  if (!all.empty()) error.context["paths"] = std::move(all);
  return error;
}

Result<WorkTree> main_work_tree(const LocalRepository& repository) {
  if (repository.common_dir.filename() == ".git") {
    return WorkTree{repository.common_dir, repository.common_dir.parent_path()};
  }
  return failure(FailureCode::DELIVERY_REFUSED,
                 fmt::format("the branch is checked out, and the git folder {} does not say where",
                             repository.common_dir.string()));
}

Result<bool> has_main_work_tree(const Git& git, const LocalRepository& repository) {
  auto answer = git.try_run(
      {.args = {"config", "--type=bool", "--get", "core.bare"}, .git_dir = repository.common_dir});
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code == 0) return answer->out != "true\n";
  return repository.common_dir.filename() == ".git";
}

/// Those beside the main one; without a folder where git's own note of it is gone.
Result<std::vector<WorkTree>> linked_trees(const LocalRepository& repository) {
  std::vector<WorkTree> result;
  std::error_code error;
  for (fs::directory_iterator it(repository.common_dir / "worktrees", error), end;
       !error && it != end; it.increment(error)) {
    const fs::path link = first_line(it->path() / "gitdir");
    result.push_back({it->path(), link.parent_path()});
  }
  if (!error || error == std::errc::no_such_file_or_directory) return result;
  return failure(FailureCode::GIT_FAILED,
                 fmt::format("the work trees of {}: {}", repository.common_dir.string(), error.message()));
}

/// A file or an unreadable folder below `folder` that is not `known`; nothing when there is none.
std::optional<std::string> unknown_within(const fs::path& root, const fs::path& folder,
                                          const std::set<std::string, std::less<>>& known) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(root / folder, error), end; !error && it != end; it.increment(error)) {
    if (it->symlink_status(error).type() == fs::file_type::directory) continue;
    auto path = it->path().lexically_relative(root).string();
    if (!known.contains(path)) return path;
  }
  if (error) return folder.string();
  return std::nullopt;
}

}  // namespace

Result<std::vector<WorkTree>> work_trees(const LocalRepository& repository) {
  auto result = linked_trees(repository);
  if (!result) return result;
  std::erase_if(*result, [](const WorkTree& tree) { return tree.folder.empty(); });
  if (auto tree = main_work_tree(repository)) result->insert(result->begin(), std::move(*tree));
  return result;
}

Result<std::vector<WorkTree>> work_trees_on(const Git& git, const LocalRepository& repository,
                                            std::string_view ref) {
  std::vector<WorkTree> result;
  if (stands_on(repository.common_dir, ref)) {
    auto there = has_main_work_tree(git, repository);
    if (!there) return failure(std::move(there.error()));
    if (*there) {
      auto tree = main_work_tree(repository);
      if (!tree) return failure(std::move(tree.error()));
      result.push_back(std::move(*tree));
    }
  }
  auto linked = linked_trees(repository);
  if (!linked) return linked;
  for (auto& tree : *linked) {
    if (!stands_on(tree.git_dir, ref)) continue;
    std::error_code missing;
    if (tree.folder.empty() || !fs::is_directory(tree.folder, missing)) {
      return failure(
          FailureCode::DELIVERY_REFUSED,
          fmt::format("the branch is checked out in {}, which is not there; git worktree "
                      "prune removes it from the list",
                      tree.folder.string()));
    }
    result.push_back(std::move(tree));
  }
  return result;
}

Result<void> require_unlocked(const WorkTree& tree) {
  const auto lock = tree.git_dir / "index.lock";
  const auto until = std::chrono::steady_clock::now() + unlocked_wait;
  std::error_code error;
  while (fs::exists(lock, error)) {
    if (std::chrono::steady_clock::now() >= until) {
      return failure(dirty(tree, fmt::format("is locked by another git command, or one that was killed left {}",
                                             lock.string()),
                           fmt::format("wait for that git command, or remove {}", lock.string()), {}));
    }
    if (StopScope::current().stop_requested()) {
      return failure(FailureCode::CANCELLED, "waiting for another git command was stopped");
    }
    std::this_thread::sleep_for(unlocked_pause);  // polls: another program's lock
  }
  return {};
}

Result<void> require_clean(const Git& git, const WorkTree& tree) {
  if (const auto what = under_way(tree.git_dir); !what.empty()) {
    return failure(dirty(tree, fmt::format("is in the middle of {}", what),
                         fmt::format("end {} in {}", what, tree.folder.string()), {}));
  }
  auto answer = git.try_run({.args = {"status", "--porcelain=v1", "-z", "--untracked-files=no",
                                      "--ignore-submodules=all", "--no-renames"},
                             .git_dir = tree.git_dir,
                             .work_tree = tree.folder,
                             .owner = true});
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code != 0) {
    return failure(git_error(FailureCode::GIT_FAILED, "git status failed", *answer));
  }
  const auto paths = parse_status(answer->out);
  if (paths.empty()) return {};
  return failure(dirty(tree, "has uncommitted changes",
                       fmt::format("commit or stash the changes in {}", tree.folder.string()), paths));
}

Result<void> require_free_paths(const WorkTree& tree, const std::vector<Change>& changes) {
  std::set<std::string, std::less<>> known;  // paths that git itself takes out of the way
  for (const auto& change : changes) {
    if (change.kind != ChangeKind::added && change.old_mode != mode::gitlink) known.insert(change.path);
  }
  std::set<std::string> taken;
  for (const auto& change : changes) {
    if (change.kind == ChangeKind::deleted) continue;
    fs::path path;
    for (const auto& part : fs::path(change.path)) {
      path /= part;
      std::error_code missing;
      const auto type = fs::symlink_status(tree.folder / path, missing).type();
      if (type == fs::file_type::directory) continue;
      const bool nothing = type == fs::file_type::not_found || type == fs::file_type::none;
      if (!nothing && !known.contains(path.native())) taken.insert(path.string());
      path.clear();  // nothing of ours lies below
      break;
    }
    if (path.empty()) continue;
    // A folder in the place of the file, in which something is that git would delete without a word:
    // what it ignores, and a repository of its own.
    if (auto inside = unknown_within(tree.folder, path, known)) taken.insert(std::move(*inside));
  }
  if (taken.empty()) return {};
  return failure(dirty(tree, "has files that would be overwritten",
                       fmt::format("commit or move away the files in {}", tree.folder.string()),
                       {taken.begin(), taken.end()}));
}

}  // namespace vitana::git
