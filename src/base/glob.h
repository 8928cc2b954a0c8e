// Path patterns of configuration: `docs/specs/**/*.md`, `.github/**`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vitana {

/// Matches a path with `/` between folders against a pattern: `*` any run within one folder, `?`
/// one character, `[a-z]` a set, `**` as a whole component zero or more folders. Case matters. A
/// pattern that ends in `/` matches all below it. Linear in practice; never exponential.
bool glob_match(std::string_view pattern, std::string_view path);

/// False where a bracket does not close within its folder: there it stands for itself, which is hardly meant.
bool is_glob(std::string_view pattern);

/// True when any of the patterns matches.
bool glob_match_any(std::span<const std::string> patterns, std::string_view path);

}  // namespace vitana
