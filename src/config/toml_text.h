// Texts as TOML writes them. Not for use outside config/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitana::config {

/// A basic string with its quotes; reads back to the same bytes when `text` is UTF-8.
std::string quoted(std::string_view text);
/// ["a", "b"]
std::string quoted_list(const std::vector<std::string>& texts);

}  // namespace vitana::config
