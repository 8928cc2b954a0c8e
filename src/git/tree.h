// What commits and trees hold: files, differences, history. Reading only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "git/mirror.h"
#include "git/names.h"

namespace vitana::git {

/// git's modes; 0 for "not there".
namespace mode {
inline constexpr unsigned none = 0;
inline constexpr unsigned file = 0100644;
inline constexpr unsigned executable = 0100755;
inline constexpr unsigned symlink = 0120000;
inline constexpr unsigned gitlink = 0160000;
}  // namespace mode

struct TreeEntry {
  unsigned mode = mode::none;
  Oid blob;
  std::string path;  ///< the bytes as they are: may hold newlines and no valid UTF-8
  bool operator==(const TreeEntry&) const = default;
};

enum class ChangeKind { added, modified, deleted, type_changed };

/// One path. A rename is a deletion and an addition.
struct Change {
  ChangeKind kind = ChangeKind::modified;
  std::string path;
  unsigned old_mode = mode::none;
  unsigned mode = mode::none;
  Oid old_blob;  ///< empty when added
  Oid blob;      ///< empty when deleted
  bool operator==(const Change&) const = default;
};

/// The tree of a commit, or a tree itself. Errors: COMMIT_MISSING.
Result<Oid> tree_of(const Mirror& mirror, const Oid& commit_or_tree);

/// The first parent of a commit. Errors: GIT_FAILED - it has none.
Result<Oid> parent_of(const Mirror& mirror, const Oid& commit);

/// All files below, in git's order; with `globs` (see base/glob.h) only those that match one.
/// Errors: COMMIT_MISSING.
Result<std::vector<TreeEntry>> list_tree(const Mirror& mirror, const Oid& commit_or_tree,
                                         std::span<const std::string> globs = {});

/// What changed from `old` (nothing: the empty tree) to `next`, all of it or what matches one of
/// the globs. Errors: COMMIT_MISSING.
Result<std::vector<Change>> diff_trees(const Mirror& mirror, const std::optional<Oid>& old,
                                       const Oid& next, std::span<const std::string> globs = {});

/// Files that lie elsewhere in `next`, at least three quarters of their content the same: new path, old
/// path. (Specs made from one template are alike to more than a half.)
/// Errors: COMMIT_MISSING.
Result<std::map<std::string, std::string>> renamed(const Mirror& mirror, const Oid& old,
                                                   const Oid& next);

/// The same as a patch for a person. Errors: COMMIT_MISSING; GIT_FAILED over `bytes_max`.
Result<std::string> patch(const Mirror& mirror, const std::optional<Oid>& old, const Oid& next,
                          std::size_t bytes_max);

/// Errors: COMMIT_MISSING, FILE_TOO_LARGE.
Result<std::string> read_blob(const Mirror& mirror, const Oid& blob, std::size_t bytes_max);

/// The content of a file (not of a link or a submodule), or nothing when there is none at `path`.
/// Errors: COMMIT_MISSING, FILE_TOO_LARGE.
Result<std::optional<std::string>> read_file(const Mirror& mirror, const Oid& commit_or_tree,
                                             const std::string& path, std::size_t bytes_max);

struct CommitInfo {
  Oid commit;
  std::string author_name;
  std::string author_email;
  Instant time;  ///< the author's
  bool operator==(const CommitInfo&) const = default;
};

/// The last commit up to `tip` that touched `path`; nothing when none did. Errors: COMMIT_MISSING.
Result<std::optional<CommitInfo>> last_commit_of(const Mirror& mirror, const Oid& tip,
                                                 const std::string& path);

/// The trailers by which a delivery is known again.
inline constexpr const char* vtid_trailer = "VTID";
inline constexpr const char* spec_digest_trailer = "Spec-Digest";

/// What delivery left in a commit's message. The texts are as they stand there: judge them.
struct DeliveryTrailer {
  Oid commit;
  std::string vtid;
  std::string digest;
  bool operator==(const DeliveryTrailer&) const = default;
};

/// Of every commit reachable from `tip` and not from `since`, newest first, at most `count_max`
/// commits. A commit that carries several pairs (a squash) gives one entry for each; unequal
/// numbers of `VTID:` and `Spec-Digest:` give none. Errors: COMMIT_MISSING.
Result<std::vector<DeliveryTrailer>> log_trailers(const Mirror& mirror, const Oid& tip,
                                                  const std::optional<Oid>& since = {},
                                                  std::size_t count_max = 100'000);

/// The same of what the fetched `vtid/*` branches hold and neither `tip` nor `since` does.
Result<std::vector<DeliveryTrailer>> branch_trailers(const Mirror& mirror, const Oid& tip,
                                                     const std::optional<Oid>& since = {},
                                                     std::size_t count_max = 100'000);

}  // namespace vitana::git
