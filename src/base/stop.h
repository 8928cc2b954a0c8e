// How a thread is told to give up what it waits for.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace vitana {

/// While it lives, a stop ends what this thread waits for: each call of git, and each Turn. One step's
/// or one scan's work is one thread's, so this holds for all that it asks.
class StopScope {
 public:
  explicit StopScope(std::stop_token stop);
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

  /// Never stopped where the thread has no scope.
  static const std::stop_token& current();

 private:
  std::stop_token outer_;
};

/// A mutex for what may take long: who waits for it heeds the stop of its thread.
class Turn {
 public:
  /// Gives the turn back.
  class Held {
   public:
    explicit Held(Turn& turn) : turn_(&turn) {}
    Held(Held&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
    Held& operator=(Held&&) = delete;
    ~Held();

   private:
    Turn* turn_;
  };

  /// Errors: CANCELLED, with `what` was waited for.
  Result<Held> take(std::string_view what);

 private:
  std::mutex mutex_;
  std::condition_variable_any free_again_;
  bool taken_ = false;
};

}  // namespace vitana
