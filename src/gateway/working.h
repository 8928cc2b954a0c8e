// Handlers of workers on other machines: register, claim, renew, send, report.
#pragma once

#include "gateway/route.h"

namespace vitana::gateway {

Result<Response> register_worker(Exchange& exchange);
Result<Response> list_workers(Exchange& exchange);
Result<Response> claim_runs(Exchange& exchange);
Result<Response> renew_runs(Exchange& exchange);
Result<Response> drain_worker(Exchange& exchange);

Result<Response> append_run_log(Exchange& exchange);
Result<Response> get_base_bundle(Exchange& exchange);
Result<Response> put_result_bundle(Exchange& exchange);
Result<Response> complete_run(Exchange& exchange);
Result<Response> fail_run(Exchange& exchange);
Result<Response> release_run(Exchange& exchange);

}  // namespace vitana::gateway
