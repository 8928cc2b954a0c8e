#include "store/chain.h"

#include <fmt/format.h>

#include <charconv>

#include "base/utf8.h"

namespace vitana::store {

Digest genesis_of(std::string_view store_id) { return Digest::of(store_id); }

Digest chain_hash(const Digest& previous, const StoredEvent& event) {
  const auto& bytes = previous.bytes();
  Hasher hasher;
  hasher.feed("vitana-event-1");
  hasher.feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  hasher.feed_framed(std::to_string(event.seq));
  hasher.feed_framed(std::to_string(to_us(event.time)));
  hasher.feed_framed(event.type);
  hasher.feed_framed(event.status);
  hasher.feed_framed(event.vtid ? event.vtid->to_string() : "");
  hasher.feed_framed(event.run ? event.run->to_string() : "");
  hasher.feed_framed(event.actor);
  hasher.feed_framed(event.data);
  return hasher.finish();
}

StoredEvent stored_form(const domain::Event& event, Instant time) {
  const auto& info = domain::event_info(event.type);
  StoredEvent stored{.time = time,
                     .type = std::string(info.name),
                     .status = std::string(domain::name_of(info.status)),
                     .vtid = event.vtid,
                     .run = event.run,
                     .actor = utf8_clean(event.actor),
                     .data = utf8_clean(event.data)};
  if (stored.data.size() > event_data_max) {
    stored.data = fmt::format(R"({{"digest":"{}","bytes":{}}})",
                              Digest::of(stored.data).to_string(), stored.data.size());
  }
  return stored;
}

std::string to_string(const ChainHead& head) {
  return fmt::format("{}:{}", head.seq, head.hash.to_string());
}

std::optional<ChainHead> chain_head(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Sequence seq = 0;
  const auto* end = text.data() + colon;
  const auto [stop, fault] = std::from_chars(text.data(), end, seq);
  const auto hash = Digest::parse(text.substr(colon + 1));
  if (fault != std::errc{} || stop != end || seq < 0 || !hash) return std::nullopt;
  return ChainHead{seq, *hash};
}

}  // namespace vitana::store
