// Work trees of a local repository that stand on a branch, and whether they may be moved.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/run.h"
#include "git/source.h"
#include "git/tree.h"

namespace vitana::git {

struct WorkTree {
  std::filesystem::path git_dir;
  std::filesystem::path folder;
};

/// Every work tree that it knows, whatever stands there; the folder need not be there any more.
/// Errors: GIT_FAILED - the list of work trees cannot be read.
Result<std::vector<WorkTree>> work_trees(const LocalRepository& repository);

/// Every work tree whose HEAD is `ref`, or that will be when its rebase or bisect ends.
/// Errors: DELIVERY_REFUSED - such a work tree exists, but its folder is not there or not known;
/// GIT_FAILED - the list of work trees cannot be read.
Result<std::vector<WorkTree>> work_trees_on(const Git& git, const LocalRepository& repository,
                                            std::string_view ref);

/// Waits for a git command that is at work in it, a few seconds. Errors: DELIVERY_TARGET_DIRTY, CANCELLED.
Result<void> require_unlocked(const WorkTree& tree);

/// Errors: DELIVERY_TARGET_DIRTY.
Result<void> require_clean(const Git& git, const WorkTree& tree);

/// Errors: DELIVERY_TARGET_DIRTY - `changes` would overwrite files that git does not know.
Result<void> require_free_paths(const WorkTree& tree, const std::vector<Change>& changes);

}  // namespace vitana::git
