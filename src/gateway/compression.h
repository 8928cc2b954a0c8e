// Answers made smaller on the way (RFC 9110, 8.4).
#pragma once

#include <string>
#include <string_view>

#include "gateway/http.h"

namespace vitana::gateway {

/// Does the header Accept-Encoding take gzip? Its weights are heeded.
bool accepts_gzip(std::string_view accept_encoding);

/// Would this answer to this request be sent as gzip? Not a stream, nor what is too small to gain by it.
bool is_compressed(const Request& request, const Response& response);

/// The body as gzip, with the header that says so. Where it would not become smaller, it stays.
void compress(Response& response);

}  // namespace vitana::gateway
