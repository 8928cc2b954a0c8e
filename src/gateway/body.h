// Members of a body that fits its schema.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/time.h"
#include "base/vtid.h"
#include "engine/access.h"
#include "wire/json.h"

namespace vitana::gateway {

/// Empty where it is left out. REQUIRES: it is a text where it stands there.
inline std::string text_in(const wire::Json& body, const char* key) {
  return body.is_object() ? body.value(key, std::string()) : std::string();
}

/// False where it is left out.
inline bool flag_in(const wire::Json& body, const char* key) { return body.is_object() && body.value(key, false); }

/// Nothing where it is left out. Errors: VTID_INVALID, VTID_LEGACY_FORM.
inline Result<std::optional<Vtid>> vtid_in(const wire::Json& body, const char* key) {
  const auto text = text_in(body, key);
  if (text.empty()) return std::optional<Vtid>();
  auto vtid = Vtid::parse(text);
  if (!vtid) return failure(std::move(vtid.error()).with("member", key));
  return std::optional(*vtid);
}

/// Nothing where it is left out. Errors: REQUEST_INVALID, where it is none or not above zero; `example` is a good one.
inline Result<std::optional<Duration>> duration_in(const wire::Json& body, const char* key, const char* example) {
  const auto text = text_in(body, key);
  if (text.empty()) return std::optional<Duration>();
  const auto parsed = parse_duration(text);
  if (parsed && *parsed > Duration::zero()) return parsed;
  return failure(FailureCode::REQUEST_INVALID, fmt::format("{} is a duration, such as {}", key, example));
}

/// A NewToken or a NewLink, but for how long it holds.
inline engine::TokenRequest token_request_in(const wire::Json& body) {
  engine::TokenRequest request{.name = text_in(body, "name"), .role = *domain::role(text_in(body, "role"))};
  for (const auto& repo : body.value("repos", wire::Json::array())) request.repos.push_back(repo.get<std::string>());
  return request;
}

}  // namespace vitana::gateway
