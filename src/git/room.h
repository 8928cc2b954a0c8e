// Is there room for a workspace?
#pragma once

#include <sys/statvfs.h>

#include <filesystem>
#include <string>

#include "base/result.h"

namespace vitana::git {

/// Less than 1 MiB or no inode is left. False for a file system that does not say.
bool is_full(const struct statvfs& space);

/// WORKSPACE_FAILED: "no space left on FOLDER" with `why` as its cause where the file system of `folder`
/// (or of the nearest folder above it that is there) is full, else `why`.
Error workspace_error(const std::filesystem::path& folder, std::string why);

}  // namespace vitana::git
