// How a step ended, and what an error is, as JSON between a worker and its gateway.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "port/run_source.h"
#include "wire/json.h"

namespace vitana::remote {

/// {"fence","result_commit","unsandboxed","question","usage"}. The tree, and whether it is a change, are not told:
/// who takes the result looks.
wire::Json executed_json(const domain::Executed& executed);
/// Errors: REQUEST_INVALID.
Result<domain::Executed> read_executed(const wire::Json& json);

/// {"fence","code","message","causes","context"}, each bounded.
wire::Json failed_json(const domain::StepFailed& failed);
/// Errors: REQUEST_INVALID.
Result<domain::StepFailed> read_failed(const wire::Json& json);

/// What a verify step saw, as far as it cannot be known by who is told: {"criterion","verdict","exit_code",
/// "base_exit_code","output"} of each, the outputs cut so that all of it is at most port::evidence_bytes_max.
wire::Json evidence_json(const std::vector<domain::Evidence>& evidence);
/// The member "evidence" of a report; none where it is left out. Errors: REQUEST_INVALID.
Result<std::vector<domain::Evidence>> read_evidence(const wire::Json& report);

/// {"fence","commit","evidence"}: the commit that was judged.
wire::Json verified_json(const domain::Verified& verified, const std::vector<domain::Evidence>& evidence);
struct SentVerdict {
  domain::Fence fence = 0;
  std::string commit;
  std::vector<domain::Evidence> evidence;
};
/// Errors: REQUEST_INVALID.
Result<SentVerdict> read_verified(const wire::Json& json);

/// {"fence"}
wire::Json release_json(const domain::Release& release);
/// Errors: REQUEST_INVALID.
Result<domain::Release> read_release(const wire::Json& json);

/// What a problem document (RFC 9457, as the gateway writes them) says; for one that is none, what its status does.
Error read_problem(int status, const std::string& body);

}  // namespace vitana::remote
