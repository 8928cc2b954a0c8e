#include "cli/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace vitana::cli {
namespace {

constexpr std::size_t lines_max = 3000;
constexpr std::size_t context = 3;

struct Line {
  char mark;  // ' ', '-', '+'
  std::string_view text;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The longest common subsequence by its table, read from the front.
void compare(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b,
             std::vector<Line>& out) {
  if (a.size() > lines_max || b.size() > lines_max) {
    for (const auto line : a) out.push_back({'-', line});
    for (const auto line : b) out.push_back({'+', line});
    return;
  }
  const std::size_t width = b.size() + 1;
  std::vector<std::uint16_t> common((a.size() + 1) * width);
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i * width + j] =
          a[i] == b[j] ? static_cast<std::uint16_t>(common[(i + 1) * width + j + 1] + 1)
                       : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      out.push_back({' ', a[i]});
      ++i, ++j;
    } else if (j == b.size() ||
               (i < a.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      out.push_back({'-', a[i++]});
    } else {
      out.push_back({'+', b[j++]});
    }
  }
}

std::string hunk(const std::vector<Line>& lines, std::size_t begin, std::size_t end,
                 std::size_t before, std::size_t after) {
  std::size_t old_count = 0;
  std::size_t new_count = 0;
  std::string body;
  for (std::size_t i = begin; i < end; ++i) {
    old_count += lines[i].mark != '+';
    new_count += lines[i].mark != '-';
    body += fmt::format("{}{}\n", lines[i].mark, lines[i].text);
  }
  return fmt::format("@@ -{},{} +{},{} @@\n{}", before + (old_count > 0), old_count,
                     after + (new_count > 0), new_count, body);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after,
                         const std::string& before_name, const std::string& after_name) {
  if (before == after) return "";
  auto a = lines_of(before);
  auto b = lines_of(after);
  std::vector<Line> lines;
  std::size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) {
    lines.push_back({' ', a[same++]});
  }
  std::vector<std::string_view> tail;
  while (a.size() > same && b.size() > same && a.back() == b.back()) {
    tail.push_back(a.back());
    a.pop_back();
    b.pop_back();
  }
  const auto from = static_cast<std::ptrdiff_t>(same);
  compare({a.begin() + from, a.end()}, {b.begin() + from, b.end()}, lines);
  for (auto it = tail.rbegin(); it != tail.rend(); ++it) lines.push_back({' ', *it});

  std::string text = fmt::format("--- {}\n+++ {}\n", before_name, after_name);
  std::size_t old_line = 0;
  std::size_t new_line = 0;
  std::size_t at = 0;
  while (at < lines.size()) {
    std::size_t change = at;
    while (change < lines.size() && lines[change].mark == ' ') ++change;
    if (change == lines.size()) break;
    const std::size_t begin = change - std::min(change - at, context);
    old_line += begin - at;
    new_line += begin - at;
    std::size_t end = change;
    for (std::size_t quiet = 0; end < lines.size() && quiet <= 2 * context; ++end) {
      quiet = lines[end].mark == ' ' ? quiet + 1 : 0;
    }
    std::size_t last = end;
    while (last > change && lines[last - 1].mark == ' ') --last;
    last = std::min(last + context, lines.size());
    text += hunk(lines, begin, last, old_line, new_line);
    for (std::size_t i = begin; i < last; ++i) {
      old_line += lines[i].mark != '+';
      new_line += lines[i].mark != '-';
    }
    at = last;
  }
  return text;
}

}  // namespace vitana::cli
