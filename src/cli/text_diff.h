// The difference of two versions of a spec, line by line.
#pragma once

#include <string>
#include <string_view>

namespace vitana::cli {

/// A unified diff with three lines of context; empty when the texts are equal. Texts that differ
/// in more than 3,000 lines are shown as removed and added as a whole.
std::string unified_diff(std::string_view before, std::string_view after,
                         const std::string& before_name, const std::string& after_name);

}  // namespace vitana::cli
