#include "base/http_address.h"

#include <algorithm>

namespace vitana {

bool HttpAddress::names_this_machine() const {
  const bool number = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "[::1]" || (number && host.starts_with("127."));
}

Result<HttpAddress> read_http_address(std::string_view text) {
  const auto refused = [](const char* why) { return failure(FailureCode::REQUEST_INVALID, why); };
  HttpAddress address{.encrypted = text.starts_with("https://"), .host = {}};
  if (!address.encrypted && !text.starts_with("http://")) return refused("begins with https:// or http://");
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '\\'; })) {
    return refused("holds no blank and no other character than those of ASCII");
  }
  text.remove_prefix(text.find("//") + 2);
  const auto authority = text.substr(0, text.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return refused("holds no user and no password");
  const auto host = authority.substr(0, authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':'));
  if (host.empty()) return refused("names a host");
  const auto port = authority.substr(host.size());
  const bool is_port = port.empty() || (port.size() > 1 && port.size() <= 6 && port.front() == ':' &&
                                        port.find_first_not_of("0123456789", 1) == std::string_view::npos);
  if (!is_port) return refused("has a number as its port");
  address.host = host;
  address.has_query = text.find_first_of("?#") != std::string_view::npos;
  return address;
}

}  // namespace vitana
