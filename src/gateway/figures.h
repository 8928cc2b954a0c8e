// What is counted since the gateway was opened.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "gateway/http.h"
#include "store/store.h"

namespace vitana::gateway {

/// Thread-safe. Its memory is bounded by the table of routes and the catalogues of failures and events.
class Figures {
 public:
  /// Upper bounds of the classes of durations, in seconds; beyond the last one there is one class more.
  static constexpr std::array<double, 13> seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                  0.25,  0.5,    1,     2.5,  5,     10};

  struct Histogram {
    std::array<std::uint64_t, seconds.size() + 1> counts{};
    Duration sum{};
  };
  using Place = std::tuple<std::string_view, std::string_view>;         ///< method, route
  using Answered = std::tuple<std::string_view, std::string_view, int>;  ///< method, route, status

  struct Http {
    std::map<Answered, std::uint64_t> answered;
    std::map<Place, Histogram> durations;
  };
  struct Log {
    std::map<std::string, std::uint64_t> events;                           ///< by type
    std::map<std::tuple<std::string, std::string>, std::uint64_t> ended;   ///< runs, by state and code
  };

  void served(const Served& served);
  Http http() const;

  /// Counts what has come to the log since the last look; the first look counts nothing. One thread at a time.
  /// Errors: STORE_*; the next look counts what this one left.
  Result<void> look(store::Store& store);
  Log log() const;

  std::atomic<std::int64_t> connections = 0;
  std::atomic<std::int64_t> streams = 0;
  std::atomic<std::uint64_t> connections_refused = 0;  ///< beyond a bound
  std::atomic<std::uint64_t> handshakes_failed = 0;
  std::atomic<std::int64_t> certificate_until = 0;     ///< seconds since 1970; 0: there is none

 private:
  void count(const store::StoredEvent& event);

  mutable std::mutex mutex_;
  Http http_;
  Log log_;
  std::optional<store::Sequence> seen_;  ///< of look() alone
};

}  // namespace vitana::gateway
