// vitana autopilot, vitana serve, vitana stop: the engine in the foreground, and its end from elsewhere.
#pragma once

#include <optional>

#include "cli/call.h"

namespace vitana::cli {

struct AutopilotOptions {
  bool until_idle = false;
  std::optional<int> slots = {};
  bool paused = false;                       ///< begins with execution switched off
  std::optional<ServeOptions> serve = {};    ///< with the gateway
};

/// Until it is told to stop, or, `until_idle`, until there is nothing left to do. 0 in both cases,
/// whatever became of the tasks. Errors: DATA_DIR_IN_USE, SANDBOX_UNAVAILABLE, LISTEN_FAILED, STORE_*.
Answer autopilot(Call& call, const AutopilotOptions& options);

/// Asks the engine of this data directory to end and waits for it: SIGTERM lets steps under way
/// end, with `now` SIGQUIT ends them at once. 0 also where none runs.
/// Errors: DATA_DIR_IN_USE (it has not ended in time).
Answer stop_engine(Call& call, bool now);

}  // namespace vitana::cli
