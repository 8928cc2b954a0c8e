// Handlers that change nothing. Each asks the store once and says it with view/.
#pragma once

#include "gateway/route.h"

namespace vitana::gateway {

Result<Response> healthz(Exchange& exchange);
Result<Response> readyz(Exchange& exchange);
Result<Response> openapi(Exchange& exchange);

Result<Response> validate_specs(Exchange& exchange);
Result<Response> list_specs(Exchange& exchange);
Result<Response> get_spec(Exchange& exchange);
Result<Response> list_spec_versions(Exchange& exchange);
Result<Response> get_spec_version(Exchange& exchange);
Result<Response> get_spec_text(Exchange& exchange);

Result<Response> list_tasks(Exchange& exchange);
Result<Response> get_task(Exchange& exchange);
Result<Response> get_why(Exchange& exchange);
Result<Response> list_runs(Exchange& exchange);
Result<Response> get_evidence(Exchange& exchange);
Result<Response> list_task_events(Exchange& exchange);
Result<Response> get_task_log(Exchange& exchange);
Result<Response> get_task_diff(Exchange& exchange);
Result<Response> get_run(Exchange& exchange);

Result<Response> list_events(Exchange& exchange);
Result<Response> stream_events(Exchange& exchange);

Result<Response> get_summary(Exchange& exchange);
Result<Response> get_stats(Exchange& exchange);
Result<Response> list_repos(Exchange& exchange);
Result<Response> list_webhooks(Exchange& exchange);
Result<Response> list_controls(Exchange& exchange);
Result<Response> get_control(Exchange& exchange);
Result<Response> get_attention(Exchange& exchange);
Result<Response> list_tokens(Exchange& exchange);
Result<Response> get_caller(Exchange& exchange);

}  // namespace vitana::gateway
