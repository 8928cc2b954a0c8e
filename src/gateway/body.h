// Members of a body that fits its schema.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/vtid.h"
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

}  // namespace vitana::gateway
