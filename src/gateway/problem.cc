#include "gateway/problem.h"

#include <nlohmann/json.hpp>

#include "wire/json.h"

namespace vitana::gateway {

Response problem(const Error& error) {
  const auto& info = failure_info(error.code);
  const auto told = error.context.find("hint");
  wire::Json json{{"type", "about:blank"},
                  {"title", info.name},
                  {"status", info.http_status},
                  {"detail", error.message},
                  {"code", info.name},
                  {"class", name_of(info.cls)},
                  {"retryable", info.retryable},
                  {"hint", told == error.context.end() ? info.hint : std::string_view(told->second)}};
  if (!error.causes.empty()) json["causes"] = error.causes;
  auto context = error.context;
  context.erase("hint");
  context.erase("statement");  // how the store was asked is told to those who run it
  if (!context.empty()) json["context"] = context;
  Response response{.status = info.http_status, .type = "application/problem+json", .body = wire::to_text(json)};
  if (error.code == FailureCode::UNAUTHENTICATED) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  const auto wait = error.context.find("retry_after");
  if (wait != error.context.end()) response.headers.emplace_back("Retry-After", wait->second);
  if (info.retryable && info.http_status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace vitana::gateway
