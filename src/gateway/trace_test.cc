#include "gateway/trace.h"

#include <gmock/gmock.h>

namespace vitana::gateway {
namespace {

using ::testing::MatchesRegex;

const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string span = "00f067aa0ba902b7";

TEST(Trace, GoesOnWithTheCallersUnderASpanOfItsOwn) {
  const auto trace = trace_of("00-" + id + "-" + span + "-01");
  EXPECT_EQ(trace.id, id);
  EXPECT_NE(trace.span, span);
  EXPECT_EQ(trace.text(), "00-" + id + "-" + trace.span + "-01");
  EXPECT_EQ(trace_of("cc-" + id + "-" + span + "-01-more").id, id);
}

TEST(Trace, BeginsAnewWhereThereIsNone) {
  for (const auto& bad : {std::string(), "00-" + id + "-" + span, "00-" + id + "-" + span + "-01-more",
                          "ff-" + id + "-" + span + "-01", "cc-" + id + "-" + span + "-01more",
                          "00-" + std::string(32, '0') + "-" + span + "-01", "00-" + id + "-" + std::string(16, '0') + "-01",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01", "00_" + id + "-" + span + "-01",
                          "00-" + id + "-" + span + "-0x", "0\n-" + id + "-" + span + "-01", std::string(100'000, '0')}) {
    const auto trace = trace_of(bad);
    EXPECT_THAT(trace.text(), MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-00")) << bad.substr(0, 80);
    EXPECT_NE(trace.id, id) << bad;
    EXPECT_NE(trace.id, trace_of(bad).id);
  }
}

}  // namespace
}  // namespace vitana::gateway
