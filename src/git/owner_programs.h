// What the owner's git configuration starts when git acts for the owner: hooks, filters, drivers.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/result.h"
#include "git/run.h"
#include "git/source.h"

namespace vitana::git {

/// Where the owner's hooks are, absolute. A relative path counts from where hooks are run: the git
/// folder. Errors: GIT_FAILED.
Result<std::filesystem::path> hooks_folder(const Git& git, const LocalRepository& repository);

/// Paths of the tree, as git writes them, at which a change of the tree would decide what git starts
/// outside every sandbox when a checked-out branch is delivered to.
struct OwnerPrograms {
  /// Programs, files of git's configuration, and the folders above them and the links that lead to
  /// them. They need not be there: who adds one has it started, too.
  std::set<std::string> paths;
  /// Folders of hooks: whatever lies below.
  std::set<std::string> folders;
};

/// As the configuration of `source` and of Options::home says, for each of its work trees. Nothing for
/// a URL and for a bare repository without work trees. A command is not understood as a shell would:
/// each of its words counts, one without a slash only where such a file is there. What a hook or a
/// program starts itself is not looked for. Errors: REPO_UNAVAILABLE, GIT_FAILED.
Result<OwnerPrograms> owner_programs(const Git& git, const Source& source);

}  // namespace vitana::git
