// The OpenAPI document: what the table of routes and gateway/schema say, and nothing else.
#pragma once

#include <string>

#include "base/result.h"
#include "wire/json.h"

namespace vitana::gateway {

/// OpenAPI 3.1, as JSON text; made once.
const std::string& document_text();
const wire::Json& document();

/// Does `value` fit the schema of that name? Errors: REQUEST_INVALID, with what does not fit, and where.
/// REQUIRES: gateway/schema has one.
Result<void> fits(std::string_view schema, const wire::Json& value);

}  // namespace vitana::gateway
