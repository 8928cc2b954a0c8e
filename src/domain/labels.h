// Labels: what a worker has, and what runs of an agent or a repository need.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vitana::domain {

inline constexpr std::size_t labels_max = 32;
inline constexpr std::size_t label_bytes_max = 100;

/// One word: 1 to label_bytes_max bytes of valid UTF-8 without blanks and control characters.
bool is_label(std::string_view text);

/// Are all that are `needed` among those that somebody `has`?
bool covers(const std::vector<std::string>& has, const std::vector<std::string>& needed);

}  // namespace vitana::domain
