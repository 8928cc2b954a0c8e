// Who brought what stands in a tree.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "git/mirror.h"
#include "git/names.h"
#include "git/tree.h"

namespace vitana::git {

/// For each of `paths` the last commit up to `tip` that touched it, as last_commit_of says, found in
/// one walk: the number of git processes does not grow with the number of paths. Nothing for a path
/// that is not in the tree of `tip`. `since`: a commit before which few of them were touched; only
/// a hint, what it saves is the walk through the older history. Errors: COMMIT_MISSING.
Result<std::vector<std::optional<CommitInfo>>> last_commits_of(const Mirror& mirror, const Oid& tip,
                                                               const std::optional<Oid>& since,
                                                               std::span<const std::string> paths);

}  // namespace vitana::git
