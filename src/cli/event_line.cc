#include "cli/event_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"
#include "domain/event.h"

namespace vitana::cli {
namespace {

using Json = nlohmann::json;

/// What a line shows of an event's data, in this order.
constexpr const char* shown[] = {"code",     "message",    "what",   "reason", "blocked",
                                 "version",  "agent",      "commit", "ref",    "until",
                                 "retry_at", "not_before", "key",    "on",     "repo"};

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string data_text(const std::string& data) {
  const auto json = Json::parse(data, nullptr, false);
  if (!json.is_object()) return "";
  std::string text;
  for (const char* key : shown) {
    if (!json.contains(key)) continue;
    const auto& value = json[key];
    if (value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()))
      continue;
    const std::string name(key);
    const std::string words =
        name == "commit" ? value_text(value).substr(0, 12) : brief(value_text(value));
    const bool bare = name == "code" || name == "message" || name == "what" || name == "reason" ||
                      name == "blocked";
    text += bare ? fmt::format("  {}", words) : fmt::format("  {} {}", name, words);
  }
  if (json.contains("outcomes") && json["outcomes"].is_object()) {
    for (const auto& [outcome, count] : json["outcomes"].items()) {
      text += fmt::format("  {} {}", value_text(count), outcome);
    }
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::string event_line(const store::StoredEvent& event, bool with_date) {
  const std::string time = to_rfc3339(event.time);
  const std::string about = event.run    ? event.run->to_string()
                            : event.vtid ? event.vtid->to_string()
                                         : "-";
  return fmt::format("{}  {:<12}  {}{}\n", with_date ? time : time.substr(11, 8), about, event.type,
                     data_text(event.data));
}

bool is_meaningful(const store::StoredEvent& event) {
  using domain::EventType;
  static constexpr EventType quiet[] = {EventType::lease_granted,     EventType::lease_released,
                                        EventType::evidence_recorded, EventType::draft_changed,
                                        EventType::draft_validated,   EventType::run_allocated,
                                        EventType::task_allocated,    EventType::dispatch_accepted};
  return std::none_of(std::begin(quiet), std::end(quiet),
                      [&](EventType type) { return domain::event_info(type).name == event.type; });
}

}  // namespace vitana::cli
