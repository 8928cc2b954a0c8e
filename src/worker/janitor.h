// Folders of runs: finding them, and removing them when nobody needs them any more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/vtid.h"
#include "domain/run.h"

namespace vitana::worker {

/// Removes a folder with all in it, whatever its modes; never follows a link. False when something
/// could not be removed. Nothing to remove is fine.
bool remove_tree(const std::filesystem::path& folder);

/// Copies a folder with all in it, sharing what the file system can share. Ends with a stop, and after ten
/// minutes. Errors: WORKSPACE_FAILED, PROGRAM_FAILED, CANCELLED.
Result<void> copy_tree(const std::filesystem::path& from, const std::filesystem::path& to, std::stop_token stop);

/// "VTID-01213.2-f3": one folder for each grant of a run, so that a new grant never meets what an
/// earlier one left.
std::string workspace_name(const RunId& run, domain::Fence fence);

/// What may become of a folder.
enum class WorkspaceFate {
  live,    ///< a step works in it, or will
  failed,  ///< its run failed: a person may want to look
  ended,   ///< nobody needs it
};

struct JanitorOptions {
  std::filesystem::path folder;  ///< all workspaces
  int failed_max = 10;
  Duration failed_age_max = std::chrono::hours(24 * 7);
  std::uint64_t failed_bytes_max = std::uint64_t{10} << 30;
};

/// Asked by the folder's name, see workspace_name(); for a name that is not a run's, say `ended`.
using FateOf = std::function<WorkspaceFate(const std::string& name)>;

struct Sweep {
  std::vector<std::string> removed;
  std::vector<std::string> stuck;  ///< could not be removed
};

/// Removes what has ended, and the oldest of what failed beyond count, age and size. Only folders
/// directly in `options.folder` are looked at. Not for two threads at once on one folder.
Sweep sweep(const JanitorOptions& options, const FateOf& fate_of, Instant now);

}  // namespace vitana::worker
