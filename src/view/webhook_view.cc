#include "view/webhook_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace vitana::view {

using wire::Json;

wire::Json webhooks_json(const engine::Engine& engine, store::Reader& reader, const domain::Caller& caller) {
  if (!caller.repos.empty()) return {{"webhooks", Json::array()}};
  const auto head = reader.head().seq;
  const auto time = [](const std::optional<Instant>& at) { return at ? Json(to_rfc3339(*at)) : Json(); };
  Json list = Json::array();
  for (const auto& endpoint : engine.setup().endpoints) {
    const auto row = reader.webhook_cursor(endpoint.name).value_or(store::WebhookCursorRow{.name = endpoint.name});
    // What is not for it is passed in memory alone.
    const auto position = std::min(head, std::max(row.seq, engine.announcer.position(endpoint.name)));
    list.push_back({{"name", endpoint.name},
                    {"host", endpoint.host},
                    {"events", endpoint.events},
                    {"position", position},
                    {"behind", head - position},
                    {"attempts", row.attempts},
                    {"failing_since", time(row.failing_since)},
                    {"next_at", row.failing_since ? Json(to_rfc3339(row.next_at)) : Json()},
                    {"passed_over", row.passed_over},
                    {"error", row.last_error},
                    {"told_at", time(row.told_at)}});
  }
  return {{"webhooks", std::move(list)}};
}

}  // namespace vitana::view
