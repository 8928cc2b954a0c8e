#include "gateway/metrics.h"

#include <gmock/gmock.h>

namespace vitana::gateway {
namespace {

TEST(Exposition, SaysEachFamilyBeforeItsSamples) {
  Exposition out;
  out.family("vitana_tasks", "gauge", "Tasks by their status.");
  out.sample({{"status", "completed"}}, 3);
  out.sample({{"status", "a \"quoted\\ line\nof two"}}, 0);
  out.family("vitana_up", "gauge", "Always 1.");
  out.sample({}, 1);
  EXPECT_EQ(out.text(),
            "# HELP vitana_tasks Tasks by their status.\n"
            "# TYPE vitana_tasks gauge\n"
            "vitana_tasks{status=\"completed\"} 3\n"
            "vitana_tasks{status=\"a \\\"quoted\\\\ line\\nof two\"} 0\n"
            "# HELP vitana_up Always 1.\n"
            "# TYPE vitana_up gauge\n"
            "vitana_up 1\n");
}

TEST(Exposition, TheBucketsOfAHistogramGrow) {
  Exposition out;
  out.family("vitana_wait_seconds", "histogram", "How long.");
  out.histogram({{"route", "/"}}, std::array{0.5, 1.0}, std::array<std::uint64_t, 3>{2, 0, 1}, 7.25);
  out.family("vitana_units", "histogram", "How many.");
  out.histogram({}, std::array{1, 2}, std::array<std::uint64_t, 2>{4, 1}, 6);
  EXPECT_EQ(out.text(),
            "# HELP vitana_wait_seconds How long.\n"
            "# TYPE vitana_wait_seconds histogram\n"
            "vitana_wait_seconds_bucket{route=\"/\",le=\"0.5\"} 2\n"
            "vitana_wait_seconds_bucket{route=\"/\",le=\"1\"} 2\n"
            "vitana_wait_seconds_bucket{route=\"/\",le=\"+Inf\"} 3\n"
            "vitana_wait_seconds_sum{route=\"/\"} 7.25\n"
            "vitana_wait_seconds_count{route=\"/\"} 3\n"
            "# HELP vitana_units How many.\n"
            "# TYPE vitana_units histogram\n"
            "vitana_units_bucket{le=\"1\"} 4\n"
            "vitana_units_bucket{le=\"2\"} 5\n"
            "vitana_units_bucket{le=\"+Inf\"} 5\n"
            "vitana_units_sum 6\n"
            "vitana_units_count 5\n");
}

TEST(Exposition, ALargeCountKeepsItsDigits) {
  Exposition out;
  out.family("vitana_many_total", "counter", "Many.");
  out.sample({}, 123'456'789'012.0);
  EXPECT_THAT(out.text(), ::testing::HasSubstr("vitana_many_total 123456789012\n"));
}

}  // namespace
}  // namespace vitana::gateway
