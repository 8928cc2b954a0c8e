// An error as `--json` prints it.
#pragma once

#include "base/result.h"
#include "wire/json.h"

namespace vitana::wire {

/// {"error":{"code","message","hint"}}, with "causes" and "context" where there are any.
Json error_json(const Error& error);

}  // namespace vitana::wire
