// Handlers of verify steps that others take: what they saw is held to what there was to see.
#pragma once

#include "gateway/route.h"

namespace vitana::gateway {

Result<Response> verified_run(Exchange& exchange);
/// As fail_run, of a verify step that the caller holds.
Result<Response> failed_verification(Exchange& exchange, const domain::Run& held, domain::StepFailed failed);

}  // namespace vitana::gateway
