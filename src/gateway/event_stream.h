// The log as server-sent events.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http.h"
#include "store/store.h"

namespace vitana::gateway {

/// A piece of the log as readers get it: each event as "id: SEQUENCE" and its CloudEvent as data, in order. What does
/// not match is passed over, but its place is told ("id:" alone), so that a reader comes back to where it was.
struct LogPage {
  std::string text;
  store::Sequence position = 0;  ///< all up to here was looked at
  bool end = false;              ///< there was no more
};

/// Pieces of the whole log, read and rendered once for all who are at the same place. Keeps a few. Thread-safe.
class LogPages {
 public:
  /// `store` outlives it.
  explicit LogPages(store::Store& store) : store_(store) {}

  /// Errors: STORE_*.
  Result<std::shared_ptr<const LogPage>> after(store::Sequence place);

 private:
  struct Kept {
    std::shared_ptr<const LogPage> page;
    std::uint64_t commits = 0;  ///< of the store, before it was read
  };

  store::Store& store_;
  std::mutex mutex_;
  std::map<store::Sequence, Kept> kept_;  ///< by the place that they come after
  std::size_t bytes_kept_ = 0;
};

/// Keeps the place in the log and nothing else: the log is the queue.
class EventStream : public Stream {
 public:
  /// `store` and `pages` outlive it.
  EventStream(store::Store& store, LogPages& pages, store::EventFilter filter)
      : store_(store), pages_(pages), filter_(std::move(filter)) {}

  Result<std::string> next() override;
  bool caught_up() const override { return caught_up_; }
  std::string_view heartbeat() const override { return ": still here\n\n"; }

 private:
  store::Store& store_;
  LogPages& pages_;
  store::EventFilter filter_;
  bool caught_up_ = false;
};

/// The header Last-Event-ID; nothing where it is empty. Errors: REQUEST_INVALID.
Result<std::optional<store::Sequence>> last_event_id(std::string_view text);

}  // namespace vitana::gateway
