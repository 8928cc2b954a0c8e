// A line of the log as a CloudEvent 1.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "base/vtid.h"
#include "wire/json.h"

namespace vitana::wire {

struct EventView {
  std::int64_t seq = 0;
  Instant time{};
  std::string type;
  std::string status;
  std::optional<Vtid> vtid = {};
  std::optional<RunId> run = {};
  std::string actor;
  std::string data;  ///< a JSON object as text; any other text is carried as {"text": …}
};

/// `id` = sequence, `source` = "vitana:<store id>", `subject` = the VTID; extensions `sequence`,
/// `status`, `run`, `actor`. `subject` and `run` are left out where there is none.
Json event_json(const EventView& event, const std::string& store_id);

}  // namespace vitana::wire
