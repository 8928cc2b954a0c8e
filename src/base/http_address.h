// An address of HTTP, as far as it must be known to judge where it leads.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vitana {

struct HttpAddress {
  bool encrypted = false;
  std::string host;  ///< as it is written; of IPv6 with its brackets
  bool has_query = false;

  /// By its own name: "localhost", 127.x.x.x, [::1].
  bool names_this_machine() const;
};

/// Scheme, host, port and path of plain visible characters. Errors: REQUEST_INVALID, with what is wrong as the
/// message: "begins with https:// or http://", "holds no user and no password", "names a host", …
Result<HttpAddress> read_http_address(std::string_view text);

}  // namespace vitana
