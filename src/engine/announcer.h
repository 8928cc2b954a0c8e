// Webhooks of the configuration: events of the log that are told to others (docs/adr/0008).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/setup.h"
#include "port/clock.h"
#include "port/entropy.h"
#include "store/store.h"

namespace vitana::engine {

/// One event for one endpoint.
struct Announcement {
  store::StoredEvent event;
  std::string store_id;
  std::string title;  ///< of its task; empty: none, or of no task
  Instant now{};      ///< the store's clock
};

/// Names an event among those of all stores, for ever: the same whenever it is told again. A store that was restored
/// gives its sequences anew, so the line's hash is part of it.
std::string announcement_id(const Announcement& announcement);

/// Tells it, within `announce_deadline`; heeds the stop of its thread (StopScope). Errors: CANCELLED, and anything
/// else, which is no secret's place to stand: it is stored and shown.
using Announce = std::function<Result<void>(const Endpoint&, const Announcement&)>;

/// Is the event one that the endpoint wants? What speaks of the endpoint itself is not.
bool is_for(const Endpoint& endpoint, const store::StoredEvent& event);

/// The log is the outbox: for each endpoint a cursor says how far it was told. In the log's order, at least once. One
/// thread looks at what is new in the log; each endpoint has a thread of its own, which waits while there is nothing
/// for it, so that none delays another. On a store that hosts share, one engine at a time tells an endpoint.
class Announcer {
 public:
  Announcer(store::Store& store, port::Clock& clock, port::Entropy& entropy, const Setup& setup, Announce announce);
  ~Announcer();

  /// A new endpoint begins where the log ends now; one that is configured no longer is forgotten. Called once; start()
  /// does it. Errors: STORE_*.
  Result<void> begin();
  /// How far one step came.
  struct Step {
    bool tried = false;                      ///< an event was told, or was not taken
    std::optional<Instant> not_before = {};  ///< of the clock: there is more, and it has to wait
  };
  /// Tells the next event for an endpoint, or finds that there is none. Called by its thread; without start() by the
  /// caller. Errors: STORE_*. REQUIRES: begin() was called, and the endpoint is configured.
  Result<Step> step(const std::string& endpoint);

  /// Begins, and starts the threads. Called once. `fault` is called by each of them. Errors: as begin().
  Result<void> start(std::function<void(const Error&)> fault);
  /// Waits for told(), of the log as it is now, for at most `most`; request_stop() ends it. After start().
  void finish(Duration most);
  /// A try that is under way is cut. Thread-safe.
  void request_stop();
  void join();

  /// Of the log up to `head` all was told that its endpoints take now; who fails is not waited for. Thread-safe.
  bool told(store::Sequence head) const;

  /// Up to where the log was looked at for an endpoint, as far as this engine knows. Thread-safe.
  store::Sequence position(const std::string& endpoint) const;

 private:
  bool told_all(store::Sequence head) const;  ///< REQUIRES: mutex_ is held
  struct Line {
    const Endpoint* endpoint = nullptr;
    store::Sequence position = 0;  ///< all up to here is told, passed over, or not for it; guarded by mutex_
    bool news = true;              ///< there may be something beyond `position`; guarded by mutex_
    bool failing = false;          ///< its next try is due later; guarded by mutex_
    /// What was read and is for it, of the log up to `read_to`; its thread's own.
    std::deque<store::StoredEvent> waiting = {};
    store::Sequence read_to = 0;
    std::jthread thread = {};
  };
  void watch_loop(std::stop_token stop);
  void tell_loop(Line& line, std::stop_token stop);
  /// Looks at what is new in the log for those that wait.
  Result<void> watch();
  Result<Step> advance(Line& line);
  /// The endpoint is this engine's to tell until the try is over; false: another one's.
  Result<bool> hold(const Endpoint& endpoint, store::WebhookCursorRow& cursor);
  Result<void> note_told(const Endpoint& endpoint, const Announcement& announcement);
  Result<Instant> note_failed(const Endpoint& endpoint, const Announcement& announcement, Instant since,
                              const Error& error);
  /// Writes down where the line is. `leaving`: another engine may tell the endpoint at once.
  Result<void> write_position(const Line& line, bool leaving = false);
  /// The line was looked at up to `position`; there may be more in the log.
  void reached(Line& line, store::Sequence position);
  bool holds_for_others(const store::WebhookCursorRow& cursor, Instant now) const;

  store::Store& store_;
  port::Clock& clock_;
  port::Entropy& entropy_;
  const Setup& setup_;
  const Announce announce_;
  std::function<void(const Error&)> fault_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  store::Sequence seen_ = 0;  ///< the log was looked at up to here; guarded by mutex_
  std::vector<std::unique_ptr<Line>> lines_;  ///< none comes or goes after start()
  std::jthread watcher_;
};

inline constexpr Duration announce_deadline = std::chrono::seconds(10);
inline constexpr Duration announce_delay = std::chrono::seconds(1);         ///< after the first failed try
inline constexpr Duration announce_delay_max = std::chrono::minutes(5);
inline constexpr Duration announce_for = std::chrono::hours(24);            ///< what fails for so long is passed over
inline constexpr Duration announce_hold = std::chrono::seconds(60);         ///< see WebhookCursorRow::held_until
inline constexpr Duration cursor_kept = std::chrono::hours(24 * 7);         ///< of a home that is gone
inline constexpr store::Sequence unwritten_max = 10'000;                    ///< lines passed in memory alone
inline constexpr int announce_page = 500;                                   ///< lines of the log looked at in one read

}  // namespace vitana::engine
