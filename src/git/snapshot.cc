#include "git/snapshot.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/utf8.h"
#include "git/ignore.h"
#include "git/links.h"
#include "git/listing.h"
#include "git/nested.h"
#include "git/output.h"
#include "git/temp_dir.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t ignore_bytes_max = 1 << 20;
constexpr int depth_max = 200;  // each level holds a descriptor while the folder is walked
constexpr std::uintmax_t space_min = 1 << 20;
constexpr std::uint64_t block_bytes = 512;
// From here on (core.bigFileThreshold) git writes a file into a pack of its own. Together with objects
// that are flushed in a batch that fails: the pack is renamed into a folder that is not there.
constexpr std::uint64_t big_file_bytes = std::uint64_t{512} << 20;

Error forbidden(std::string_view path, std::string_view what) {
  const auto shown = shown_path(path);
  return Error{FailureCode::PATH_FORBIDDEN, fmt::format("{} {}", shown, what)}.with("path", shown);
}

/// Something in the folder that has no place in a tree, unless it is ignored.
struct Suspect {
  std::string path;
  std::string_view what;
};

/// A file that is longer than what it takes of the disk.
struct Hollow {
  std::string path;
  std::uint64_t bytes = 0;
};

struct Walk {
  std::vector<Suspect> suspects;
  std::vector<Hollow> hollow;
  std::uint64_t solid_bytes = 0;  ///< of all other files; the disk has room for them
  std::uint64_t hollow_bytes = 0;
  std::uint64_t largest = 0;
  std::string repository_folders;  ///< paths, each ended by a NUL: a tree has no empty ones, a new repository does
};

std::string_view special_kind(fs::file_type type) {
  switch (type) {
    case fs::file_type::block:
    case fs::file_type::character:
      return "is a device";
    case fs::file_type::fifo:
      return "is a FIFO";
    case fs::file_type::socket:
      return "is a socket";
    case fs::file_type::none:
    case fs::file_type::not_found:
    case fs::file_type::unknown:
      return "cannot be read";
    case fs::file_type::regular:
    case fs::file_type::directory:
    case fs::file_type::symlink:
      break;
  }
  return {};
}

bool is_dot_git(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return name == ".git";
}

