// Which paths of the machine a program needs to start, and which of the wanted ones it may see.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace vitana::worker {

/// Lies `path` at or below `folder`? By text alone: both absolute and normal.
bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder);

struct ResolvedProgram {
  std::filesystem::path start;  ///< what to execute; a script itself, not a link to it
  bool in_workspace = false;    ///< argv[0] is relative: it is a file of the workspace
  /// What must be readable beside the system: the program itself behind its links, its interpreter,
  /// and the package folder of an installed Node program.
  std::vector<std::filesystem::path> readable;
  /// A folder that PATH needs so that an `env` interpreter is found; empty: none.
  std::filesystem::path path_entry;
};

/// Finds argv[0]: without `/` in `path`, absolute as it is, relative in the workspace.
/// Errors: PROGRAM_FAILED - no such program, or argv is empty.
Result<ResolvedProgram> resolve_program(const std::vector<std::string>& argv,
                                        const std::filesystem::path& workspace,
                                        const std::string& path);

/// The wanted paths, normal, behind their links too, without those at or below a mask.
std::vector<std::filesystem::path> visible_paths(const std::vector<std::filesystem::path>& wanted,
                                                 const std::vector<std::filesystem::path>& masked);

/// The masks that lie below a wanted path, and so must be laid over it.
std::vector<std::filesystem::path> masks_within(const std::vector<std::filesystem::path>& wanted,
                                                const std::vector<std::filesystem::path>& masked);

}  // namespace vitana::worker
