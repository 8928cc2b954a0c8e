// The signature of a webhook (Standard Webhooks, scheme v1): what the header `webhook-signature` says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vitana {

/// "v1," and HMAC-SHA256 over "ID.TIMESTAMP.BODY" in base64. The key is `secret`: its bytes, or what stands in base64
/// behind a leading "whsec_". The same arguments make the same signature.
std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp_seconds,
                              std::string_view body);

}  // namespace vitana
