// Entity tags of what is edited, so that nobody writes over what somebody else has just written (RFC 9110 §13).
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "gateway/http.h"
#include "store/rows.h"

namespace vitana::gateway {

/// "3.validated": a draft's version, and what became of it.
std::string tag_of(const store::DraftRow& draft);
/// The moment it was set.
std::string tag_of(const store::ControlRow& control);

/// What If-Match says of a draft: its version; nothing without the header, or with "*".
/// Errors: CHANGED_MEANWHILE: no draft ever had that tag.
Result<std::optional<int>> seen_version(const Request& request);
/// As above: when the switch was set.
Result<std::optional<Instant>> seen_control(const Request& request);

}  // namespace vitana::gateway
