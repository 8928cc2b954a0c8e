// Tokens: who may ask from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/asked.h"
#include "engine/setup.h"
#include "store/store.h"

namespace vitana::engine {

struct TokenRequest {
  std::string name;  ///< a person's or a program's: stands in the log as the actor
  domain::Role role = domain::Role::viewer;
  std::vector<std::string> repos = {};          ///< empty: all
  std::optional<Duration> valid_for = {};       ///< absent: until it is revoked
};

struct IssuedToken {
  store::TokenRow row;
  std::string token;  ///< told once: the store keeps its digest only
};

/// Thread-safe. Who reaches some repositories only makes no tokens and takes none back: NOT_ALLOWED.
/// Common errors: STORE_*.
class Access {
 public:
  Access(store::Store& store, port::Entropy& entropy, const Setup& setup)
      : store_(store), entropy_(entropy), setup_(setup) {}

  /// Errors: USAGE, without a name; REPO_UNKNOWN; STATE_REFUSED: the request was sent before, and its token told.
  Result<IssuedToken> issue(const TokenRequest& request, const Asked& asked);

  /// By its id. Twice is once. Errors: NOT_FOUND.
  Result<store::TokenRow> revoke(const std::string& id, const Asked& asked);

  /// Oldest first; those that hold no more too.
  Result<std::vector<store::TokenRow>> tokens();

  /// Whose token this is, if it holds now. Errors: UNAUTHENTICATED, which does not say why.
  Result<domain::Caller> identify(std::string_view token);

 private:
  store::Store& store_;
  port::Entropy& entropy_;
  const Setup& setup_;
};

}  // namespace vitana::engine
