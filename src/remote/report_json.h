// How a step ended, and what an error is, as JSON between a worker and its gateway.
#pragma once

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

/// {"fence"}
wire::Json release_json(const domain::Release& release);
/// Errors: REQUEST_INVALID.
Result<domain::Release> read_release(const wire::Json& json);

/// What a problem document (RFC 9457, as the gateway writes them) says; for one that is none, what its status does.
Error read_problem(int status, const std::string& body);

}  // namespace vitana::remote
