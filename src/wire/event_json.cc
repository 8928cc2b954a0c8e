#include "wire/event_json.h"

#include <nlohmann/json.hpp>

#include "wire/hostile.h"

namespace vitana::wire {

Json event_json(const EventView& event, const std::string& store_id) {
  const std::string sequence = std::to_string(event.seq);
  Json json{{"specversion", "1.0"},
            {"id", sequence},
            {"source", "vitana:" + store_id},
            {"type", event.type}};
  if (event.vtid) json["subject"] = event.vtid->to_string();
  json["time"] = to_rfc3339(event.time);
  json["datacontenttype"] = "application/json";
  json["sequence"] = sequence;
  json["status"] = event.status;
  if (event.run) json["run"] = event.run->to_string();
  json["actor"] = event.actor;
  auto data = parse_hostile(event.data);
  json["data"] = data && data->is_object() ? std::move(*data) : Json{{"text", event.data}};
  return json;
}

}  // namespace vitana::wire
