// The service manager that started this process, if one did: systemd's protocol of notifications.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/time.h"

namespace vitana::app {

/// Where the manager listens, and how often it wants to hear; as the environment says it.
struct ManagerPlace {
  std::string socket;                     ///< NOTIFY_SOCKET: a path, or "@" and an abstract name; empty: nobody listens
  std::optional<Duration> watchdog = {};  ///< the process is ended when nothing was heard for so long

  static ManagerPlace of_environment();
};

/// Thread-safe. Nobody waits for a manager that does not listen.
class ServiceManager {
 public:
  explicit ServiceManager(ManagerPlace place) : place_(std::move(place)) {}

  /// All that was asked for has begun. From here on the watchdog is told, twice in each of its spans, for as long as
  /// `alive` says so; without an answer it is not told.
  void ready(const std::string& status, std::function<bool()> alive);
  /// What was ready is ending. It has its time for that, whatever `alive` would say.
  void stopping();

 private:
  void tell(const std::string& state) const;

  const ManagerPlace place_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> stopping_ = false;
  std::jthread watchdog_;
};

}  // namespace vitana::app
