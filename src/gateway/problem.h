// An error as an answer: RFC 9457, with our code.
#pragma once

#include "base/result.h"
#include "gateway/http.h"

namespace vitana::gateway {

/// {"type","title","status","detail","code","hint"}, with "causes" and "context" where there are any;
/// status and title from the catalogue of failures.
Response problem(const Error& error);

}  // namespace vitana::gateway
