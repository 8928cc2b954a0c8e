// vitana run, first half: from what was named to a task that may run.
#pragma once

#include <string>

#include "cli/call.h"
#include "cli/run_command.h"

namespace vitana::cli {

/// What the words of the command line mean, before a store is opened.
struct RunTarget {
  std::string file;  ///< empty: `vtid` was named
  std::optional<Vtid> vtid = {};
  std::string text;  ///< of the file
  std::string tree;  ///< the working tree whose repository is meant; empty: `repo`, or the task's
  std::string repo_name;  ///< a configured repository's name; empty: by `tree`
};

/// Reads the file and finds its repository. Sets call.open so that the repository is known.
/// Errors: FILE_UNREADABLE, SPEC_INVALID (with the findings), USAGE, CONFIG_INVALID.
Result<RunTarget> find_run_target(Call& call, const RunOptions& options);

/// Brings the text into the store: as git has it where it is committed as it is, else as `manual`
/// of the same origin; then adopts, and retries what had failed.
Result<Vtid> register_for_run(Call& call, Session& session, const RunOptions& options,
                              const RunTarget& target);

}  // namespace vitana::cli
