// How much may be asked: buckets of requests, and of tokens that did not hold.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "base/result.h"

namespace vitana::gateway {

/// One bucket for each key: it holds a minute's worth, and fills as fast as it may be emptied over time. Of the keys
/// that it knows the one that was asked for longest ago is forgotten first, and so begins anew.
class Buckets {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `per_minute` 0: there is no bound.
  Buckets(int per_minute, std::size_t keys_max) : per_minute_(per_minute), keys_max_(keys_max) {}

  /// Takes one out. Nothing where that went; else how long until there is one again.
  std::optional<std::chrono::seconds> take(const std::string& key, Time now);
  std::size_t size() const { return by_key_.size(); }

 private:
  struct Bucket {
    std::string key;
    double left;
    Time at;
  };

  const int per_minute_;
  const std::size_t keys_max_;
  std::list<Bucket> buckets_;  ///< the newest first
  std::unordered_map<std::string, std::list<Bucket>::iterator> by_key_;
};

struct LimitOptions {
  int requests_per_minute = 0;   ///< of one token, or of one origin that shows none that has held; 0: any number
  int failures_per_minute = 30;  ///< of one origin: tokens that did not hold, or none
};

/// Whoever shows a token that has held before is counted by it alone: what else comes from the same address, which may
/// be a proxy's, takes nothing from him. All others are counted by their origin. Thread-safe; its memory is bounded.
class Limits {
 public:
  using Time = Buckets::Time;

  explicit Limits(const LimitOptions& options);

  /// Before a request is judged. `origin` empty: from within this process, and not counted. `token` may be empty.
  /// Errors: TOO_MANY_REQUESTS, with `retry_after` in seconds.
  Result<void> ask(const std::string& origin, std::string_view token, Time now);

  /// The token holds.
  void held(std::string_view token);
  /// It does not, or there was none: what to answer. UNAUTHENTICATED, or TOO_MANY_REQUESTS as above.
  Error failed(const std::string& origin, std::string_view token, Error why, Time now);

 private:
  static constexpr std::size_t keys_max = 8192;
  static constexpr std::size_t holders_max = 4096;

  std::mutex mutex_;
  Buckets requests_;
  Buckets failures_;
  std::list<std::string> holders_;  ///< digests of tokens that held; the newest first
  std::unordered_map<std::string, std::list<std::string>::iterator> by_holder_;
};

}  // namespace vitana::gateway
