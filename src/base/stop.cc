#include "base/stop.h"

#include <fmt/format.h>

namespace vitana {
namespace {

std::stop_token& stop_of_this_thread() {
  thread_local std::stop_token stop;
  return stop;
}

}  // namespace

StopScope::StopScope(std::stop_token stop)
    : outer_(std::exchange(stop_of_this_thread(), std::move(stop))) {}

StopScope::~StopScope() { stop_of_this_thread() = std::move(outer_); }

const std::stop_token& StopScope::current() { return stop_of_this_thread(); }

Result<Turn::Held> Turn::take(std::string_view what) {
  std::unique_lock lock(mutex_);
  if (!free_again_.wait(lock, StopScope::current(), [this] { return !taken_; })) {
    return failure(FailureCode::CANCELLED, fmt::format("waiting for {} was stopped", what));
  }
  taken_ = true;
  return Held(*this);
}

Turn::Held::~Held() {
  if (turn_ == nullptr) return;
  {
    const std::lock_guard lock(turn_->mutex_);
    turn_->taken_ = false;
  }
  turn_->free_again_.notify_one();
}

}  // namespace vitana
