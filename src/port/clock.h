#pragma once

#include "base/time.h"

namespace vitana::port {

/// UTC now. Thread-safe. May step backwards (it is a wall clock); never used to measure.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;
};

}  // namespace vitana::port
