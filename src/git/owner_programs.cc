#include "git/owner_programs.h"

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "git/checked_out.h"
#include "git/listing.h"
#include "process/program.h"

namespace vitana::git {
namespace {

namespace fs = std::filesystem;

constexpr int links_max = 40;  // as the kernel follows

// First and last part of the names whose value git starts without being asked by a person.
constexpr auto command_keys = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"core", "fsmonitor"},    {"core", "sshcommand"},      {"core", "gitproxy"},
    {"core", "askpass"},      {"core", "alternaterefscommand"},
    {"filter", "clean"},      {"filter", "smudge"},        {"filter", "process"},
    {"merge", "driver"},      {"diff", "external"},        {"diff", "command"},
    {"diff", "textconv"},     {"credential", "helper"},    {"gpg", "program"},
    {"gpg", "defaultkeycommand"}, {"uploadpack", "packobjectshook"}, {"hook", "command"},
    {"remote", "uploadpack"}, {"remote", "receivepack"},
});

// They are named although they may not be there: the folder may be one in which not all is a hook.
constexpr std::array hook_names = {"pre-receive",      "update",           "post-receive", "post-update", "proc-receive",
                                   "push-to-checkout", "reference-transaction", "post-checkout", "post-index-change"};

struct Setting {
  fs::path file;  ///< that says so
  std::string key;
  std::string value;

  bool is(std::string_view first, std::string_view last) const {
    return key.substr(0, key.find('.')) == first && key.substr(key.rfind('.') + 1) == last;
  }
};

fs::path expanded(const Git& git, std::string_view path) {
  return path.starts_with("~/") ? git.options().home / path.substr(2) : fs::path(path);
}

Result<std::vector<Setting>> settings_of(const Git& git, const fs::path& git_dir) {
  auto listed = git.run({.args = {"config", "-z", "--list", "--show-scope", "--show-origin"},
                         .git_dir = git_dir,
                         .owner = true});
  if (!listed) return failure(std::move(listed.error()));
  std::vector<Setting> result;
  for (std::string_view rest = *listed; !rest.empty();) {
    const auto scope = take_field(rest);
    auto origin = take_field(rest);
    auto entry = take_field(rest);
    if (scope == "command") continue;  // our own
    if (origin.starts_with("file:")) origin.remove_prefix(5);
    const auto key = take_line(entry);
    result.push_back({fs::path("/") / origin, std::string(key), std::string(entry)});
  }
  return result;
}

/// The links on the way to an absolute path, and what it leads to, each with the real folder it is in.
std::vector<fs::path> way_to(const fs::path& path) {
  std::vector<fs::path> places;
  std::deque<fs::path> left(path.begin(), path.end());
  fs::path at = "/";
  for (int links = 0; !left.empty();) {
    const auto name = left.front();
    left.pop_front();
    if (name == "/" || name == "." || name.empty()) continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    std::error_code error;
    const auto target = links < links_max ? fs::read_symlink(at / name, error) : fs::path();
    if (error || target.empty()) {
      at /= name;
      continue;
    }
    ++links;
    places.push_back(at / name);
    if (target.is_absolute()) at = "/";
    left.insert(left.begin(), target.begin(), target.end());
  }
  places.push_back(at);
  return places;
}

std::vector<std::string> words_of(std::string_view command) {
  std::vector<std::string> words;
  while (!command.empty()) {
    const auto size = std::min(command.find_first_of(" \t\n'\"`;|&()<>=!"), command.size());
    if (size > 0) words.emplace_back(command.substr(0, size));
    command.remove_prefix(std::min(size + 1, command.size()));
  }
  return words;
}

// Collects what lies in one work tree.
class Collector {
 public:
  Collector(const Git& git, const LocalRepository& repository, const fs::path& tree, OwnerPrograms& found)
      : git_(git), repository_(repository), given_(tree), found_(found) {
    std::error_code error;
    tree_ = fs::weakly_canonical(tree, error);
  }

