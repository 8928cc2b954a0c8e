// What a thread of the engine does for as long as it lives: a round, and a rest until there may be more.
#pragma once

#include <stop_token>

#include "base/stop.h"
#include "base/time.h"
#include "store/store.h"

namespace vitana::engine {

/// Calls `round` until `stop` is asked for. A round returns how much it did, and is followed at once by the next; one
/// that did nothing by a rest until something was committed, one that failed by `fault` and a rest until something
/// else is; for `every` at most. What it waits for ends with `stop` (StopScope).
template <typename Round, typename Fault>
void go_round(store::Store& store, const std::stop_token& stop, Duration every, const Round& round,
              const Fault& fault) {
  const StopScope cut(stop);
  while (!stop.stop_requested()) {
    const auto seen = store.commits();
    const auto done = round();
    if (!done) fault(done.error());
    if (!done || *done == 0) store.wait_for_commit(done ? seen : store.commits(), every);
  }
}

}  // namespace vitana::engine
