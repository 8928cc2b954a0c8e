#include "base/time.h"

#include <gtest/gtest.h>

namespace vitana {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, WritesMicrosecondsAndZ) {
  EXPECT_EQ(to_rfc3339(from_us(1'769'331'600'000'042)), "2026-01-25T09:00:00.000042Z");
}

TEST(Rfc3339, ReadsWhatItWrites) {
  const Instant t = from_us(1'769'331'600'123'456);
  EXPECT_EQ(from_rfc3339(to_rfc3339(t)), t);
}

TEST(Rfc3339, ReadsAnOffset) {
  EXPECT_EQ(from_rfc3339("2026-01-25T10:30:00+01:30"), from_rfc3339("2026-01-25T09:00:00Z"));
}

TEST(Rfc3339, RefusesWhatIsNoMoment) {
  for (const auto* text : {"", "2026-01-25", "2026-01-25T09:00:00", "2026-02-30T09:00:00Z",
                           "2026-01-25T24:00:00Z", "2026-01-25T09:00:00.1234567Z",
                           "2026-01-25T09:00:00.Z", "2026-01-25T09:00:00Zx",
                           "2026-1-25T09:00:00Z"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
}

TEST(ParseDuration, ReadsOneNumberAndOneUnit) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("15m"), 15min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("365d"), 365 * 24h);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const auto* text : {"", "s", "30", "-1s", "1.5h", "1h30m", "366d", " 1s", "1S",
                           "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, ShortestFormReadsBackTheSame) {
  for (const Duration d : {Duration(0ms), Duration(250ms), Duration(90s), Duration(15min),
                           Duration(1h), Duration(48h)}) {
    EXPECT_EQ(parse_duration(to_string(d)), d);
  }
  EXPECT_EQ(to_string(Duration(90s)), "90s");
  EXPECT_EQ(to_string(Duration(48h)), "2d");
}

TEST(Duration, WordsUseTwoUnitsAtMost) {
  EXPECT_EQ(to_words(40ms), "40 ms");
  EXPECT_EQ(to_words(3'250ms), "3.2 s");
  EXPECT_EQ(to_words(4min + 10s), "4 min 10 s");
  EXPECT_EQ(to_words(2h + 5min), "2 h 5 min");
  EXPECT_EQ(to_words(49h), "2 d 1 h");
}

}  // namespace
}  // namespace vitana
