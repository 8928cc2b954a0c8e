// Members of a body that fits its schema.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "wire/json.h"

namespace vitana::gateway {

/// Empty where it is left out. REQUIRES: it is a text where it stands there.
inline std::string text_in(const wire::Json& body, const char* key) {
  return body.is_object() ? body.value(key, std::string()) : std::string();
}

/// False where it is left out.
inline bool flag_in(const wire::Json& body, const char* key) { return body.is_object() && body.value(key, false); }

}  // namespace vitana::gateway
