// Folders made from a mirror: a clone for an agent, and plain checkouts for judging.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "git/mirror.h"
#include "git/names.h"

namespace vitana::git {

struct WorkspaceRequest {
  Oid commit;
  /// Is made; may be there if it is empty.
  std::filesystem::path folder;
  /// Checked out and named so; empty: detached.
  std::string branch;
  /// For commits that the agent makes.
  Identity identity;
};

/// A repository of its own: own refs, configuration and hooks (none), no remote. Objects of the
/// mirror are borrowed, read-only, by the absolute path of Mirror::objects(): keep the commit
/// (Mirror::keep) as long as the folder is there. No filter runs: a
/// file under a filter stands there as it is stored. On failure the folder is left empty or half
/// made; it is the caller's to remove. Nothing of ours ever runs git in it again: what an agent did
/// to its configuration reaches nobody. Errors: COMMIT_MISSING, WORKSPACE_FAILED,
/// SETUP_FAILED - git checks this commit out on no machine.
Result<void> clone_workspace(const Mirror& mirror, const WorkspaceRequest& request);

/// The files of a commit or tree in `folder` (made, or empty), without .git, without filters; links
/// stay links. Errors: COMMIT_MISSING, WORKSPACE_FAILED,
/// SETUP_FAILED - git checks this commit out on no machine.
Result<void> checkout_tree(const Mirror& mirror, const Oid& commit_or_tree,
                           const std::filesystem::path& folder);

}  // namespace vitana::git
