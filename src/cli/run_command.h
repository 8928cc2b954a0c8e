// vitana run: one task from its spec to delivery.
#pragma once

#include <string>

#include "cli/call.h"

namespace vitana::cli {

struct RunOptions {
  std::string spec;  ///< a file, or the VTID of a registered spec
  std::string repo;  ///< a folder, or the name of a configured repository
  std::string agent;
  std::string delivery;  ///< branch, merge, pull_request
};

/// Registers what the file says, adopts it, and waits, through retries, until the task has ended
/// or waits for a person. 0 only when it is completed. Where an engine runs on the data directory
/// already, that one does the work and this command looks on.
/// Errors: SPEC_*, VTID_*, AGENT_UNKNOWN, REPO_*, INTERRUPTED, STORE_*.
Answer run_task(Call& call, const RunOptions& options);

}  // namespace vitana::cli
