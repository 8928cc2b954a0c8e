#pragma once

namespace vitana::config {

/// Of an operator's configuration, and of a repository's own rules.
inline constexpr const char* file_name = "vitana.toml";

}  // namespace vitana::config