void weigh(Walk& walk, const fs::path& file, const std::string& path) {
  struct stat info{};
  if (::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  const auto bytes = static_cast<std::uint64_t>(info.st_size);
  walk.largest = std::max(walk.largest, bytes);
  if (static_cast<std::uint64_t>(info.st_blocks) * block_bytes >= bytes) {
    walk.solid_bytes += bytes;
  } else {
    walk.hollow_bytes += bytes;
    walk.hollow.push_back({path, bytes});
  }
}

Result<Walk> walk_folder(const SnapshotRequest& request) {
  Walk walk;
  const auto& top = request.folder;
  std::error_code error;
  std::size_t count = 0;
  fs::recursive_directory_iterator it(top, error);
  while (!error && it != fs::recursive_directory_iterator()) {
    if (++count > request.entries_max) {
      return failure(forbidden(".", fmt::format("has more than {} files", request.entries_max)));
    }
    const auto& full = it->path();
    const auto path = full.lexically_relative(top).string();
    if (it.depth() > depth_max) {
      return failure(forbidden(path, fmt::format("is more than {} folders deep", depth_max)));
    }
    const auto type = it->symlink_status(error).type();
    if (is_dot_git(full.filename().string())) {
      if (path != ".git") {
        walk.suspects.push_back(
            {full.parent_path().lexically_relative(top).string(), "is a repository of its own"});
      }
      it.disable_recursion_pending();
    } else if (const auto what = special_kind(type); !what.empty()) {
      walk.suspects.push_back({path, what});
    } else if (type == fs::file_type::directory && is_repository_folder(full.filename().string())) {
      walk.repository_folders.append(path).push_back('\0');
    }
    if (type == fs::file_type::regular) weigh(walk, full, path);
    const auto before = full.string();
    it.increment(error);
    if (error) {
      return failure(forbidden(fs::path(before).lexically_relative(top).string(),
                               fmt::format("cannot be read: {}", error.message())));
    }
  }
  if (error) {
    return failure(FailureCode::GIT_FAILED,
                   fmt::format("the folder {}: {}", top.string(), error.message()));
  }
  return walk;
}

class Snapshot {
 public:
  Snapshot(const Mirror& mirror, const SnapshotRequest& request, fs::path scratch)
      : mirror_(mirror), request_(request), scratch_(std::move(scratch)) {}

  Result<Oid> make() {
    auto base = tree_of(mirror_, request_.base);
    if (!base) return base;
    auto walk = walk_folder(request_);
    if (!walk) return failure(std::move(walk.error()));
    if (auto done = write_ignore_file(*base); !done) return failure(std::move(done.error()));
    auto done = mirror_.git().run(call({"read-tree", *base}));
    if (!done) return done;
    if (auto fine = judge(walk->suspects); !fine) return failure(std::move(fine.error()));
    if (auto fits = judge_sizes(*walk); !fits) return failure(std::move(fits.error()));
    // Its own .git is skipped by git; whatever lies there is never looked at.
    auto add = call({"add", "--all"});
    add.slow = true;
    if (walk->largest >= big_file_bytes) add.config.emplace_back("core.fsyncMethod", "fsync");
    auto added = mirror_.git().try_run(add);
    if (!added) return failure(std::move(added.error()));
    if (added->exit_code != 0) return failure(not_taken(*added));
    auto tree = mirror_.git().run(call({"write-tree"}));
    if (!tree) return tree;
    while (tree->ends_with('\n')) tree->pop_back();
    auto fine = judge_result(*base, *tree, walk->repository_folders);
    if (!fine) return failure(std::move(fine.error()));
    return tree;
  }

 private:
  Call call(std::vector<std::string> args, std::string input = {}) const {
    return {.args = std::move(args),
            .git_dir = mirror_.path(),
            .work_tree = request_.folder,
            .index_file = scratch_ / "index",
            .config = {{"core.excludesFile", (scratch_ / "ignore").string()},
                       {"core.fileMode", "true"},
                       {"core.symlinks", "true"},
                       {"core.ignoreCase", "false"},
                       {"core.autocrlf", "false"},
                       {"core.safecrlf", "false"},
                       {"add.ignoreErrors", "false"},
                       {"diff.ignoreSubmodules", "all"}},
            .input = std::move(input)};
  }

  // What git does not take is the folder's fault (a file that cannot be read, a name such as
  // git~1), unless there is no room for it.
  Error not_taken(const Answer& answer) const {
    std::error_code error;
    const auto space = fs::space(mirror_.path(), error);
    const bool full = !error && space.available < space_min;
    auto result = git_error(full ? FailureCode::STORE_FULL : FailureCode::PATH_FORBIDDEN,
                            full ? "the disk of the mirror is full"
                                 : "the folder holds something that git does not take",
                            answer);
    return std::move(result).with("path", ".");
  }

  Result<void> write_ignore_file(const Oid& base) const {
    const std::vector<std::string> globs = {"**/.gitignore"};
    auto files = list_tree(mirror_, base, globs);
    if (!files) return failure(std::move(files.error()));
    const auto depth = [](const TreeEntry& e) { return std::ranges::count(e.path, '/'); };
    std::ranges::stable_sort(*files, {}, depth);
    std::ofstream out(scratch_ / "ignore", std::ios::binary);
    for (const auto& file : *files) {
      if (file.mode != mode::file && file.mode != mode::executable) continue;
      auto text = read_blob(mirror_, file.blob, ignore_bytes_max);
      if (!text) return failure(std::move(text.error()).with("path", shown_path(file.path)));
      const auto slash = file.path.rfind('/');
      out << ignore_rules(slash == file.path.npos ? "" : file.path.substr(0, slash), *text);
    }
    for (const auto& pattern : request_.exclude) out << pattern << '\n';
    out.close();
    if (!out)
      return failure(FailureCode::GIT_FAILED, "the list of ignored files cannot be written");
    return {};
  }

  template <typename File>
  Result<std::set<std::string, std::less<>>> ignored_of(const std::vector<File>& files) const {
    std::string paths;
    // "./" because this command alone knows no literal paths: nothing may look like magic.
    for (const auto& file : files) paths.append("./").append(file.path).push_back('\0');
    auto ask = call({"check-ignore", "-z", "--stdin"}, std::move(paths));
    ask.environment = {{"GIT_LITERAL_PATHSPECS", "0"}};
    auto answer = mirror_.git().try_run(ask);
    if (!answer) return failure(std::move(answer.error()));
    if (answer->exit_code > 1) {
      return failure(git_error(FailureCode::GIT_FAILED, "git check-ignore failed", *answer));
    }
    const auto paths_ignored = parse_check_ignore(answer->out);
    return std::set<std::string, std::less<>>(paths_ignored.begin(), paths_ignored.end());
  }

  Result<void> judge(const std::vector<Suspect>& suspects) const {
    if (suspects.empty()) return {};
    const auto ignored = ignored_of(suspects);
    if (!ignored) return failure(ignored.error());
    for (const auto& suspect : suspects) {
      if (!ignored->contains(suspect.path)) return failure(forbidden(suspect.path, suspect.what));
    }
    return {};
  }

  // Files without holes take room on the disk, where the worker has measured them already.
  Result<void> judge_sizes(const Walk& walk) const {
    if (walk.hollow.empty() || walk.solid_bytes + walk.hollow_bytes <= request_.bytes_max) return {};
    const auto ignored = ignored_of(walk.hollow);
    if (!ignored) return failure(ignored.error());
    std::uint64_t bytes = 0;
    Hollow largest;
    for (const auto& file : walk.hollow) {
      if (ignored->contains(file.path)) continue;
      bytes += file.bytes;
      if (file.bytes >= largest.bytes) largest = file;
    }
    if (bytes <= request_.bytes_max) return {};
    return failure(Error{FailureCode::AGENT_DISK_LIMIT,
                         fmt::format("{} is {} MiB long, with all such files {} MiB; the limit is {} MiB",
                                     shown_path(largest.path), largest.bytes >> 20, bytes >> 20,
                                     request_.bytes_max >> 20)}
                       .with("path", shown_path(largest.path)));
  }

  // Judged is the tree that was written, not the folder it came from.
  Result<void> judge_result(const Oid& base, const Oid& tree, std::string_view repository_folders) const {
    auto changes = diff_trees(mirror_, base, tree);
    if (!changes) return failure(std::move(changes.error()));
    bool links_changed = false;
    for (const auto& change : *changes) {
      if (change.mode == mode::gitlink) {
        return failure(forbidden(change.path, "is a submodule that is new or changed"));
      }
      links_changed |= change.mode == mode::symlink || change.old_mode == mode::symlink;
    }
    if (may_touch_repository(*changes)) {
      auto paths = mirror_.git().run({.args = {"ls-tree", "-r", "-z", "--name-only", "--full-tree", tree},
                                      .git_dir = mirror_.path(),
                                      .bytes_max = listing_bytes_max});
      if (!paths) return failure(std::move(paths.error()));
      const auto folder = repository_touched(*changes, paths->append(repository_folders));
      if (folder) return failure(forbidden(*folder, "is a repository of its own"));
    }
    return links_changed ? judge_links(base, tree) : Result<void>();
  }

  Result<void> judge_links(const Oid& base, const Oid& tree) const {
    const auto out = link_led_out(mirror_, base, tree);
    if (!out) return failure(out.error());
    if (!*out) return {};
    const auto& [path, target] = **out;
    return failure(forbidden(path, fmt::format("is a link out of the tree, to {}", shown_path(target))));
  }

  const Mirror& mirror_;
  const SnapshotRequest& request_;
  const fs::path scratch_;
};

}  // namespace

Result<Oid> snapshot(const Mirror& mirror, const SnapshotRequest& request) {
  auto scratch = TempDir::create(mirror.scratch());
  if (!scratch) return failure(std::move(scratch.error()));
  std::error_code error;
  auto resolved = request;
  resolved.folder = fs::canonical(request.folder, error);
  if (error) {
    return failure(FailureCode::GIT_FAILED,
                   fmt::format("the folder {}: {}", request.folder.string(), error.message()));
  }
  return Snapshot(mirror, resolved, scratch->path()).make();
}

}  // namespace vitana::git
