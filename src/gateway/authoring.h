// Handlers of texts that are written here: drafts, and the intake in three steps.
#pragma once

#include "gateway/route.h"

namespace vitana::gateway {

Result<Response> list_drafts(Exchange& exchange);
Result<Response> create_draft(Exchange& exchange);
Result<Response> get_draft(Exchange& exchange);
Result<Response> edit_draft(Exchange& exchange);
Result<Response> validate_draft(Exchange& exchange);
Result<Response> approve_draft(Exchange& exchange);

Result<Response> begin_intake(Exchange& exchange);
Result<Response> get_intake(Exchange& exchange);
Result<Response> answer_intake(Exchange& exchange);
Result<Response> preview_intake(Exchange& exchange);
Result<Response> complete_intake(Exchange& exchange);

}  // namespace vitana::gateway
