#include "wire/hostile.h"

#include <nlohmann/json.hpp>

namespace vitana::wire {

std::optional<Json> parse_hostile(std::string_view text) {
  constexpr std::size_t bytes_max = std::size_t{4} << 20;
  constexpr int depth_max = 64;
  if (text.size() > bytes_max) return std::nullopt;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > depth_max;
    return !too_deep;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (too_deep || json.is_discarded()) return std::nullopt;
  return json;
}

}  // namespace vitana::wire
