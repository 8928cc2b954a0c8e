// What forges tell: hints to look at a repository now, instead of at its next scan.
#pragma once

#include <string>

#include "engine/autopilot.h"
#include "engine/setup.h"
#include "store/store.h"

namespace vitana::engine {

/// A delivery whose signature held. What it says is never read as data: git is asked.
struct Hint {
  std::string repo;
  std::string delivery;  ///< the forge's id of it
  std::string forge;
  std::string event;     ///< in the forge's own word
  bool pushed = false;
  std::string ref = {};  ///< of a push; empty: not known
};

enum class HintOutcome {
  looking,       ///< the repository is read as soon as a scanner is free
  other_branch,  ///< its specs come from another one; what this one's would become is judged
  ignored,       ///< no push
  repeated,      ///< taken before
};
std::string_view name_of(HintOutcome outcome);

/// For how long a delivery is known when it comes again.
inline constexpr Duration deliveries_for = std::chrono::hours(24 * 7);

/// Thread-safe.
class Webhooks {
 public:
  Webhooks(store::Store& store, const Setup& setup, Autopilot& autopilot)
      : store_(store), setup_(setup), autopilot_(autopilot) {}

  /// Remembers it, and answers at once. A crash between the two costs one scan interval. Errors: STORE_*.
  /// REQUIRES: the repository is configured.
  Result<HintOutcome> take(const Hint& hint);

 private:
  store::Store& store_;
  const Setup& setup_;
  Autopilot& autopilot_;
};

}  // namespace vitana::engine
