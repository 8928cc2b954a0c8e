// The loop that carries tasks on by itself: scan, gate, allocate, reconcile, effects.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/conductor.h"
#include "engine/registry.h"
#include "engine/run_desk.h"
#include "port/clock.h"

namespace vitana::engine {

/// Two threads when started: `scanner` reads repositories, `conductor` does the engine's own moves.
/// Without start() the caller makes the rounds itself (the simulator does).
class Autopilot {
 public:
  Autopilot(store::Store& store, port::Clock& clock, const Setup& setup, Registry& registry,
            Conductor& conductor, RunDesk& runs);
  ~Autopilot();

  struct Hooks {
    std::function<void(const RepoSync&)> synced = {};   ///< a repository's branch was read
    std::function<void(const std::string& repo, const Error&)> fault = {};
  };

  /// What an engine's start does to the store: frees what dead engines held, gives waiting work
  /// its time again. Called once, under the engine's lock; start() does it.
  Result<void> take_over(const std::string& incarnation);

  /// Takes over, then starts the threads. `scan_every` by repository name.
  Result<void> start(const std::string& incarnation, std::map<std::string, Duration> scan_every,
                     Hooks hooks);
  void request_stop();
  void join();

  /// One round of the engine's own moves; how much was done.
  Result<int> round();

  /// The scanner reads the repository at once. Thread-safe.
  void look_at(const std::string& repo);

  /// Reads one repository now. A fault is recorded as an event, once until it is over.
  Result<RepoSync> scan(const RepoSetup& repo);

  /// Every repository was read, or found unreadable, at least once since start().
  bool scanned() const { return scanned_; }

  /// Nothing is under way, no effect is pending, and no task could go on now or by a timer alone.
  Result<bool> idle();

 private:
  void conduct_loop(std::stop_token stop);
  void scan_loop(std::stop_token stop);

  store::Store& store_;
  port::Clock& clock_;
  const Setup& setup_;
  Registry& registry_;
  Conductor& conductor_;
  RunDesk& runs_;
  std::map<std::string, Duration> scan_every_;
  Hooks hooks_;
  std::atomic<bool> scanned_ = false;
  std::mutex scan_mutex_;
  std::condition_variable_any scan_wake_;
  std::set<std::string> moved_;  ///< repositories to be read at once
  std::jthread conductor_thread_;
  std::jthread scanner_thread_;
};

}  // namespace vitana::engine
