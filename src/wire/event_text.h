// A line of the log as one sentence for a person, as chat tools show it.
#pragma once

#include <string>

#include "wire/event_json.h"

namespace vitana::wire {

/// What happened to which task, the code and message of a failure, and what a person does about it; one line, at most
/// `event_text_bytes_max`. `title`: of the event's task. A chat tool finds no mention, no link that says
/// another address than it leads to, and no mark-up that hides anything, whatever the task's texts say.
std::string event_text(const EventView& event, const std::string& title);
inline constexpr std::size_t event_text_bytes_max = 1000;

/// The event as it is everywhere (event_json()), with the sentence as the extension `text`.
Json announcement_json(const EventView& event, const std::string& store_id, const std::string& title);

}  // namespace vitana::wire
