// "Did you mean": the nearest of the words that exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitana::cli {

/// Letters to insert, remove, replace or swap.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word nearest to `wrong`, if it is near enough to be meant; empty otherwise.
std::string nearest(std::string_view wrong, const std::vector<std::string>& words);

}  // namespace vitana::cli
