// A store with a past: finished tasks, as if they had been done one after the other.
#pragma once

#include <string>

#include "base/vtid.h"

namespace vitana::bench {

/// Repeats all rows and events of the finished task `pattern` for `count` new tasks: every table,
/// the chain of events and the counters included, so that `audit` finds nothing. Written to the file
/// directly, without waiting for the disk. REQUIRES: nobody has the store open; `pattern` is its
/// newest task. Throws std::runtime_error.
void repeat_task(const std::string& database, Vtid pattern, unsigned count);

}  // namespace vitana::bench
