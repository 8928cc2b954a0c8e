#include "config/values.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace vitana::config {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port <= 65'535;
}

/// What stands between "//" and the next "/", "?" or "#"; empty for other forms.
std::string_view authority(std::string_view address) {
  const auto from = address.find("://");
  if (from == address.npos) return {};
  address.remove_prefix(from + 3);
  return address.substr(0, address.find_first_of("/?#"));
}

}  // namespace

bool is_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || !is_port(text.substr(colon + 1))) return false;
  const auto host = text.substr(0, colon);
  if (host.front() == '[') {
    const bool hex = std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
             c == '.';
    });
    return host.size() > 2 && host.back() == ']' && hex;
  }
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
}

bool is_origin(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto host = text.substr(scheme.size());
    // As browsers write it, for it is compared with what they say.
    const bool upper = std::any_of(host.begin(), host.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (upper || host.ends_with(scheme == "https://" ? ":443" : ":80")) return false;
    return is_listen_address(host) || is_listen_address(std::string(host) + ":0");
  }
  return false;
}

bool is_secret_reference(std::string_view text) {
  if (text.starts_with("file:")) return text.size() > 5 && !has_control(text);
  if (!text.starts_with("env:")) return false;
  text.remove_prefix(4);
  return !text.empty() && !is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

bool is_database_address(std::string_view text) {
  return (text.starts_with("postgresql://") || text.starts_with("postgres://")) &&
         !has_control(text);
}

bool holds_password(std::string_view address) {
  const auto host = authority(address);
  const auto at = host.rfind('@');
  if (at != host.npos) {
    if (host.substr(0, at).find(':') != host.npos) return true;
    // Over HTTP a lone user part is a token as a rule.
    if (address.starts_with("http")) return true;
  }
  return address.find("password=") != address.npos;
}

bool is_repository_address(std::string_view text) {
  if (text.empty() || has_control(text) || text.find(' ') != text.npos) return false;
  for (const std::string_view scheme : {"https://", "http://", "ssh://", "git://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto host = authority(text);
    return !host.empty() && host.front() != '-' && host.find("@-") == host.npos;
  }
  if (text.starts_with("file:///")) return true;
  const auto at = text.find('@');
  const auto colon = text.find(':');
  return at != text.npos && colon != text.npos && at > 0 && at + 1 < colon &&
         text.find("::") == text.npos && text[at + 1] != '-' && is_name(text.substr(0, at));
}

bool is_web_address(std::string_view text) {
  if (!text.starts_with("https://") && !text.starts_with("http://")) return false;
  return !authority(text).empty() && !has_control(text) && text.find(' ') == text.npos;
}

std::string repository_host(std::string_view url) {
  std::string host(authority(url));
  if (host.empty() && url.find("://") == url.npos) host = url.substr(0, std::min(url.find(':'), url.size()));
  if (const auto at = host.rfind('@'); at != host.npos) host.erase(0, at + 1);
  host.resize(std::min(host.find(':'), host.size()));
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return host;
}

std::string repository_project(std::string_view url) {
  const auto scheme = url.find("://");
  if (url.starts_with("file:")) return "";
  const auto begin = scheme == url.npos ? url.find(':') : url.find('/', scheme + 3);
  if (begin == url.npos) return "";
  url.remove_prefix(begin + 1);
  while (url.starts_with('/')) url.remove_prefix(1);
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.ends_with(".git")) url.remove_suffix(4);
  return is_project(url) ? std::string(url) : std::string();
}

bool is_project(std::string_view text) {
  constexpr std::size_t project_max = 255;
  if (text.size() > project_max || text.find('/') == text.npos) return false;
  for (;;) {
    const auto part = text.substr(0, text.find('/'));
    const bool plain = std::all_of(part.begin(), part.end(), [](char c) {
      return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
    });
    if (part.empty() || part == "." || part == ".." || !plain) return false;
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

bool is_name(std::string_view text) {
  constexpr std::size_t name_max = 64;
  return !text.empty() && text.size() <= name_max && (is_letter(text[0]) || is_digit(text[0])) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

bool is_branch_name(std::string_view text) {
  constexpr std::size_t branch_max = 200;
  if (text.empty() || text.size() > branch_max || has_control(text)) return false;
  if (text.front() == '-' || text.front() == '/' || text.back() == '/' || text.back() == '.')
    return false;
  if (text.find_first_of(" ~^:?*[\\") != text.npos) return false;
  for (const std::string_view bad : {"..", "//", "@{", "/.", ".lock/"}) {
    if (text.find(bad) != text.npos) return false;
  }
  return text.front() != '.' && !text.ends_with(".lock") && text != "@";
}

bool is_host(std::string_view text) {
  const auto colon = text.find(':');
  if (colon != text.npos) {
    if (!is_port(text.substr(colon + 1))) return false;
    text = text.substr(0, colon);
  }
  if (text.starts_with("*.")) text.remove_prefix(2);
  constexpr std::size_t host_max = 253;
  return !text.empty() && text.size() <= host_max && (is_letter(text[0]) || is_digit(text[0])) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
}

bool is_author(std::string_view text) {
  const auto open = text.find('<');
  return open != text.npos && open > 1 && text[open - 1] == ' ' && text.ends_with('>') &&
         open + 2 < text.size() && text.find('>') == text.size() - 1 && text.rfind('<') == open &&
         !has_control(text);
}

bool stays_inside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\\') != path.npos || has_control(path))
    return false;
  const std::filesystem::path parts(path);
  return std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part == ".."; });
}

std::string resolved(const std::string& base, const std::string& path) {
  std::filesystem::path whole(path);
  if (!base.empty() && whole.is_relative()) whole = std::filesystem::path(base) / whole;
  if (base.empty() && whole.is_relative()) return path;
  std::string text = whole.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::string last_component(std::string_view text) {
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  if (text.ends_with(".git")) text.remove_suffix(4);
  const auto slash = text.find_last_of("/:");
  return std::string(slash == text.npos ? text : text.substr(slash + 1));
}

}  // namespace vitana::config
