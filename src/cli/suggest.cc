#include "cli/suggest.h"

#include <algorithm>

namespace vitana::cli {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t length_max = 64;
  a = a.substr(0, length_max);
  b = b.substr(0, length_max);
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i * width] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = cost[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      auto best = std::min({replace, cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) best = std::min(best, cost[(i - 2) * width + j - 2] + 1);
      cost[i * width + j] = best;
    }
  }
  return cost.back();
}

std::string nearest(std::string_view wrong, const std::vector<std::string>& words) {
  const std::string* best = nullptr;
  std::size_t best_cost = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const auto& word : words) {
    const auto cost = edit_distance(wrong, word);
    if (cost < best_cost && cost < word.size()) {
      best = &word;
      best_cost = cost;
    }
  }
  return best == nullptr ? "" : *best;
}

}  // namespace vitana::cli
