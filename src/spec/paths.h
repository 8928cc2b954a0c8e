// The files that a text names: what stands in back-ticks and looks like a path.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace vitana::spec {

/// The path without a line number (`a.ts:12`) and quotes, or empty: `GET /api/x`, `console.log`,
/// `application/json`, a URL, an absolute path, a glob and words are none.
std::string_view path_in(std::string_view code);

/// Keeps the first `paths_max` different paths in the order of the text.
class PathCollector {
 public:
  static constexpr std::size_t paths_max = 200;

  void see(std::string_view code);
  /// Every word of a text without back-ticks; for sections that list files.
  void see_words(std::string_view text);
  std::vector<std::string> take() { return std::move(paths_); }

 private:
  std::vector<std::string> paths_;
  std::unordered_set<std::string> seen_;
};

}  // namespace vitana::spec
