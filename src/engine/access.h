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

/// What a text is that lets somebody in. It says so itself, and so does the id of its row: none can be taken for
/// another.
enum class Credential {
  token,    ///< a program's, sent with each request
  link,     ///< opens one session, within link_for
  session,  ///< a browser's
};

inline constexpr Duration link_for = std::chrono::minutes(10);
inline constexpr Duration session_for = std::chrono::hours(24 * 7);

/// Thread-safe. Who reaches some repositories only makes no tokens and takes none back: NOT_ALLOWED.
/// Common errors: STORE_*.
class Access {
 public:
  Access(store::Store& store, port::Entropy& entropy, const Setup& setup)
      : store_(store), entropy_(entropy), setup_(setup) {}

  /// Errors: USAGE, without a name; REPO_UNKNOWN; STATE_REFUSED: the request was sent before, and its token told.
  Result<IssuedToken> issue(const TokenRequest& request, const Asked& asked);

  /// What a browser is sent to, once, to become what `request` says; `valid_for` is link_for. Errors: as issue().
  Result<IssuedToken> link(TokenRequest request, const Asked& asked);

  /// A session by a link, which is used up by the same commit, or by a token, with which it ends.
  /// Errors: UNAUTHENTICATED.
  Result<IssuedToken> open_session(std::string_view text);

  /// Twice is once; one that does not hold is none.
  Result<void> close_session(std::string_view text);

  /// By its id, and the sessions that it has opened. Twice is once. Errors: NOT_FOUND.
  Result<store::TokenRow> revoke(const std::string& id, const Asked& asked);

  /// Oldest first; those that hold no more too.
  Result<std::vector<store::TokenRow>> tokens();

  /// Whose this is, if it holds now. Errors: UNAUTHENTICATED, which does not say why.
  Result<domain::Caller> identify(std::string_view text, Credential as = Credential::token);

 private:
  IssuedToken draw(const TokenRequest& request, Credential kind, const std::string& by);
  Result<IssuedToken> make(const TokenRequest& request, Credential kind, const Asked& asked);
  Result<std::optional<store::TokenRow>> row_of(std::string_view text, Credential as);

  store::Store& store_;
  port::Entropy& entropy_;
  const Setup& setup_;
};

}  // namespace vitana::engine
