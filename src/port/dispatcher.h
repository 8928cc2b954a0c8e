#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/vtid.h"

namespace vitana::port {

/// A worker that gave an address, as far as it is called.
struct CallbackWorker {
  std::string id;
  std::string url;
  std::string secret;  ///< signs what it is told; never in a message
};

/// What a worker is told: that a run waits for it. A hint to claim, and no right to anything.
struct RunOffer {
  std::string key;  ///< of the telling: the same one when the same is told again
  RunId run{Vtid(1)};
  std::string agent;
  std::string repo;
  std::vector<std::string> labels;  ///< that are needed
};

/// Sends a run to a worker that gave an address. Thread-safe.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  /// Which of the workers that could take the run now, the best one first, is told of it; nothing: it is only claimed.
  /// `tries`: how many were told in vain. Blocks for nothing.
  virtual std::optional<CallbackWorker> choose(const RunId& run, const std::vector<CallbackWorker>& fit, int tries) = 0;

  /// Tells it, for ten seconds at most; cut by the stop of the thread's StopScope. Never "ok" for a failure.
  /// Errors: ROUTE_FAILED - it did not take it, or cannot be reached; CANCELLED.
  virtual Result<void> route(const RunOffer& offer, const CallbackWorker& worker) = 0;
};

}  // namespace vitana::port
