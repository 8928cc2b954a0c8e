#include "gateway/messages.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "gateway/problem.h"

namespace vitana::gateway {

std::optional<Method> method_of(http::verb verb) {
  if (verb == http::verb::get || verb == http::verb::head) return Method::get;
  if (verb == http::verb::post) return Method::post;
  if (verb == http::verb::put) return Method::put;
  if (verb == http::verb::delete_) return Method::delete_;
  return std::nullopt;
}

Result<void> require_plain_coding(const Message& head) {
  const auto count = head.count(http::field::transfer_encoding);
  if (count == 0) return {};
  if (count == 1 && beast::iequals(head[http::field::transfer_encoding], "chunked")) return {};
  return failure(FailureCode::REQUEST_INVALID, "Transfer-Encoding is chunked, or is not there");
}

std::optional<Response> answer_to(const error_code& error) {
  if (error == http::error::body_limit || error == http::error::header_limit) {
    return problem({FailureCode::REQUEST_TOO_LARGE, error == http::error::body_limit ? "the body is too large"
                                                                                      : "the header is too large"});
  }
  const bool parsing = error.category() == make_error_code(http::error::bad_method).category();
  const bool gone = error == http::error::end_of_stream || error == http::error::partial_message;
  if (!parsing || gone) return std::nullopt;
  return problem({FailureCode::REQUEST_INVALID, "this is no request of HTTP/1.1: " + error.message()});
}

Request request_of(Message& message, const Connection& connection) {
  Request request;
  request.method = *method_of(message.method());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (auto& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    request.headers.insert_or_assign(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  request.peer = connection.peer;
  request.origin = connection.origin;
  request.encrypted = connection.stream.encrypted();
  return request;
}

std::string date_now() { return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(std::time(nullptr))); }

}  // namespace vitana::gateway
