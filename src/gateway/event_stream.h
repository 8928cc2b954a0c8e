// The log as server-sent events.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "gateway/http.h"

namespace vitana::gateway {

/// Each event as "id: SEQUENCE" and its CloudEvent as data, in order. What does not match is passed over, but its
/// place is told ("id:" alone), so that a reader comes back to where it was. Keeps the place in the log and
/// nothing else: the log is the queue.
class EventStream : public Stream {
 public:
  EventStream(engine::Engine& engine, store::EventFilter filter) : engine_(engine), filter_(std::move(filter)) {}

  Result<std::string> next() override;
  std::string_view heartbeat() const override { return ": still here\n\n"; }

 private:
  engine::Engine& engine_;
  store::EventFilter filter_;
};

/// The header Last-Event-ID; nothing where it is empty. Errors: REQUEST_INVALID.
Result<std::optional<store::Sequence>> last_event_id(std::string_view text);

}  // namespace vitana::gateway
