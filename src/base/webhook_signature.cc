#include "base/webhook_signature.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/digest.h"

namespace vitana {

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp_seconds,
                              std::string_view body) {
  constexpr std::string_view prefix = "whsec_";
  std::string key(secret);
  if (secret.starts_with(prefix)) {
    auto decoded = from_base64(secret.substr(prefix.size()));
    if (!decoded || decoded->empty()) return "";
    key = std::move(*decoded);
  }
  const auto digest = Digest::keyed(key, fmt::format("{}.{}.{}", id, timestamp_seconds, body));
  const auto& bytes = digest.bytes();
  return "v1," + to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace vitana
