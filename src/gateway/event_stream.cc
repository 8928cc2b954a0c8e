#include "gateway/event_stream.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "view/json.h"

namespace vitana::gateway {
namespace {

constexpr int events_at_once = 100;

}  // namespace

Result<std::string> EventStream::next() {
  std::string text;
  filter_.limit = events_at_once;
  auto done = engine_.store().read([&](store::Reader& reader) -> Result<void> {
    const auto page = reader.event_page(filter_);
    const auto store_id = page.events.empty() ? std::string() : reader.store_id();
    for (const auto& event : page.events) {
      text += fmt::format("id: {}\ndata: {}\n\n", event.seq, wire::to_text(view::event_json(event, store_id)));
    }
    const bool passed_over = page.position > (page.events.empty() ? filter_.after : page.events.back().seq);
    if (passed_over) text += fmt::format("id: {}\n\n", page.position);
    filter_.after = page.position;
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return text;
}

Result<std::optional<store::Sequence>> last_event_id(std::string_view text) {
  if (text.empty()) return std::optional<store::Sequence>();
  store::Sequence sequence = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, sequence);
  if (error != std::errc() || at != end || sequence < 0) {
    return failure(FailureCode::REQUEST_INVALID, "Last-Event-ID is the id of an event: a whole number");
  }
  return std::optional(sequence);
}

}  // namespace vitana::gateway
