// The loop that carries tasks on by itself: scan, gate, allocate, reconcile, effects.
#pragma once

#include <chrono>
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

/// Threads when started: `conductor` does the engine's own moves, `teller` tells persons, `routers` tell workers that
/// gave an address; `scanner` reads
/// the repositories on this machine, one after the other. Those on other machines are read beside it, a
/// few at a time: one that does not answer is waited for by no other. Without start() the caller makes the
/// rounds itself (the simulator does).
class Autopilot {
 public:
  Autopilot(store::Store& store, port::Clock& clock, const Setup& setup, Registry& registry,
            Conductor& conductor, RunDesk& runs);
  ~Autopilot();

  /// Called by each of these threads: several at a time.
  struct Hooks {
    std::function<void(const RepoSync&)> synced = {};   ///< a repository's branch was read
    /// It could not be read; without a name: the engine's own moves met a fault.
    std::function<void(const std::string& repo, const Error&)> fault = {};
  };

  /// What an engine's start does to the store: frees what dead engines held, gives waiting work
  /// its time again. Called once, under the engine's lock; start() does it.
  /// Errors: those of the store.
  Result<void> take_over(const std::string& incarnation);

  /// Takes over, then starts the threads. `scan_every` by repository name. Called once.
  /// Errors: those of take_over(); no thread runs then.
  Result<void> start(const std::string& incarnation, std::map<std::string, Duration> scan_every,
                     Hooks hooks);
  /// A scan that is under way is cut: who stops waits for no repository.
  void request_stop();
  void join();

  /// One round of the engine's own moves, but for telling persons; how much was done.
  Result<int> round();

  /// The repository is due now: it is read as soon as a scanner is free, and again if it is being read.
  /// Thread-safe.
  void look_at(const std::string& repo);

  /// Reads one repository now. A fault is recorded as an event, once until it is over. Thread-safe.
  Result<RepoSync> scan(const RepoSetup& repo, Others others = Others::asked);

  /// Every repository was read, or found unreadable, at least once since start().
  bool scanned() const;

  /// Nothing is under way, no effect is pending, and no task could go on now or by a timer alone; what others are to be
  /// told of the log up to its end was told, as far as they take it.
  Result<bool> idle();
  /// Before start(): says whether that is so. Thread-safe.
  void on_told(std::function<bool(store::Sequence head)> told) { told_ = std::move(told); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  /// When a repository is read; guarded by scan_mutex_.
  struct Scan {
    const RepoSetup* repo;
    Duration every;
    Time due{};
    bool under_way = false;
    bool read = false;  ///< or found unreadable, once
  };

  void conduct_loop(std::stop_token stop);
  void tell_loop(std::stop_token stop);
  void route_loop(std::stop_token stop);
  /// May the task's run go on, by itself or when a worker takes it? Not one that is held until a person acts.
  bool goes_on(store::Reader& reader, const domain::Task& task) const;
  bool any_run_goes_on(store::Reader& reader) const;
  /// Its delivery waits for a clean working tree, which the engine looks at again.
  bool is_rechecked(store::Reader& reader, const domain::Task& task) const;
  void scan_loop(std::stop_token stop, bool elsewhere);
  /// The one that nobody reads now and that is due first; none where there is nothing to wait for.
  Scan* next_scan(bool elsewhere);

  store::Store& store_;
  port::Clock& clock_;
  const Setup& setup_;
  Registry& registry_;
  Conductor& conductor_;
  RunDesk& runs_;
  Hooks hooks_;
  std::function<bool(store::Sequence)> told_;
  mutable std::mutex scan_mutex_;
  std::condition_variable_any scan_wake_;
  /// By repository: the faults that were recorded since it was read last; absent: not looked at yet.
  std::map<std::string, std::set<FailureCode>> faults_;  ///< guarded by scan_mutex_
  std::vector<Scan> scans_;  ///< in the configured order; none comes or goes after start()
  int scan_news_ = 0;        ///< grows when one of them becomes due, or is free again
  std::jthread conductor_thread_;
  std::jthread teller_thread_;
  std::vector<std::jthread> router_threads_;
  std::vector<std::jthread> scanner_threads_;
};

inline constexpr int remote_scanners_max = 4;
inline constexpr int routers = 4;  ///< workers that are told at a time: one that does not answer delays no other

}  // namespace vitana::engine
