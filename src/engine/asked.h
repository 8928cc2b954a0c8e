// Who asks for something, and how a request that is sent twice is done once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

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

  Asked(domain::Caller caller, std::optional<OnceKey> key) : who(std::move(caller)), once(std::move(key)) {}
  /// One of this program's own words: reaches everything.
  Asked(const char* actor) : who{.actor = actor} {}
  /// A person at the machine itself: reaches everything.
  static Asked at_this_machine(std::string actor) { return {{.actor = std::move(actor)}, std::nullopt}; }

  const std::string& actor() const { return who.actor; }
  bool reaches(std::string_view repo) const { return who.reaches(repo); }
  bool reaches_all() const { return who.repos.empty(); }
  /// For what is of all repositories at once, called `what`. Errors: NOT_ALLOWED.
  Result<void> require_all(std::string_view what) const;
};

/// Names what is there now: something else after each change.
std::string revision_of(const store::DraftRow& draft);
std::string revision_of(const store::ControlRow& control, Instant now);

/// Is what is there what somebody has `seen`, if he says? Errors: CHANGED_MEANWHILE.
Result<void> require_seen(const std::vector<std::string>& seen, const std::string& revision);

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
