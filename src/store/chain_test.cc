#include "store/chain.h"

#include <gmock/gmock.h>

namespace vitana::store {
namespace {

StoredEvent sample() {
  return {.seq = 17,
          .time = from_us(1'769'331'600'000'001),
          .type = "vtid.lifecycle.scheduled",
          .status = "info",
          .vtid = Vtid(1213),
          .run = RunId{Vtid(1213), 2},
          .actor = "engine",
          .data = R"({"a":"ä"})"};
}

// Computed by hand from the layout in chain.h; see the comment there.
TEST(Chain, TheBytesAreThoseOfTheDocument) {
  EXPECT_EQ(genesis_of("0123456789abcdef").hex(),
            "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f");
  EXPECT_EQ(chain_hash(genesis_of("0123456789abcdef"), sample()).hex(),
            "babe4813245c16d6dc6d8f09f1428f83bf60e868be8c5da04206a65051ea07fe");
}

TEST(Chain, EveryFieldCounts) {
  const Digest previous = Digest::of("before");
  const auto hash = chain_hash(previous, sample());
  const auto differs = [&](auto&& change) {
    auto event = sample();
    change(event);
    return chain_hash(previous, event) != hash;
  };
  EXPECT_NE(chain_hash(Digest::of("other"), sample()), hash);
  EXPECT_TRUE(differs([](StoredEvent& e) { ++e.seq; }));
  EXPECT_TRUE(differs([](StoredEvent& e) { e.time += Duration(1); }));
  EXPECT_TRUE(differs([](StoredEvent& e) { e.type += "x"; }));
  EXPECT_TRUE(differs([](StoredEvent& e) { e.status = "error"; }));
  EXPECT_TRUE(differs([](StoredEvent& e) { e.vtid.reset(); }));
  EXPECT_TRUE(differs([](StoredEvent& e) { e.run.reset(); }));
  EXPECT_TRUE(differs([](StoredEvent& e) { e.actor = "eve"; }));
  EXPECT_TRUE(differs([](StoredEvent& e) { e.data = "{}"; }));
  EXPECT_TRUE(differs([](StoredEvent& e) {  // the same bytes, cut elsewhere
    e.type += e.status[0];
    e.status.erase(0, 1);
  }));
}

TEST(Chain, LargeDataIsKeptByItsDigest) {
  const std::string data = "{\"a\":\"" + std::string(event_data_max, 'x') + "\"}";
  const auto stored = stored_form(
      {domain::EventType::task_failed, Vtid(1), std::nullopt, "engine", data}, Instant{});
  EXPECT_EQ(stored.data, "{\"digest\":\"" + Digest::of(data).to_string() +
                             "\",\"bytes\":" + std::to_string(data.size()) + "}");
}

TEST(Chain, TextIsCleanedBeforeItIsChained) {
  const auto stored = stored_form({domain::EventType::task_failed, Vtid(1), std::nullopt, "e\xffve",
                                   std::string("{\"a\":\"\0\"}", 9)},
                                  Instant{});
  EXPECT_EQ(stored.actor, "e\xEF\xBF\xBDve");
  EXPECT_EQ(stored.data.find('\0'), std::string::npos);
}

TEST(Chain, AHeadIsReadAsItIsWritten) {
  const ChainHead head{17, Digest::of("x")};
  const auto again = chain_head(to_string(head));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->seq, head.seq);
  EXPECT_EQ(again->hash, head.hash);
  for (const auto* text : {"", "17", ":", "x:sha256:00", "17:sha256:00", "-1:", "17 "}) {
    EXPECT_FALSE(chain_head(text)) << text;
  }
}

}  // namespace
}  // namespace vitana::store
