// The JSON value that wire/ speaks in. Include nlohmann/json.hpp only in sources.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace vitana::wire {

/// Keys keep their order: the shapes read as they are documented.
using Json = nlohmann::ordered_json;

/// On one line, or indented by `indent` columns. Never throws: a byte that is not UTF-8 becomes
/// U+FFFD.
std::string to_text(const Json& json, int indent = -1);

}  // namespace vitana::wire
