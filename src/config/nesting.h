// How deep a TOML text nests. Not for use outside config/.
#pragma once

#include <optional>
#include <string_view>

namespace vitana::config {

/// The line (from 1) on which a key gets more than 16 parts or lists and inline tables stand more
/// than 32 deep in each other, or nothing. The TOML library takes each level on the stack, and of
/// `a.a.a.a…` it takes any number.
std::optional<int> nesting_fault(std::string_view text);

}  // namespace vitana::config
