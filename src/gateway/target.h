// What a request asks for: its path in parts, and its query.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vitana::gateway {

struct Target {
  std::vector<std::string> path;  ///< the parts between slashes, decoded; none of "/"
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded
};

/// "/a/b%20c?d=e&f" → {{"a", "b c"}, {{"d", "e"}, {"f", ""}}}. RFC 3986, with "+" for a space in a query as
/// forms write it. Errors: REQUEST_INVALID: no absolute path, an escape that is none, a NUL, bytes that are
/// no UTF-8, more parts than any route has.
Result<Target> parse_target(std::string_view text);

/// A text as one part of a path, or as a value of a query.
std::string escaped(std::string_view text);

}  // namespace vitana::gateway
