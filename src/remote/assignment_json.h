// A granted step as it goes to a worker on another machine: the port's words as JSON, and back.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "port/run_source.h"
#include "wire/json.h"
#include "worker/agent.h"

namespace vitana::remote {

/// What a worker elsewhere must know beside the assignment: all that it has of the operator's configuration.
struct Terms {
  std::vector<std::string> setup;
  std::vector<std::string> cache;
  std::vector<std::string> commands;  ///< the repository's own checks
  Duration command_timeout = std::chrono::minutes(30);
  std::vector<std::string> protected_globs;  ///< told to the agent; held to by who verifies
  std::string author_name = "Vitana";
  std::string author_email = "vitana@localhost";
  /// Names of secrets, never values. `read` is not sent: its paths are of another machine.
  worker::AgentConfig agent;
  Duration wall_max{};  ///< [caps] wall; 0 is no bound
};

struct Granted {
  port::Assignment assignment;
  Terms terms;
};

wire::Json assignment_json(const port::Assignment& assignment, const Terms& terms);

/// Trusts nothing: each member is bounded, the text is parsed here, and must be what the run is bound to. The lease's
/// times are what `now` makes of the seconds that are told. Evidence and deliveries are not part of it.
/// Errors: REQUEST_INVALID; CHECKSUM_MISMATCH - the text is not the one of the run.
Result<Granted> read_assignment(const wire::Json& json, Instant now);

}  // namespace vitana::remote
