#include "config/nesting.h"

#include <algorithm>
#include <cstddef>

namespace vitana::config {
namespace {

constexpr int dots_max = 15;
constexpr int depth_max = 32;

/// The length of the string or comment at the front of `text`; 0 when there is none. One that does
/// not end goes up to the line's end, where the TOML parser stops.
std::size_t quoted_length(std::string_view text) {
  const char mark = text.front();
  if (mark == '#') return std::min(text.find('\n'), text.size());
  if (mark != '"' && mark != '\'') return 0;
  const bool block = text.size() >= 3 && text[1] == mark && text[2] == mark;
  auto at = std::size_t{block ? 3U : 1U};
  while (at < text.size() && (block || text[at] != '\n')) {
    if (mark == '"' && text[at] == '\\') {
      at += 2;
    } else if (text[at] != mark) {
      ++at;
    } else if (!block) {
      return at + 1;
    } else if (text.substr(at, 3) == text.substr(0, 3)) {
      // Up to two more belong to what is quoted.
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == mark; ++more) ++at;
      return at;
    } else {
      ++at;
    }
  }
  return std::min(at, text.size());
}

}  // namespace

std::optional<int> nesting_fault(std::string_view text) {
  int line = 1;
  int dots = 0;
  int depth = 0;
  while (!text.empty()) {
    if (const auto length = quoted_length(text); length > 0) {
      const auto quoted = text.substr(0, length);
      line += static_cast<int>(std::count(quoted.begin(), quoted.end(), '\n'));
      text.remove_prefix(length);
      continue;
    }
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '.') {
      ++dots;
    } else if (c == '[' || c == '{') {
      ++depth;
      dots = 0;
    } else if (c == ']' || c == '}') {
      depth = std::max(depth - 1, 0);
      dots = 0;
    } else if (c == '=' || c == ',' || c == '\n') {
      dots = 0;
      if (c == '\n') ++line;
    }
    if (dots > dots_max || depth > depth_max) return line;
  }
  return std::nullopt;
}

}  // namespace vitana::config
