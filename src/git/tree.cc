#include "git/tree.h"

#include <fmt/format.h>

#include <set>

#include "git/listing.h"
#include "git/output.h"

namespace vitana::git {
namespace {

Result<std::string> run_large(const Mirror& mirror, std::vector<std::string> args,
                              std::size_t bytes_max = listing_bytes_max) {
  return mirror.git().run(
      {.args = std::move(args), .git_dir = mirror.path(), .bytes_max = bytes_max});
}

// The folder that all matches of a pattern lie in, or "" for the whole tree.
std::string fixed_folder(std::string_view glob) {
  const auto fixed = glob.substr(0, glob.find_first_of("*?[\\"));
  const auto slash = fixed.rfind('/');
  return slash == fixed.npos ? "" : std::string(fixed.substr(0, slash + 1));
}

// ls-tree reads only these folders: in a large repository most of the tree is never listed.
std::set<std::string> fixed_folders(std::span<const std::string> globs) {
  std::set<std::string> folders;
  for (const auto& glob : globs) folders.insert(fixed_folder(glob));
  if (folders.contains("")) folders.clear();
  return folders;
}

Result<std::pair<Oid, Oid>> both_trees(const Mirror& mirror, const std::optional<Oid>& old,
                                       const Oid& next) {
  auto from = old ? tree_of(mirror, *old) : empty_tree_of(next);
  if (!from) return failure(std::move(from.error()));
  auto to = tree_of(mirror, next);
  if (!to) return failure(std::move(to.error()));
  return std::pair(std::move(*from), std::move(*to));
}

}  // namespace

Result<Oid> parent_of(const Mirror& mirror, const Oid& commit) {
  auto parent = mirror.run({"rev-parse", "--verify", commit + "^"});
  if (!parent) return failure(std::move(parent.error()));
  return parent->substr(0, parent->find('\n'));
}

Oid empty_tree_of(const Oid& like) {
  return like.size() == 40 ? "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
                           : "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
}

Result<void> require_commit(const Mirror& mirror, const Oid& commit) {
  auto there = mirror.exists(commit);
  if (!there) return failure(std::move(there.error()));
  if (*there) return {};
  return failure(FailureCode::COMMIT_MISSING, fmt::format("there is no commit {}", commit));
}

Result<Oid> tree_of(const Mirror& mirror, const Oid& commit_or_tree) {
  auto tree = mirror.blobs().tree_of(commit_or_tree);
  if (!tree) return failure(std::move(tree.error()));
  if (*tree) return std::move(**tree);
  return failure(FailureCode::COMMIT_MISSING, fmt::format("there is no commit {}", commit_or_tree));
}

Result<std::vector<TreeEntry>> list_tree(const Mirror& mirror, const Oid& commit_or_tree,
                                         std::span<const std::string> globs) {
  auto tree = tree_of(mirror, commit_or_tree);
  if (!tree) return failure(std::move(tree.error()));
  std::vector<std::string> args = {"ls-tree", "-r", "-z", "--full-tree", *tree, "--"};
  for (const auto& folder : fixed_folders(globs)) args.push_back(folder);
  auto listed = run_large(mirror, std::move(args));
  if (!listed) return failure(std::move(listed.error()));
  return parse_ls_tree(*listed, globs);
}

Result<std::vector<Change>> diff_trees(const Mirror& mirror, const std::optional<Oid>& old,
                                       const Oid& next, std::span<const std::string> globs) {
  auto trees = both_trees(mirror, old, next);
  if (!trees) return failure(std::move(trees.error()));
  std::vector<std::string> args = {
      "diff-tree",     "-r",         "-z",          "--raw", "--no-abbrev", "--no-renames",
      "--no-ext-diff", trees->first, trees->second, "--"};
  for (const auto& folder : fixed_folders(globs)) args.push_back(folder);
  auto listed = run_large(mirror, std::move(args));
  if (!listed) return failure(std::move(listed.error()));
  return parse_diff_tree(*listed, globs);
}

Result<std::map<std::string, std::string>> renamed(const Mirror& mirror, const Oid& old,
                                                   const Oid& next) {
  auto trees = both_trees(mirror, old, next);
  if (!trees) return failure(std::move(trees.error()));
  auto listed = run_large(mirror, {"diff-tree", "-r", "-z", "--name-status", "-M75%", "-l1000",
                                   "--diff-filter=R", "--no-ext-diff", trees->first, trees->second});
  if (!listed) return failure(std::move(listed.error()));
  return parse_renames(*listed);
}

Result<std::string> patch(const Mirror& mirror, const std::optional<Oid>& old, const Oid& next,
                          std::size_t bytes_max) {
  auto trees = both_trees(mirror, old, next);
  if (!trees) return failure(std::move(trees.error()));
  return run_large(mirror,
                   {"diff-tree", "-r", "-p", "--no-renames", "--no-ext-diff", "--no-textconv",
                    "--no-color", trees->first, trees->second},
                   bytes_max);
}

Result<std::string> read_blob(const Mirror& mirror, const Oid& blob, std::size_t bytes_max) {
  return mirror.blobs().read(blob, bytes_max);
}

Result<std::optional<std::string>> read_file(const Mirror& mirror, const Oid& commit_or_tree,
                                             const std::string& path, std::size_t bytes_max) {
  auto tree = tree_of(mirror, commit_or_tree);
  if (!tree) return failure(std::move(tree.error()));
  // A trailing slash would ask for what is inside.
  if (path.empty() || path.ends_with('/')) return std::optional<std::string>();
  auto listed = mirror.run({"ls-tree", "-z", "--full-tree", *tree, "--", path});
  if (!listed) return failure(std::move(listed.error()));
  auto entries = parse_ls_tree(*listed);
  if (!entries) return failure(std::move(entries.error()));
  const bool there = !entries->empty() && (entries->front().mode == mode::file ||
                                           entries->front().mode == mode::executable);
  if (!there) return std::optional<std::string>();
  auto content = read_blob(mirror, entries->front().blob, bytes_max);
  if (!content) return failure(std::move(content.error()).with("path", path));
  return std::optional(std::move(*content));
}

Result<std::optional<CommitInfo>> last_commit_of(const Mirror& mirror, const Oid& tip,
                                                 const std::string& path) {
  if (auto there = require_commit(mirror, tip); !there) return failure(std::move(there.error()));
  auto printed = mirror.run({"log", "-1", "-z", "--no-show-signature", "--no-mailmap",
                             commit_info_format, tip, "--", path});
  if (!printed) return failure(std::move(printed.error()));
  return parse_last_commit(*printed);
}

namespace {

/// The trailers of the commits that `from` (a commit, or an option of git log) reaches and none of
/// `without` does.
Result<std::vector<DeliveryTrailer>> trailers_of(const Mirror& mirror, const std::string& from,
                                                 const std::vector<Oid>& without,
                                                 std::size_t count_max) {
  for (const auto& commit : without) {
    if (auto there = require_commit(mirror, commit); !there) {
      return failure(std::move(there.error()));
    }
  }
  std::vector<std::string> args = {
      "log",
      "-z",
      "--no-show-signature",
      "--all-match",
      fmt::format("--grep=^{}: ", vtid_trailer),
      fmt::format("--grep=^{}: ", spec_digest_trailer),
      fmt::format("--max-count={}", count_max),
      fmt::format("--format=%H%x00%(trailers:key={},valueonly,unfold,separator=%x0A)"
                  "%x00%(trailers:key={},valueonly,unfold,separator=%x0A)",
                  vtid_trailer, spec_digest_trailer),
      from,
      "--not"};
  args.insert(args.end(), without.begin(), without.end());
  args.push_back("--");
  auto printed = run_large(mirror, std::move(args));
  if (!printed) return failure(std::move(printed.error()));
  return parse_trailers(*printed);
}

}  // namespace

Result<std::vector<DeliveryTrailer>> log_trailers(const Mirror& mirror, const Oid& tip,
                                                  const std::optional<Oid>& since,
                                                  std::size_t count_max) {
  if (auto there = require_commit(mirror, tip); !there) return failure(std::move(there.error()));
  return trailers_of(mirror, tip, since ? std::vector{*since} : std::vector<Oid>{}, count_max);
}

Result<std::vector<DeliveryTrailer>> branch_trailers(const Mirror& mirror, const Oid& tip,
                                                     const std::optional<Oid>& since,
                                                     std::size_t count_max) {
  return trailers_of(mirror, "--remotes=origin/vtid",
                     since ? std::vector{tip, *since} : std::vector{tip}, count_max);
}

}  // namespace vitana::git
