#pragma once

#include <stop_token>

#include "port/run_source.h"

namespace vitana::port {

/// Runs an agent for one execute step.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Makes the workspace, checks that the base is green, runs the agent, snapshots what it left.
  /// Blocks until the agent has ended; ends it at once when `stop` is asked for.
  /// Errors: BASE_RED, SETUP_FAILED, SANDBOX_UNAVAILABLE, AGENT_*, PATH_FORBIDDEN (a snapshot
  /// that leaves the tree), WORKSPACE_FAILED, GIT_FAILED, CANCELLED (stopped).
  virtual Result<domain::Executed> execute(const Assignment& assignment, std::stop_token stop) = 0;
};

}  // namespace vitana::port
