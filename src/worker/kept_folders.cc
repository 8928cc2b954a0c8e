#include "worker/kept_folders.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <optional>
#include <system_error>

#include "worker/janitor.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t lock_bytes_max = 64 << 20;
constexpr std::array lock_files = {
    "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock",     "bun.lock",         "bun.lockb",
    "requirements.txt",  "poetry.lock",         "uv.lock",        "Pipfile.lock",  "Cargo.lock",       "go.sum",
    "Gemfile.lock",      "composer.lock",       "mix.lock",       "pubspec.lock",  "gradle.lockfile"};

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() == fs::file_type::directory;
}

/// Every folder on the way is one, and no link: the repository says where it leads.
bool is_reached(const fs::path& tree, const fs::path& folder) {
  fs::path at = tree;
  for (const auto& part : folder) {
    if (part == ".." || !is_folder(at /= part)) return false;
  }
  return true;
}

/// Nothing where no lock file lies beside the folder.
std::optional<Digest> locks_beside(const fs::path& tree, const fs::path& folder) {
  std::string locks;
  for (const auto* name : lock_files) {
    const auto file = tree / folder.parent_path() / name;
    std::error_code error;
    if (fs::symlink_status(file, error).type() != fs::file_type::regular) continue;
    if (fs::file_size(file, error) > lock_bytes_max || error) return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    locks += fmt::format("{} {}\n", name, Digest::of(text).to_string());
  }
  if (locks.empty()) return std::nullopt;
  return Digest::of(locks);
}

}  // namespace

KeptFolders::KeptFolders(const RepositoryRules& rules, fs::path tree) : tree_(std::move(tree)) {
  if (rules.kept_folders.empty()) return;
  for (const auto& name : rules.cache) {
    const auto folder = fs::path(name).lexically_normal();
    if (!is_reached(tree_, folder.parent_path())) continue;
    const auto locks = locks_beside(tree_, folder);
    if (!locks) continue;
    std::string made_by = fmt::format("kept-1\n{}\n{}\n{}\n", rules.mirror->path().string(), name, locks->to_string());
    for (const auto& command : rules.setup) made_by += Digest::of(command).to_string() + "\n";
    places_.emplace(folder.string(), rules.kept_folders / Digest::of(made_by).hex());
  }
}

void KeptFolders::bring(std::stop_token stop) const {
  for (const auto& [folder, place] : places_) {
    const auto target = tree_ / folder;
    std::error_code error;
    if (!is_folder(place) || fs::symlink_status(target, error).type() != fs::file_type::not_found) continue;
    if (!copy_tree(place, target, stop)) remove_tree(target);
    fs::last_write_time(place, fs::file_time_type::clock::now(), error);  // the janitor asks when it was used
  }
}

void KeptFolders::keep(std::stop_token stop) const {
  static std::atomic<unsigned> count = 0;
  for (const auto& [folder, place] : places_) {
    if (is_folder(place) || !is_reached(tree_, folder)) continue;
    std::error_code error;
    fs::create_directories(place.parent_path(), error);
    const fs::path making = fmt::format("{}.{}-{}", place.string(), ::getpid(), ++count);
    if (copy_tree(tree_ / folder, making, stop)) {
      fs::last_write_time(making, fs::file_time_type::clock::now(), error);
      fs::rename(making, place, error);
    }
    remove_tree(making);
  }
}

}  // namespace vitana::worker
