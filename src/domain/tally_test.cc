#include "domain/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitana::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A spec with a check, a check that keeps, an item without one, and an item for a person.
struct TallyTest : ::testing::Test {
  ParsedSpec spec;
  std::vector<std::string> commands = {"make test"};
  std::vector<Evidence> signed_off;
  std::string tree = "t1";
  UnverifiedMode unverified = UnverifiedMode::attest;

  TallyTest() {
    Check check;
    check.script = "true";
    spec.criteria.push_back({.id = "AC-1", .cls = CriterionClass::command, .checks = {check}});
    check.keeps = true;
    spec.criteria.push_back({.id = "AC-2", .cls = CriterionClass::command, .checks = {check}});
    spec.criteria.push_back({.id = "AC-3", .cls = CriterionClass::none});
    spec.criteria.push_back({.id = "AC-4", .cls = CriterionClass::human});
  }
  Evidence one(const std::string& id, EvidenceVerdict verdict, std::optional<int> on_result = {},
               std::optional<int> on_base = {}) const {
    Evidence evidence{.criterion = id, .cls = CriterionClass::command, .verdict = verdict};
    for (const auto& criterion : spec.criteria) {
      if (criterion.id == id) evidence.cls = criterion.cls;
    }
    evidence.exit_code = on_result;
    evidence.base_exit_code = on_base;
    evidence.tree = tree;
    return evidence;
  }
  std::vector<Evidence> good() const {
    return {one("check:1", EvidenceVerdict::held, 0), one("AC-1", EvidenceVerdict::passed, 0, 1),
            one("AC-2", EvidenceVerdict::held, 0, 0), one("AC-3", EvidenceVerdict::attested),
            one("AC-4", EvidenceVerdict::skipped)};
  }
  Result<Tally> count(const std::vector<Evidence>& evidence) const {
    return tally({spec, commands, unverified, signed_off, tree}, evidence);
  }
  void refuses(std::size_t at, Evidence instead) const {
    auto evidence = good();
    evidence.at(at) = std::move(instead);
    const auto counted = count(evidence);
    ASSERT_FALSE(counted) << at;
    EXPECT_EQ(counted.error().code, FailureCode::REQUEST_INVALID);
  }
};

TEST_F(TallyTest, CountsWhatEachVerdictSays) {
  const auto counted = count(good());
  ASSERT_TRUE(counted) << to_string(counted.error());
  EXPECT_TRUE(counted->complete);
  EXPECT_THAT(counted->red, IsEmpty());
  const auto& counts = counted->counts;
  EXPECT_THAT((std::vector{counts.passed, counts.held, counts.vacuous, counts.attested, counts.open_sign_offs}),
              ElementsAre(1, 1, 0, 1, 1));
}

TEST_F(TallyTest, WhatIsMissingIsKnown) {
  auto evidence = good();
  evidence.pop_back();
  EXPECT_FALSE(count(evidence)->complete);
  EXPECT_FALSE(count({})->complete);
}

TEST_F(TallyTest, WhatIsRedIsNamed) {
  auto evidence = good();
  evidence[0] = one("check:1", EvidenceVerdict::failed, 2);
  evidence[1] = one("AC-1", EvidenceVerdict::failed, 1, 1);
  EXPECT_THAT(count(evidence)->red, ElementsAre("check:1", "AC-1"));
}

TEST_F(TallyTest, AJudgementOfAPersonStandsForItsCriterion) {
  signed_off = {one("AC-4", EvidenceVerdict::passed)};
  auto evidence = good();
  EXPECT_FALSE(count(evidence)) << "there is nothing left to say of it";
  evidence.pop_back();
  EXPECT_TRUE(count(evidence)->complete);
  EXPECT_EQ(count(evidence)->counts.signed_off, 1);
  signed_off.front().verdict = EvidenceVerdict::failed;
  EXPECT_THAT(count(evidence)->red, ElementsAre("AC-4"));
}

TEST_F(TallyTest, NonsenseIsRefused) {
  refuses(1, one("AC-9", EvidenceVerdict::passed, 0, 1));
  refuses(1, one("AC-2", EvidenceVerdict::held, 0, 0));  // twice
  refuses(0, one("check:2", EvidenceVerdict::held, 0));
  refuses(1, one("AC-1", EvidenceVerdict::passed, 1, 1));
  refuses(1, one("AC-1", EvidenceVerdict::passed, 0, 0));
  refuses(1, one("AC-1", EvidenceVerdict::held, 0, 0));  // it does not keep
  refuses(1, one("AC-1", EvidenceVerdict::passed));      // nothing was run
  refuses(1, one("AC-1", EvidenceVerdict::attested));
  refuses(3, one("AC-3", EvidenceVerdict::passed, 0, 1));
  refuses(3, one("AC-3", EvidenceVerdict::attested, 1));
  refuses(4, one("AC-4", EvidenceVerdict::attested));
  auto other = one("AC-1", EvidenceVerdict::passed, 0, 1);
  other.tree = "t2";
  refuses(1, other);
  other = one("AC-1", EvidenceVerdict::passed, 0, 1);
  other.cls = CriterionClass::human;
  refuses(1, other);
  unverified = UnverifiedMode::human;
  EXPECT_FALSE(count(good())) << "nothing is attested where persons judge";
}

}  // namespace
}  // namespace vitana::domain
