// Handlers that change something. Each calls one function of the engine and says what it left.
#pragma once

#include "gateway/route.h"

namespace vitana::gateway {

Result<Response> register_spec(Exchange& exchange);
Result<Response> approve_spec(Exchange& exchange);
Result<Response> adopt_specs(Exchange& exchange);
Result<Response> sync_specs(Exchange& exchange);

Result<Response> create_tasks(Exchange& exchange);
Result<Response> approve_task(Exchange& exchange);
Result<Response> retry_task(Exchange& exchange);
Result<Response> cancel_task(Exchange& exchange);
Result<Response> answer_task(Exchange& exchange);
Result<Response> sign_off_task(Exchange& exchange);

Result<Response> take_event(Exchange& exchange);
Result<Response> set_control(Exchange& exchange);
Result<Response> create_token(Exchange& exchange);
Result<Response> revoke_token(Exchange& exchange);

}  // namespace vitana::gateway