  void add_hooks(const fs::path& folder) {
    for (const auto& place : way_to(folder)) {
      const auto path = path_of(place);
      if (!path.empty()) found_.folders.insert(path);
    }
    add(folder);
    for (const auto* name : hook_names) add(folder / name);
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      add(it->path());
    }
  }

  void add_setting(const Setting& setting) {
    add(setting.file);
    if (setting.is("include", "path") || setting.is("includeif", "path")) {
      add(setting.file.parent_path() / expanded(git_, setting.value));
    } else if (setting.is("core", "hookspath")) {
      // Relative to the tree are the hooks that git starts there: after a checkout, say.
      add_hooks(given_ / expanded(git_, setting.value));
    } else if (std::ranges::any_of(command_keys, [&](const auto& key) { return setting.is(key.first, key.second); })) {
      for (const auto& word : words_of(setting.value)) add_word(word);
    }
  }

 private:
  void add_word(std::string_view word) {
    if (word.starts_with('-') || word.starts_with('%')) return;
    // A variable, or what a command in the line prints, most often is where the tree is.
    const auto slash = word.find('/');
    if (slash != word.npos && (slash == 0 || word.starts_with('$'))) add(tree_ / word.substr(slash + 1));
    if (slash == word.npos) {
      if (const auto program = process::find_program(std::string(word), git_.options().path)) add(*program);
      // Most words without a folder are no file's name at all.
      std::error_code error;
      if (!fs::exists(fs::symlink_status(tree_ / word, error))) return;
    }
    const auto path = expanded(git_, word);
    add(tree_ / path);
    add(repository_.common_dir / path);
  }

  void add(const fs::path& file) {
    for (const auto& place : way_to(file)) {
      for (fs::path path = path_of(place); !path.empty(); path = path.parent_path()) {
        found_.paths.insert(path.generic_string());
      }
    }
  }

  /// Within the tree; empty for its top, its git folder and all that lies elsewhere.
  std::string path_of(const fs::path& place) const {
    const auto path = place.lexically_relative(tree_);
    if (path.empty() || path == "." || *path.begin() == ".." || *path.begin() == ".git") return {};
    return path.generic_string();
  }

  const Git& git_;
  const LocalRepository& repository_;
  const fs::path& given_;
  OwnerPrograms& found_;
  fs::path tree_;
};

}  // namespace

Result<fs::path> hooks_folder(const Git& git, const LocalRepository& repository) {
  auto answer = git.try_run({.args = {"config", "--show-scope", "--type=path", "--get-all", "core.hooksPath"},
                             .git_dir = repository.common_dir,
                             .owner = true});
  if (!answer) return failure(std::move(answer.error()));
  fs::path found = "hooks";
  std::string_view left = answer->out;
  while (!left.empty()) {
    const auto line = take_line(left);
    const auto tab = line.find('\t');
    // The command's scope is our own: our side runs no hooks.
    if (tab != line.npos && line.substr(0, tab) != "command") found = line.substr(tab + 1);
  }
  return repository.common_dir / found;
}

Result<OwnerPrograms> owner_programs(const Git& git, const Source& source) {
  OwnerPrograms found;
  if (!source.local()) return found;
  const auto repository = locate(git, source.path());
  if (!repository) return failure(repository.error());
  auto trees = work_trees(*repository);
  if (!trees) return failure(std::move(trees.error()));
  if (trees->empty()) return found;
  const auto hooks = hooks_folder(git, *repository);
  if (!hooks) return failure(hooks.error());
  // A work tree may have a configuration of its own, or be named by a condition of a common one. The
  // programs of each lie in any of them.
  std::vector<Setting> settings;
  for (const auto& tree : *trees) {
    auto more = settings_of(git, tree.git_dir);
    if (!more) return failure(std::move(more.error()));
    std::ranges::move(*more, std::back_inserter(settings));
  }
  for (const auto& tree : *trees) {
    Collector collector(git, *repository, tree.folder, found);
    collector.add_hooks(*hooks);
    for (const auto& setting : settings) collector.add_setting(setting);
  }
  return found;
}

}  // namespace vitana::git
