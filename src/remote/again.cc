#include "remote/again.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace vitana::remote {

using namespace std::chrono_literals;

namespace {

constexpr Duration first = 500ms;
constexpr Duration longest = 30s;
constexpr int doublings_max = 6;

}  // namespace

bool may_pass(const Error& error) {
  const auto cls = failure_info(error.code).cls;
  return cls == FailureClass::network || cls == FailureClass::storage || error.code == FailureCode::GATEWAY_BUSY;
}

Duration Pause::next() {
  const auto whole = std::min(longest, first * (1 << std::min(tries_++, doublings_max)));
  return Duration(std::uniform_int_distribution<Duration::rep>(whole.count() / 2, whole.count())(dice_));
}

void pause_for(Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace vitana::remote
