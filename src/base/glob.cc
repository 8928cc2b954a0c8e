#include "base/glob.h"

#include <algorithm>

namespace vitana {
namespace {

/// Where the set at the front of `pattern` closes, if it does.
std::size_t close_of_set(std::string_view pattern) {
  return pattern.find(']', pattern.size() > 1 && pattern[1] == '!' ? 3 : 2);
}

/// Takes the set at the front of `pattern` (`[a-z_]`, `[!0-9]`) and asks whether `c` is in it.
/// A bracket that never closes stands for itself.
bool take_set(std::string_view& pattern, char c) {
  const auto close = close_of_set(pattern);
  if (close == std::string_view::npos) {
    pattern.remove_prefix(1);
    return c == '[';
  }
  auto set = pattern.substr(1, close - 1);
  pattern.remove_prefix(close + 1);
  const bool inverted = set.front() == '!';
  if (inverted) set.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= c && c <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == c;
    }
  }
  return found != inverted;
}

/// One folder or file name. On a mismatch only the last `*` has to take one character more: what
/// an earlier one could take, the last one can, so there is no deeper search.
bool match_name(std::string_view pattern, std::string_view name) {
  bool starred = false;
  std::string_view pattern_after_star;
  std::string_view name_at_star;
  while (!name.empty() || !pattern.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      starred = true;
      pattern_after_star = pattern;
      name_at_star = name;
      continue;
    }
    if (!pattern.empty() && !name.empty()) {
      auto next = pattern;
      bool same = false;
      if (pattern.front() == '[') {
        same = take_set(next, name.front());
      } else {
        next.remove_prefix(1);
        same = pattern.front() == '?' || pattern.front() == name.front();
      }
      if (same) {
        pattern = next;
        name.remove_prefix(1);
        continue;
      }
    }
    if (!starred || name_at_star.empty()) return false;
    name_at_star.remove_prefix(1);
    name = name_at_star;
    pattern = pattern_after_star;
  }
  return true;
}

std::string_view first_part(std::string_view path) { return path.substr(0, path.find('/')); }

/// What follows the first part; `more` tells an empty last part from none.
void drop_part(std::string_view& path, bool& more) {
  const auto slash = path.find('/');
  more = slash != std::string_view::npos;
  path = more ? path.substr(slash + 1) : std::string_view();
}

}  // namespace

bool is_glob(std::string_view pattern) {
  for (bool more = true; more; drop_part(pattern, more)) {
    auto name = first_part(pattern);
    for (auto open = name.find('['); open != std::string_view::npos; open = name.find('[')) {
      name.remove_prefix(open);
      const auto close = close_of_set(name);
      if (close == std::string_view::npos) return false;
      name.remove_prefix(close + 1);
    }
  }
  return true;
}

bool glob_match(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  bool pattern_left = true;
  bool path_left = true;
  bool starred = false;
  std::string_view pattern_after_star;
  std::string_view path_at_star;
  // The same search as in match_name, one level up: parts for characters, `**` for `*`.
  while (pattern_left || path_left) {
    const auto part = first_part(pattern);
    const bool open_end = pattern.empty();  // the pattern ended in a slash
    if (pattern_left && (part == "**" || open_end)) {
      drop_part(pattern, pattern_left);
      if (!pattern_left) return path_left && !path.empty();
      starred = true;
      pattern_after_star = pattern;
      path_at_star = path;
      continue;
    }
    if (pattern_left && path_left && match_name(part, first_part(path))) {
      drop_part(pattern, pattern_left);
      drop_part(path, path_left);
      continue;
    }
    if (!starred || path_at_star.find('/') == std::string_view::npos) return false;
    drop_part(path_at_star, path_left);
    path = path_at_star;
    pattern = pattern_after_star;
    pattern_left = true;
  }
  return true;
}

bool glob_match_any(std::span<const std::string> patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, path); });
}

}  // namespace vitana
