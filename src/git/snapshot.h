// The tree that a folder makes, whatever the folder's own git says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "git/mirror.h"
#include "git/names.h"

namespace vitana::git {

struct SnapshotRequest {
  std::filesystem::path folder;
  /// What the folder was made from.
  Oid base;
  /// Further patterns to leave out, in the syntax of .gitignore.
  std::vector<std::string> exclude;
  /// Files and folders, ignored ones too; more is refused.
  std::size_t entries_max = 5'000'000;
  /// Of all files that are not ignored, by the length that they claim: a file with holes takes no room on
  /// the disk, and all of it would be read.
  std::uint64_t bytes_max = std::uint64_t{20} << 30;
};

/// Writes the folder's content to the mirror and returns its tree. The index starts from `base` and
/// is our own: of `folder/.git` nothing is read, no hook, no filter and no program runs, and no
/// file time is trusted. Line endings follow the .gitattributes as in a checkout.
///
/// Left out is what is not in `base` and is ignored by the .gitignore files of `base` or by those
/// in the folder. A rule that only the folder dropped still holds; a `!` rule there overrules it.
///
/// Nobody may write to the folder meanwhile. Keep the tree (Mirror::keep) as long as it is needed.
/// Errors: PATH_FORBIDDEN, with the context `path` - a nested repository, a new or changed
/// submodule, folders more than 200 deep, a device, FIFO or socket, a link that leaves the tree (or
/// is absolute, or points into .git) and was not in `base`, something that cannot be read or has a
/// name that git refuses; AGENT_DISK_LIMIT - more than `bytes_max`; the context `path` is the largest file;
/// COMMIT_MISSING; STORE_FULL; GIT_FAILED.
Result<Oid> snapshot(const Mirror& mirror, const SnapshotRequest& request);

}  // namespace vitana::git
