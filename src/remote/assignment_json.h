// A granted step as it goes to a worker on another machine: the port's words as JSON, and back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "port/run_source.h"
#include "wire/json.h"
#include "worker/agent.h"
#include "worker/rules.h"

namespace vitana::remote {

/// What a verify step judges. The gateway has made it, and held its paths to the rules.
struct Judging {
  std::string commit;               ///< the deliverable: one commit on the tip of the branch
  bool nothing_to_deliver = false;  ///< `commit` is that tip itself
  domain::UnverifiedMode unverified = domain::UnverifiedMode::attest;
};

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
  std::optional<Judging> judging = {};  ///< of a verify step, whose agent is nothing but a name
};

struct Granted {
  port::Assignment assignment;
  Terms terms;
};

/// As a step on this machine needs them.
worker::RepositoryRules rules_of(const Terms& terms, const std::shared_ptr<git::Mirror>& mirror);

wire::Json assignment_json(const port::Assignment& assignment, const Terms& terms);

/// Trusts nothing: each member is bounded, the text is parsed here, and must be what the run is bound to. The lease's
/// times are what `now` makes of the seconds that are told. Of evidence, the judgements of persons are part of it, by
/// their criteria and verdicts; deliveries are not.
/// Errors: REQUEST_INVALID; CHECKSUM_MISMATCH - the text is not the one of the run.
Result<Granted> read_assignment(const wire::Json& json, Instant now);

}  // namespace vitana::remote
