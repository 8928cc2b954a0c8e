#include "spec/criteria.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spec/parse.h"

namespace vitana::spec {
namespace {

using namespace std::chrono_literals;
using domain::CriterionClass;
using testing::ElementsAre;

domain::SpecReading with_acceptance(std::string_view blocks) {
  return parse_spec("# VTID-00001: T\n\n## Summary\n\nA summary of the task.\n\n## Problem\n\n"
                    "Something.\n\n## Acceptance Criteria\n\n" +
                    std::string(blocks));
}

constexpr int first_line = 13;  // of the blocks above

std::vector<std::string> texts(const domain::SpecReading& reading) {
  std::vector<std::string> all;
  for (const auto& criterion : reading.spec.criteria) all.push_back(criterion.text);
  return all;
}

std::vector<std::string> rules(const domain::SpecReading& reading) {
  std::vector<std::string> all;
  for (const auto& d : reading.diagnostics) all.push_back(d.rule);
  return all;
}

TEST(Criteria, AreNumberedInOrderWithTheirLines) {
  const auto reading = with_acceptance("- one\n\n1. two\n2. three\n");
  ASSERT_THAT(texts(reading), ElementsAre("one", "two", "three"));
  EXPECT_EQ(reading.spec.criteria[0].id, "AC-1");
  EXPECT_EQ(reading.spec.criteria[2].id, "AC-3");
  EXPECT_EQ(reading.spec.criteria[0].line, first_line);
  EXPECT_EQ(reading.spec.criteria[2].line, first_line + 3);
}

TEST(Criteria, ACheckInTheItemIsItsOwn) {
  const auto reading = with_acceptance(
      "- one\n  ```check keeps timeout=30s\n  a\n\n  b\n  ```\n  more\n- two\n");
  ASSERT_THAT(texts(reading), ElementsAre("one; more", "two"));
  const auto& criterion = reading.spec.criteria[0];
  EXPECT_EQ(criterion.cls, CriterionClass::command);
  ASSERT_EQ(criterion.checks.size(), 1u);
  EXPECT_EQ(criterion.checks[0].script, "a\n\nb\n");
  EXPECT_TRUE(criterion.checks[0].keeps);
  EXPECT_EQ(criterion.checks[0].timeout, 30s);
  EXPECT_EQ(criterion.checks[0].line, first_line + 1);
  EXPECT_EQ(reading.spec.criteria[1].cls, CriterionClass::none);
}

TEST(Criteria, AnItemMayHaveSeveralChecks) {
  const auto reading = with_acceptance("- one\n  ```check\n  a\n  ```\n  ```check\n  b\n  ```\n");
  ASSERT_EQ(reading.spec.criteria.size(), 1u);
  EXPECT_EQ(reading.spec.criteria[0].checks.size(), 2u);
}

TEST(Criteria, ACheckBetweenItemsBelongsToTheOneBefore) {
  const auto reading =
      with_acceptance("- one\n```check\na\n```\n- two\n\nRun this:\n\n```check\nb\n```\n");
  ASSERT_THAT(texts(reading), ElementsAre("one", "two"));
  EXPECT_EQ(reading.spec.criteria[0].checks[0].script, "a\n");
  EXPECT_EQ(reading.spec.criteria[1].checks[0].script, "b\n");
}

TEST(Criteria, ACheckThatIsIndentedIntoPlainCodeIsNotLostInSilence) {
  const auto reading = with_acceptance("- one\n\n      ```check\n      false\n      ```\n");
  EXPECT_THAT(reading.spec.criteria.at(0).checks, ElementsAre());
  EXPECT_THAT(rules(reading), testing::Contains("SPEC_CHECK_INDENTED"));
}

TEST(Criteria, ACarriageReturnEndsALineToo) {
  const auto reading = with_acceptance("- one\r  ```check\r  a\r  b\r  ```\r- two\r");
  ASSERT_THAT(texts(reading), ElementsAre("one", "two"));
  EXPECT_EQ(reading.spec.criteria[0].checks.at(0).script, "a\nb\n");
}

TEST(Criteria, OtherFencesAreNotRun) {
  const auto reading = with_acceptance("- one\n  ```sh\n  rm -rf /\n  ```\n- two `check`\n");
  for (const auto& criterion : reading.spec.criteria) EXPECT_THAT(criterion.checks, ElementsAre());
}

TEST(Criteria, ACheckThatIsNotClosedIsNotRun) {
  const auto reading = with_acceptance("- one\n\n  ```check\n  true\n\nAnd more text.\n");
  EXPECT_THAT(rules(reading), ElementsAre("SPEC_CHECK_UNCLOSED"));
  EXPECT_THAT(reading.spec.criteria[0].checks, ElementsAre());
}

TEST(Criteria, TextsAreWithoutMarkup) {
  const auto reading = with_acceptance(
      "- [x] **Bold**, *soft*, `code`, [link](http://x) and ~~old~~\n  on two lines<br>\n");
  EXPECT_THAT(texts(reading), ElementsAre("Bold, soft, code, link and old on two lines"));
}

TEST(Criteria, ATableGivesItsRowsWithoutSideColumns) {
  const auto reading =
      with_acceptance("| ID | What | When | Done |\n|-|-|-|-|\n| 1 | a | b | no |\n");
  EXPECT_THAT(texts(reading), ElementsAre("a \xE2\x80\x94 b"));
}

TEST(Criteria, AnIntroductionIsNoCriterion) {
  EXPECT_THAT(texts(with_acceptance("All of these:\n\n- one\n\nThat is all.\n")),
              ElementsAre("one"));
}

TEST(Criteria, AMarkGivesAnItemToAPerson) {
  const auto reading = with_acceptance("- [ ] [Human] looks good\n");
  EXPECT_THAT(texts(reading), ElementsAre("looks good"));
  EXPECT_EQ(reading.spec.criteria[0].cls, CriterionClass::human);
}

TEST(Criteria, AreBounded) {
  std::string items;
  for (int i = 0; i < 1'000; ++i) items += "- item\n\n";
  const auto reading = with_acceptance(items);
  EXPECT_LE(reading.spec.criteria.size(), 300u);
  EXPECT_THAT(rules(reading), ElementsAre("SPEC_CRITERIA_TOO_MANY"));
}

TEST(Criteria, FrontMatterChecksJoinTheirCriterionOrStandAlone) {
  const auto reading = parse_spec(
      "---\nchecks:\n- criterion: AC-1\n  command: a\n- name: own\n  file: f\n  missing: "
      "true\n---\n"
      "## Summary\n\nA summary of the task.\n\n## Acceptance Criteria\n\n- one\n");
  ASSERT_THAT(texts(reading), ElementsAre("one", "own"));
  EXPECT_EQ(reading.spec.criteria[0].cls, CriterionClass::command);
  EXPECT_EQ(reading.spec.criteria[1].cls, CriterionClass::file);
  EXPECT_EQ(reading.spec.criteria[1].id, "AC-2");
}

}  // namespace
}  // namespace vitana::spec
