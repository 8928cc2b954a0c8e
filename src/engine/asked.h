// Who asks for something, and how a request that is sent twice is done once.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/digest.h"
#include "domain/access.h"
#include "store/store.h"

namespace vitana::engine {

/// A request as its sender names it. The same name with another digest is a mistake of the sender.
struct OnceKey {
  std::string caller;
  std::string key;
  Digest request;  ///< of all that was asked
};

/// Who asks, and what is within his reach: what is not is as if it were not there.
struct Asked {
  domain::Caller who;                 ///< `actor` is kept in the log
  std::optional<OnceKey> once = {};   ///< absent: each request is one of its own

  /// A person at the machine itself.
  Asked(std::string actor) : who{.actor = std::move(actor)} {}
  Asked(const char* actor) : Asked(std::string(actor)) {}
  Asked(domain::Caller caller, std::optional<OnceKey> key) : who(std::move(caller)), once(std::move(key)) {}

  const std::string& actor() const { return who.actor; }
  bool reaches(std::string_view repo) const { return who.reaches(repo); }
};

/// For how long a key is known: who repeats a request later asks anew.
inline constexpr Duration once_for = std::chrono::hours(24);

/// Does something; the name of what it made or changed, or nothing where more follows in another unit.
using OnceWork = std::function<Result<std::optional<std::string>>(store::Ledger&)>;
/// It was done before, to what is named so: finds that as it is now.
using OnceAgain = std::function<Result<void>(store::Ledger&, const std::string& made)>;

/// One unit of work. With a key of `asked`, what it made is noted by the same commit, and a repetition finds it
/// and does nothing. Errors: KEY_REUSED - the key came with another request; those of `work`, `again`, STORE_*.
Result<void> commit_once(store::Store& store, const Asked& asked, const OnceWork& work, const OnceAgain& again);

}  // namespace vitana::engine
