// Trying again: what may pass by itself, and how long to wait between.
#pragma once

#include <random>
#include <stop_token>

#include "base/result.h"
#include "base/time.h"

namespace vitana::remote {

/// May the same call go through later: the other side is away, busy, or its disk is full?
bool may_pass(const Error& error);

/// Longer from one try to the next, up to half a minute, and never the same for all who wait.
class Pause {
 public:
  Pause() : dice_(std::random_device{}()) {}
  Duration next();
  void reset() { tries_ = 0; }

 private:
  std::minstd_rand dice_;
  int tries_ = 0;
};

/// Returns after `duration`, or as soon as `stop` is asked for.
void pause_for(Duration duration, const std::stop_token& stop);

/// Calls until it goes through, is refused for good, or `stop` is asked for (CANCELLED).
template <typename Call>
auto until_taken(const std::stop_token& stop, const Call& call) -> decltype(call()) {
  Pause pause;
  for (;;) {
    auto done = call();
    if (done || !may_pass(done.error())) return done;
    pause_for(pause.next(), stop);
    if (stop.stop_requested()) return failure(FailureCode::CANCELLED, "stopped while the gateway was away");
  }
}

}  // namespace vitana::remote
