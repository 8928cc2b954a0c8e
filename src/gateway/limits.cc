#include "gateway/limits.h"

#include <algorithm>
#include <cmath>

namespace vitana::gateway {
namespace {

constexpr double seconds_of_a_minute = 60;

std::string key_of(std::string_view token) {
  const auto digest = Digest::of(token);
  return {reinterpret_cast<const char*>(digest.bytes().data()), digest.bytes().size()};
}

Error too_many(std::string message, std::chrono::seconds wait) {
  return Error{FailureCode::TOO_MANY_REQUESTS, std::move(message)}.with("retry_after", std::to_string(wait.count()));
}

}  // namespace

std::optional<std::chrono::seconds> Buckets::take(const std::string& key, Time now) {
  if (per_minute_ == 0) return std::nullopt;
  const double full = per_minute_;
  const double each_second = full / seconds_of_a_minute;
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (buckets_.size() >= keys_max_) {
      by_key_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
    buckets_.push_front({key, full, now});
    by_key_.emplace(key, buckets_.begin());
  } else {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  }
  auto& bucket = buckets_.front();
  const auto passed = std::chrono::duration<double>(std::max(now - bucket.at, Time::duration::zero())).count();
  bucket.left = std::min(full, bucket.left + passed * each_second);
  bucket.at = std::max(now, bucket.at);
  if (bucket.left < 1) {
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil((1 - bucket.left) / each_second)));
  }
  bucket.left -= 1;
  return std::nullopt;
}

Limits::Limits(const LimitOptions& options)
    : requests_(options.requests_per_minute, keys_max), failures_(options.failures_per_minute, keys_max) {}

Result<void> Limits::ask(const std::string& origin, std::string_view token, Time now) {
  if (origin.empty()) return {};
  auto key = token.empty() ? std::string() : key_of(token);
  const std::lock_guard lock(mutex_);
  const bool holds = by_holder_.contains(key);
  // A digest is 32 bytes, which no written address has.
  const auto wait = requests_.take(holds ? key : origin, now);
  if (!wait) return {};
  return failure(too_many(holds ? "this token has asked too much in a short time"
                                : "too much was asked from this address in a short time", *wait));
}

void Limits::held(std::string_view token) {
  auto key = key_of(token);
  const std::lock_guard lock(mutex_);
  if (const auto found = by_holder_.find(key); found != by_holder_.end()) {
    holders_.splice(holders_.begin(), holders_, found->second);
    return;
  }
  if (holders_.size() >= holders_max) {
    by_holder_.erase(holders_.back());
    holders_.pop_back();
  }
  holders_.push_front(key);
  by_holder_.emplace(std::move(key), holders_.begin());
}

Error Limits::failed(const std::string& origin, std::string_view token, Error why, Time now) {
  if (origin.empty()) return why;
  const std::lock_guard lock(mutex_);
  if (const auto found = by_holder_.find(key_of(token)); found != by_holder_.end()) {
    holders_.erase(found->second);
    by_holder_.erase(found);
  }
  const auto wait = failures_.take(origin, now);
  if (!wait) return why;
  return too_many("too many requests without a token that holds came from this address", *wait);
}

}  // namespace vitana::gateway
