// Values of domain types as parameters of a statement. Not for use outside store/.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "base/vtid.h"
#include "store/table.h"

namespace vitana::store {

template <typename... Items>
void bind(Values& values, Items&&... items) {
  (values.emplace_back(std::forward<Items>(items)), ...);
}

inline std::optional<std::string> text_of(const std::optional<Vtid>& vtid) {
  return vtid ? std::optional(vtid->to_string()) : std::nullopt;
}
inline std::optional<std::string> text_of(const std::optional<RunId>& run) {
  return run ? std::optional(run->to_string()) : std::nullopt;
}
inline std::optional<std::int64_t> us_of(const std::optional<Instant>& at) {
  return at ? std::optional(to_us(*at)) : std::nullopt;
}
/// The written name of an enumerator.
template <typename Enum>
std::optional<std::string> name_if(const std::optional<Enum>& value) {
  return value ? std::optional(std::string(name_of(*value))) : std::nullopt;
}

}  // namespace vitana::store
