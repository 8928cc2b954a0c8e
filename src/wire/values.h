// Single values that several shapes share. Not for use outside wire/.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/time.h"
#include "base/vtid.h"
#include "domain/run.h"
#include "domain/spec.h"
#include "wire/json.h"

namespace vitana::wire {

inline Json or_null(const std::optional<Vtid>& vtid) {
  return vtid ? Json(vtid->to_string()) : Json();
}
inline Json or_null(const std::optional<Instant>& at) {
  return at ? Json(to_rfc3339(*at)) : Json();
}
inline Json or_null(const std::optional<int>& number) { return number ? Json(*number) : Json(); }
inline Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace vitana::wire
