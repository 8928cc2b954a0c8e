#include "remote/callback_dispatcher.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/http_address.h"
#include "base/stop.h"
#include "base/webhook_signature.h"
#include "port/worker_protocol.h"
#include "wire/json.h"

namespace vitana::remote {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 10;

std::string body_of(const port::RunOffer& offer, const port::CallbackWorker& worker) {
  return wire::to_text({{"type", "run.offered"},
                        {"run", offer.run.to_string()},
                        {"vtid", offer.run.vtid.to_string()},
                        {"worker", worker.id},
                        {"agent", offer.agent},
                        {"repo", offer.repo},
                        {"labels", offer.labels}});
}

}  // namespace

CallbackDispatcher::CallbackDispatcher(std::function<Instant()> now)
    : now_(std::move(now)), client_({.agent = "vitana-gateway", .refuses_link_local = true}) {}

std::optional<port::CallbackWorker> CallbackDispatcher::choose(const RunId& /*run*/,
                                                               const std::vector<port::CallbackWorker>& fit,
                                                               int tries) {
  if (fit.empty()) return std::nullopt;
  return fit[static_cast<std::size_t>(tries) % fit.size()];
}

Result<void> CallbackDispatcher::route(const port::RunOffer& offer, const port::CallbackWorker& worker) {
  http::Request request{.method = http::Method::post,
                        .url = worker.url,
                        .body = body_of(offer, worker),
                        .deadline = port::callback_deadline,
                        .answer_bytes_max = answer_bytes_max,
                        .stop = StopScope::current()};
  // Only one that was registered from here names this machine: no other name leads to it.
  const auto address = read_http_address(worker.url);
  request.refuses_this_machine = !address || !address->names_this_machine();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now_().time_since_epoch()).count();
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", offer.key},
                     {"webhook-timestamp", std::to_string(seconds)},
                     {"webhook-signature", webhook_signature(worker.secret, offer.key, seconds, request.body)}};
  const auto answer = client_.send(request);
  if (!answer && answer.error().code == FailureCode::CANCELLED) return failure(answer.error());
  if (!answer) return failure(FailureCode::ROUTE_FAILED, answer.error().message);
  if (answer->status >= 200 && answer->status < 300) return {};
  return failure(FailureCode::ROUTE_FAILED, fmt::format("{} answers with status {}", worker.url, answer->status));
}

}  // namespace vitana::remote
