// Time inside Vitana: UTC with microseconds. Outside: RFC 3339 with `Z`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vitana {

using Duration = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Duration>;

inline std::int64_t to_us(Instant t) { return t.time_since_epoch().count(); }
inline Instant from_us(std::int64_t us) { return Instant(Duration(us)); }

/// "2026-01-25T09:00:00.000000Z"
std::string to_rfc3339(Instant t);

/// Reads RFC 3339 with `Z` or an offset and up to six digits of a second; nothing else.
std::optional<Instant> from_rfc3339(std::string_view text);

/// "250ms", "30s", "15m", "2h", "1d"; a whole number and one unit. Bounded at 365 days.
std::optional<Duration> parse_duration(std::string_view text);

/// The shortest form of the above that loses nothing beyond milliseconds: "90s", "15m", "1h".
std::string to_string(Duration d);

/// For a person: "3.2 s", "4 min 10 s", "2 h 5 min".
std::string to_words(Duration d);

}  // namespace vitana
