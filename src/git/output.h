// What git prints, read as values: one function for each command whose words count. Pure; running
// git is run.h's. Every byte may come from a repository that somebody else made.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/blob_reader.h"
#include "git/names.h"
#include "git/source.h"
#include "git/tree.h"

namespace vitana::git {

// All errors here are GIT_FAILED, "git NAME printed something else", unless something else is said.

/// `ls-tree -z`: the entries, with `globs` (see base/glob.h) those that match one.
Result<std::vector<TreeEntry>> parse_ls_tree(std::string_view printed,
                                             std::span<const std::string> globs = {});

/// `diff-tree --raw -z --no-abbrev --no-renames`; `globs` as above.
Result<std::vector<Change>> parse_diff_tree(std::string_view printed,
                                            std::span<const std::string> globs = {});

/// `diff-tree --name-status -z --diff-filter=R`: new path, old path.
Result<std::map<std::string, std::string>> parse_renames(std::string_view printed);

/// `status --porcelain=v1 -z --no-renames`: the paths.
std::vector<std::string> parse_status(std::string_view printed);

/// `check-ignore -z` for paths that were asked with "./" before them: the paths without it.
std::vector<std::string> parse_check_ignore(std::string_view printed);

/// `merge-tree --write-tree -z --name-only --no-messages`: the tree, and what is in conflict.
struct MergeOutput {
  std::string tree;  ///< as it stands there: judge it
  std::vector<std::string> conflicts;
};
MergeOutput parse_merge_tree(std::string_view printed);

/// `log -1 -z --format=%H%x00%an%x00%ae%x00%at`; nothing when there is no commit.
Result<std::optional<CommitInfo>> parse_last_commit(std::string_view printed);

/// `log -z --format=COMMIT%x00VTIDS%x00DIGESTS`, the values of trailers one a line. A commit with
/// unequal numbers of them gives none.
Result<std::vector<DeliveryTrailer>> parse_trailers(std::string_view printed);

/// A line of `cat-file --batch-command` about `oid`; nothing when there is no such object.
Result<std::optional<ObjectInfo>> parse_object_info(std::string_view line, const Oid& oid);

/// The same about an expression: the object that it names.
Result<std::optional<Oid>> parse_peeled(std::string_view line);

/// `ls-remote --refs`: the object of `ref`, or nothing. The pattern that git was asked with also
/// matches refs that only end like it.
std::optional<Oid> parse_ls_remote(std::string_view printed, std::string_view ref);

/// `ls-remote --symref`: the branch of HEAD, or nothing.
std::optional<std::string> parse_remote_head(std::string_view printed);

/// `rev-parse --path-format=absolute --git-dir --git-common-dir --is-bare-repository`. Nothing for
/// anything but two absolute paths and a flag: a path with a newline is no other path.
std::optional<LocalRepository> parse_repository(std::string_view printed);

/// `push --porcelain`: why a ref was not moved, printable; empty when it does not say.
std::string parse_push_reason(std::string_view printed);

}  // namespace vitana::git
