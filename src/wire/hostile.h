// JSON text of any origin → a value.
#pragma once

#include <optional>
#include <string_view>

#include "wire/json.h"

namespace vitana::wire {

/// Nothing for text that is no JSON, is larger than 4 MiB or nested deeper than 64.
std::optional<Json> parse_hostile(std::string_view text);

}  // namespace vitana::wire
