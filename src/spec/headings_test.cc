#include "spec/headings.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace vitana::spec {
namespace {

TEST(HeadingWords, AreFreeOfNumbersSignsAndCase) {
  EXPECT_EQ(heading_words("2.3 ACCEPTANCE CRITERIA:"), "acceptance criteria");
  EXPECT_EQ(heading_words("10) Goals"), "goals");
  EXPECT_EQ(heading_words("\xF0\x9F\x9A\x80 Overview"), "overview");
  EXPECT_EQ(heading_words("IV. Test-Plan"), "test plan");
  EXPECT_EQ(heading_words("Goals & Non-Goals"), "goals and non goals");
  EXPECT_EQ(heading_words(""), "");
  EXPECT_EQ(heading_words("42"), "42");
}

TEST(HeadingTable, HoldsWordsAsTheyAreComparedAndNoneTwice) {
  std::set<std::string_view> seen;
  for (const auto& row : heading_table()) {
    EXPECT_EQ(heading_words(row.words), row.words);
    EXPECT_TRUE(seen.insert(row.words).second) << row.words;
    EXPECT_NE(row.section, Section::none) << row.words;
  }
}

struct Case {
  const char* heading;
  Section section;
};

class MeaningOf : public testing::TestWithParam<Case> {};

TEST_P(MeaningOf, IsFoundInEverySpelling) {
  EXPECT_EQ(name_of(meaning_of(GetParam().heading).section), name_of(GetParam().section))
      << GetParam().heading;
}

INSTANTIATE_TEST_SUITE_P(
    Headings, MeaningOf,
    testing::Values(
        Case{"Summary", Section::summary}, Case{"1. Executive Summary", Section::summary},
        Case{"TL;DR", Section::summary},
        Case{"Overview \xE2\x80\x94 what we build", Section::summary},
        Case{"Problem Statement", Section::problem}, Case{"Current Behaviour", Section::problem},
        Case{"Issue 2: the cache", Section::problem}, Case{"Root Causes", Section::problem},
        Case{"Why", Section::problem},
        Case{"Part 3: Acceptance Criteria (MVP)", Section::acceptance},
        Case{"Functional Acceptance Criteria", Section::acceptance},
        Case{"Testing Criteria", Section::acceptance},
        Case{"Expected Behavior After Fix", Section::acceptance},
        Case{"DEFINITION OF DONE", Section::acceptance},
        Case{"Verification Checklist", Section::acceptance},
        Case{"Verification Steps", Section::tests}, Case{"Test Plan", Section::tests},
        Case{"Phase 2", Section::approach}, Case{"Phase 1: Testing", Section::tests},
        Case{"Required Changes", Section::approach}, Case{"Files to Modify", Section::files},
        Case{"Blocked by:", Section::dependencies}, Case{"Prerequisites", Section::dependencies},
        Case{"Related VTIDs", Section::related}, Case{"References", Section::related},
        Case{"Rollback Plan", Section::risk}, Case{"Non-Goals", Section::scope},
        Case{"Summary of the meeting", Section::none}, Case{"Version History", Section::none},
        Case{"", Section::none}, Case{":", Section::none}));

TEST(Nearly, AMisspeltHeadingIsRecognised) {
  EXPECT_EQ(nearly("Acceptence Criteria"), Section::acceptance);
  EXPECT_EQ(nearly("3. Acceptance Critera"), Section::acceptance);
  EXPECT_EQ(nearly("Sumamry"), Section::summary);
  EXPECT_EQ(nearly("Defintion of Done"), Section::acceptance);
}

TEST(Nearly, OtherWordsAreNot) {
  for (const auto* heading : {"", "Notes", "Whys", "Appendix", "Version History"}) {
    EXPECT_EQ(nearly(heading), Section::none) << heading;
  }
}

}  // namespace
}  // namespace vitana::spec
