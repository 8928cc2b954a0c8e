#include "spec/rules.h"

#include <gtest/gtest.h>

namespace vitana::spec {
namespace {

TEST(RuleTable, EveryRuleHasANameAMeaningAndAHint) {
  for (const auto& info : rule_table()) {
    EXPECT_TRUE(info.name.starts_with("SPEC_")) << info.name;
    EXPECT_FALSE(info.meaning.empty()) << info.name;
    EXPECT_FALSE(info.hint.empty()) << info.name;
    EXPECT_EQ(&rule_info(info.rule), &info);
  }
}

TEST(Findings, ComeInTheOrderOfTheText) {
  Findings findings("a.md");
  findings.add(Rule::SUMMARY_SHORT, 9, 1);
  findings.add(Rule::VTID_MISSING, 1, 1);
  findings.add(Rule::PLACEHOLDER, 9, 4, "said otherwise");
  const auto found = findings.take(std::string(8, '\n') + "words");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].rule, "SPEC_VTID_MISSING");
  EXPECT_EQ(found[1].rule, "SPEC_SUMMARY_SHORT");
  EXPECT_EQ(found[1].message, rule_info(Rule::SUMMARY_SHORT).meaning);
  EXPECT_EQ(found[2].message, "said otherwise");
  EXPECT_EQ(found[2].file, "a.md");
}

TEST(Findings, AreBoundedAndKeepErrors) {
  Findings findings("a.md");
  for (int i = 0; i < 1'000; ++i) findings.add(Rule::FRONT_MATTER_UNKNOWN, i, 1);
  findings.add(Rule::SUMMARY_MISSING, 1, 1);
  const auto found = findings.take({});
  EXPECT_EQ(found.size(), Findings::findings_max);
  EXPECT_TRUE(domain::has_errors(found));
}

TEST(Findings, StandAtAPlaceThatTheTextHas) {
  Findings findings("a.md");
  findings.add(Rule::SUMMARY_SHORT, 2, 99);
  findings.add(Rule::SUMMARY_SHORT, 99, 1);
  const auto found = findings.take("one\rtwo\r\nlast");
  EXPECT_EQ(found[0].column, 4);
  EXPECT_EQ(found[1].line, 3);
}

TEST(Findings, AreOnePrintableLineWhateverTheyQuote) {
  Findings findings("a.md");
  findings.add(Rule::PLACEHOLDER, 1, 1, "\"a\nb.md:1:1: error\x1B[2J\xE2\x82\" is a placeholder");
  EXPECT_EQ(findings.take({})[0].message,
            "\"a b.md:1:1: error\xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD\" is a placeholder");
}

}  // namespace
}  // namespace vitana::spec
