// A line of the log as a person reads it.
#pragma once

#include <string>

#include "store/rows.h"

namespace vitana::cli {

/// "14:02:03  VTID-01213.1  autopilot.state.executing  agent fixer" with the code and the reason
/// where the event carries them. `with_date` writes the whole time.
std::string event_line(const store::StoredEvent& event, bool with_date);

/// Is it worth a line while one looks on? Leases, heartbeats and single judgements are not.
bool is_meaningful(const store::StoredEvent& event);

}  // namespace vitana::cli
