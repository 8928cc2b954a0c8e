// Messages of the network's library, from and to ours. Not for use outside the gateway's network.
#pragma once

#include <boost/beast/http.hpp>
#include <optional>
#include <string>

#include "gateway/connection.h"
#include "gateway/http.h"

namespace vitana::gateway {

namespace http = beast::http;
using Message = http::request<http::string_body>;
using Parser = http::request_parser<http::string_body>;

std::optional<Method> method_of(http::verb verb);

/// Where a body ends is told by its length or by chunks, and by nothing else: what another reader may understand
/// differently is no request (RFC 9112 §6.1, §11.2). Errors: REQUEST_INVALID.
Result<void> require_plain_coding(const Message& head);

/// What the other end sent wrong, as an answer; nothing where there is nobody to answer.
std::optional<Response> answer_to(const error_code& error);

/// REQUIRES: its method is one of ours. The message's body is taken out of it.
Request request_of(Message& message, const Connection& connection);

/// "Wed, 21 Oct 2026 07:28:00 GMT"
std::string date_now();

template <typename Head>
void add_headers(Head& head, const Response& response, const Connection& connection) {
  head.result(static_cast<unsigned>(response.status));
  head.set(http::field::date, date_now());
  head.set("traceparent", connection.asked.trace.text());
  // Only over TLS, as RFC 6797 wants it.
  if (connection.stream.encrypted()) head.set(http::field::strict_transport_security, "max-age=31536000");
  if (response.status != 304) head.set(http::field::content_type, response.type);
  for (const auto& [name, value] : response.headers) head.insert(name, value);
}

}  // namespace vitana::gateway
