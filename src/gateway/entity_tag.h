// Entity tags of what is edited, so that nobody writes over what somebody else has just written (RFC 9110 §13).
#pragma once

#include <string>
#include <vector>

#include "gateway/http.h"

namespace vitana::gateway {

/// A revision as a tag.
inline std::string tag(const std::string& revision) { return "\"" + revision + "\""; }

/// The revisions of which If-Match allows one; none without the header, or with "*": any is allowed.
std::vector<std::string> seen_by(const Request& request);

}  // namespace vitana::gateway
