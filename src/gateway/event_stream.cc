#include "gateway/event_stream.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "view/json.h"

namespace vitana::gateway {
namespace {

constexpr int events_at_once = 100;
constexpr std::size_t bytes_kept_max = std::size_t{16} << 20;

Result<std::shared_ptr<const LogPage>> read_page(store::Store& store, store::EventFilter filter) {
  auto page_read = std::make_shared<LogPage>();
  auto& out = *page_read;
  filter.limit = events_at_once;
  auto done = store.read([&](store::Reader& reader) -> Result<void> {
    const auto page = reader.event_page(filter);
    const auto store_id = page.events.empty() ? std::string() : reader.store_id();
    for (const auto& event : page.events) {
      out.text += fmt::format("id: {}\ndata: {}\n\n", event.seq, wire::to_text(view::event_json(event, store_id)));
    }
    const bool passed_over = page.position > (page.events.empty() ? filter.after : page.events.back().seq);
    if (passed_over) out.text += fmt::format("id: {}\n\n", page.position);
    out.position = page.position;
    out.end = page.end;
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return page_read;
}

bool is_of_the_whole_log(const store::EventFilter& filter) {
  return !filter.vtid && filter.type_glob.empty() && filter.repos.empty();
}

}  // namespace

Result<std::shared_ptr<const LogPage>> LogPages::after(store::Sequence place) {
  const auto commits = store_.commits();
  {
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.find(place);
    // What stands in the log stays as it is; only its end moves.
    const bool holds = kept != kept_.end() && (!kept->second.page->end || kept->second.commits == commits);
    if (holds) return kept->second.page;
  }
  auto page = read_page(store_, {.after = place});
  if (!page) return page;
  const auto& shared = *page;
  const std::lock_guard lock(mutex_);
  auto& kept = kept_[place];
  bytes_kept_ += shared->text.size() - (kept.page ? kept.page->text.size() : 0);
  kept = {shared, commits};
  // Most readers are near the end.
  while (bytes_kept_ > bytes_kept_max && !kept_.empty()) {
    bytes_kept_ -= kept_.begin()->second.page->text.size();
    kept_.erase(kept_.begin());
  }
  return shared;
}

Result<std::string> EventStream::next() {
  const auto read = is_of_the_whole_log(filter_) ? pages_.after(filter_.after) : read_page(store_, filter_);
  if (!read) return failure(read.error());
  const auto& page = **read;
  filter_.after = page.position;
  caught_up_ = page.end;
  return page.text;
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
