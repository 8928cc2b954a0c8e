#pragma once

#include <string>

#include "base/result.h"
#include "base/vtid.h"

namespace vitana::port {

/// Sends a run to a worker that gave an address.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  /// The address for a new run; empty when runs are only claimed.
  virtual std::string callback_url(const RunId& run) = 0;

  /// Errors: ROUTE_FAILED, NETWORK_UNREACHABLE. Never "ok" for a failure.
  virtual Result<void> route(const RunId& run, const std::string& url) = 0;
};

}  // namespace vitana::port
