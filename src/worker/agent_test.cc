#include "worker/agent.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace vitana::worker {
namespace {

TEST(AgentReport, EveryKeyIsRead) {
  const auto report = parse_report(
      R"({"summary":"s","question":"q","criteria":[{"id":"AC-1","note":"n"}],
          "usage":{"input_tokens":1,"output_tokens":2,"cost_usd":0.5,"turns":3}})");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->summary, "s");
  EXPECT_EQ(report->question, "q");
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_EQ(report->notes[0].second, "n");
  EXPECT_EQ(report->usage.output_tokens, 2);
  EXPECT_EQ(report->usage.turns, 3);
}

TEST(AgentReport, AFaultOfTheAccountHasItsCode) {
  EXPECT_EQ(parse_report(R"({"failure":"login"})")->failure, FailureCode::AGENT_LOGIN);
  EXPECT_EQ(parse_report(R"({"failure":"quota"})")->failure, FailureCode::AGENT_QUOTA);
  EXPECT_EQ(parse_report(R"({"failure":"BASE_RED"})")->failure, std::nullopt);
}

TEST(AgentReport, WrongTypesCountAsMissing) {
  const auto report = parse_report(
      R"({"summary":1,"question":null,"criteria":{"a":1},
          "usage":{"input_tokens":"x","turns":-4}})");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->summary, "");
  EXPECT_TRUE(report->notes.empty());
  EXPECT_EQ(report->usage.turns, 0);
}

TEST(AgentReport, ForeignTextIsNone) {
  for (const auto* text : {"", "[]", "{", "\xff\xfe", "{\"summary\":\"\xff\"}"}) {
    EXPECT_FALSE(parse_report(text)) << text;
  }
}

TEST(AgentReport, DeepNestingIsRefused) {
  EXPECT_FALSE(parse_report("{\"a\":" + std::string(100'000, '[')));
  EXPECT_FALSE(parse_report("{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}"));
}

TEST(AgentReport, LongTextIsCut) {
  const auto report = parse_report("{\"summary\":\"" + std::string(100'000, 'x') + "\"}");
  ASSERT_TRUE(report);
  EXPECT_LT(report->summary.size(), 20'000U);
}

TEST(AgentReport, LinkAndFifoAreNotRead) {
  char name[] = "/tmp/vitana-report-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const std::filesystem::path folder = name;
  std::ofstream(folder / "real") << "{}";
  std::filesystem::create_symlink(folder / "real", folder / "link");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_TRUE(read_report(folder / "real"));
  EXPECT_FALSE(read_report(folder / "link"));
  EXPECT_FALSE(read_report(folder / "fifo"));
  EXPECT_FALSE(read_report(folder));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vitana::worker
