// How a webhook is signed, by the Standard Webhooks specification (HMAC-SHA256, version v1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vitana {

/// The value of the header webhook-signature: "v1," and the base64 of the HMAC-SHA256 of
/// "ID.SECONDS.BODY". A secret that begins with "whsec_" is the key in base64; any other is the key itself.
/// Empty: the secret says that it is base64, and is none or holds nothing.
std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp_seconds,
                              std::string_view body);

}  // namespace vitana
