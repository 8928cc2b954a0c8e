#include "git/ignore.h"

#include <fmt/format.h>

#include <algorithm>

namespace vitana::git {
namespace {

std::string escaped(std::string_view folder) {
  std::string result;
  for (const char c : folder) {
    if (std::string_view("\\*?[").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string in_folder(std::string_view prefix, std::string_view rule) {
  const bool negated = rule.starts_with('!');
  if (negated) rule.remove_prefix(1);
  const auto slash = rule.find('/');
  const bool anchored = slash != rule.npos && rule.find_first_not_of(" /", slash) != rule.npos;
  if (rule.starts_with('/')) rule.remove_prefix(1);
  return fmt::format("{}/{}/{}{}\n", negated ? "!" : "", prefix, anchored ? "" : "**/", rule);
}

}  // namespace

std::string ignore_rules(std::string_view folder, std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::string result;
  if (folder.find('\n') != folder.npos) return result;  // no pattern can name such a folder
  const auto prefix = escaped(folder);
  while (!text.empty()) {
    auto rule = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), rule.size() + 1));
    if (rule.ends_with('\r')) rule.remove_suffix(1);
    if (rule.find_first_not_of(' ') == rule.npos || rule.starts_with('#') || rule == "!") continue;
    result += folder.empty() ? fmt::format("{}\n", rule) : in_folder(prefix, rule);
  }
  return result;
}

}  // namespace vitana::git
