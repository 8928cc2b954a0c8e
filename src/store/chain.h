// The chain of events: each hash covers the event and the hash before it.
//
// hash = SHA-256 over these bytes, in this order:
//   the 14 bytes "vitana-event-1";
//   the 32 bytes of the hash before (of event 1: the genesis, SHA-256 of the store id's text);
//   eight fields, each as its length in bytes (8 bytes, big-endian) and its bytes:
//     seq and time_us as decimal text, type, status, vtid and run as they are written (empty where
//     absent), actor, data.
// All of it stands in the row of oasis_events, so anyone can compute it again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/event.h"
#include "store/rows.h"

namespace vitana::store {

/// Data of an event is stored as it is up to this size; beyond it, as {"digest":…,"bytes":n}.
inline constexpr std::size_t event_data_max = 16 * 1024;

Digest genesis_of(std::string_view store_id);

/// The hash of `event` after `previous`; event.hash itself is not looked at.
Digest chain_hash(const Digest& previous, const StoredEvent& event);

/// An event in the form that is chained: clean UTF-8 without NUL, data of bounded size. Place and
/// hash are still open.
StoredEvent stored_form(const domain::Event& event, Instant time);

/// "17:sha256:…", as the meta row keeps the head and as `audit --expect` takes an anchor.
std::string to_string(const ChainHead& head);
std::optional<ChainHead> chain_head(std::string_view text);

}  // namespace vitana::store
