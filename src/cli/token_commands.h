// vitana tokens …: who may ask the gateway.
#pragma once

#include <string>
#include <vector>

#include "cli/call.h"

namespace vitana::cli {

struct TokenOptions {
  std::string name;  ///< empty: who calls
  std::string role;
  std::vector<std::string> repos;
  std::string expires;  ///< "30d"; empty: never
};

/// Prints the token once: it is kept nowhere. Errors: REPO_UNKNOWN, USAGE, STORE_*.
Answer tokens_create(Call& call, const TokenOptions& options);
/// Prints a link that logs a browser in, once. Errors: as tokens_create(), and STATE_REFUSED: nothing serves.
Answer tokens_link(Call& call, const TokenOptions& options);
Answer tokens_list(Call& call);
/// Errors: NOT_FOUND.
Answer tokens_revoke(Call& call, const std::string& id);

}  // namespace vitana::cli
