#include "base/webhook_signature.h"

#include "base/base64.h"
#include "base/digest.h"

namespace vitana {

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp_seconds,
                              std::string_view body) {
  constexpr std::string_view prefix = "whsec_";
  std::string key(secret);
  if (secret.starts_with(prefix)) {
    auto decoded = from_base64(secret.substr(prefix.size()));
    if (decoded && !decoded->empty()) key = std::move(*decoded);
  }
  std::string signed_text(id);
  signed_text += '.';
  signed_text += std::to_string(timestamp_seconds);
  signed_text += '.';
  signed_text += body;
  const auto bytes = Digest::keyed(key, signed_text).bytes();
  return "v1," + to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace vitana
