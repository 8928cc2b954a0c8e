// Base64 (RFC 4648 §4): with padding, without line breaks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vitana {

std::string to_base64(std::string_view bytes);
/// Nothing for text that is none.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace vitana
