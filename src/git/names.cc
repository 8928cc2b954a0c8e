#include "git/names.h"

#include <algorithm>

#include "base/utf8.h"

namespace vitana::git {
namespace {

bool is_component(std::string_view part) {
  if (part.empty() || part.starts_with('.') || part.ends_with(".lock")) return false;
  return std::ranges::none_of(part, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' ||
           std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
  });
}

/// A name that a file of a checkout can have. git refuses the others at checkout, the whole tree.
bool is_file_name(std::string_view name) {
  constexpr std::size_t bytes_max = 255;
  if (name.empty() || name.size() > bytes_max || name == "." || name == "..") return false;
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  // As NTFS reads them, which git guards against everywhere: the end of dots, spaces and streams.
  lower.erase(std::min(lower.find(':'), lower.size()));
  lower.erase(lower.find_last_not_of(". ") + 1);
  return lower != ".git" && lower != "git~1";
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

bool is_checkout_path(std::string_view path) {
  constexpr std::size_t bytes_max = 4'095;
  if (path.size() > bytes_max) return false;
  while (true) {
    const auto slash = path.find('/');
    if (!is_file_name(path.substr(0, slash))) return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::string shown_path(std::string_view path) {
  constexpr std::size_t bytes_max = 200;
  auto shown = printable_line(path);
  if (shown.size() <= bytes_max) return shown;
  return std::string(utf8_prefix(shown, bytes_max)) + "…";
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
