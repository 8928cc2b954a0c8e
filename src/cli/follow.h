// Looking on while something happens: new events, and the signals that end it.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/call.h"

namespace vitana::cli {

/// While it lives, SIGINT, SIGTERM and SIGQUIT are counted instead of ending the process. One at a
/// time.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// A graceful end was asked for.
  bool asked() const;
  /// An end at once: a second signal, or SIGQUIT.
  bool now() const;
};

/// The events that match a filter, in their order, as they come.
class EventTail {
 public:
  EventTail(Session& session, store::EventFilter filter)
      : session_(session), filter_(std::move(filter)) {}

  /// What has come since the last call; waits up to `timeout` where there is nothing yet.
  Result<std::vector<store::StoredEvent>> next(Duration timeout);
  store::Sequence position() const { return filter_.after; }

 private:
  Session& session_;
  store::EventFilter filter_;
};

/// The place in the log after which everything is new.
Result<store::Sequence> log_end(Session& session);

/// Takes what the engine's threads report and gives it to the thread that prints.
class HookQueue {
 public:
  /// Valid while this object lives.
  engine::Autopilot::Hooks hooks();

  std::vector<engine::RepoSync> take_synced();
  /// "REPO: CODE: message"; each once until it changes.
  std::vector<std::string> take_faults();

 private:
  static constexpr std::size_t waiting_max = 1000;  // beyond it the oldest are dropped
  std::mutex mutex_;
  std::deque<engine::RepoSync> synced_;
  std::deque<std::string> faults_;
  std::map<std::string, std::string> last_fault_;
};

/// Ends what Session::start began; a signal meanwhile, or `now`, ends it at once.
void stop_session(Session& session, const Signals& signals, Duration grace);

}  // namespace vitana::cli
