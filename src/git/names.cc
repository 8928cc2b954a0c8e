#include "git/names.h"

#include <algorithm>

namespace vitana::git {
namespace {

bool is_component(std::string_view part) {
  if (part.empty() || part.starts_with('.') || part.ends_with(".lock")) return false;
  return std::ranges::none_of(part, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' ||
           std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_oid(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_branch_name(std::string_view text) {
  if (text.empty() || text.size() > 200 || text.starts_with('-') || text == "HEAD" || text == "@" ||
      text.ends_with('.') || text.find("..") != text.npos || text.find("@{") != text.npos) {
    return false;
  }
  while (true) {
    const auto slash = text.find('/');
    if (!is_component(text.substr(0, slash))) return false;
    if (slash == text.npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_ref(std::string_view text) {
  constexpr std::string_view prefix = "refs/";
  return text.starts_with(prefix) && is_branch_name(text.substr(prefix.size()));
}

std::string without_credentials(std::string_view text) {
  std::string result;
  while (true) {
    const auto scheme = text.find("://");
    if (scheme == text.npos) return result.append(text);
    result.append(text.substr(0, scheme + 3));
    text.remove_prefix(scheme + 3);
    const auto authority = text.substr(0, text.find_first_of("/ \t\n'\""));
    const auto at = authority.rfind('@');
    if (at == authority.npos) continue;
    result.append("***");
    text.remove_prefix(at);
  }
}

}  // namespace vitana::git
