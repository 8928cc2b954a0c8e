#pragma once

#include <stop_token>
#include <vector>

#include "port/run_source.h"

namespace vitana::port {

/// What the verify step found, and the evidence for it. `error` is set when the result does not
/// stand; the evidence is complete as far as it went in either case.
struct Verification {
  domain::Verified verified;
  std::vector<domain::Evidence> evidence;
  std::optional<Error> error;
};

/// Judges the result of a run, out of the agent's reach.
class Verifier {
 public:
  virtual ~Verifier() = default;

  /// Builds the deliverable commit on the target's present tip and judges its tree.
  /// In `error`: MERGE_CONFLICT, PATH_FORBIDDEN, CHECKS_FAILED, VERIFICATION_FAILED, BASE_RED.
  /// Errors (the step itself failed): GIT_FAILED, SANDBOX_UNAVAILABLE, WORKSPACE_FAILED, CANCELLED.
  virtual Result<Verification> verify(const Assignment& assignment, std::stop_token stop) = 0;
};

}  // namespace vitana::port
