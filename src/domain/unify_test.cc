#include "domain/unify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitana::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Candidate candidate(SpecSource source, std::string_view text, std::string place = "1") {
  Candidate c;
  c.provenance.source = source;
  if (source == SpecSource::git) {
    c.provenance.repo = "hub";
    c.provenance.path = place;
  } else {
    c.provenance.reference = place;
  }
  c.digest = Digest::of(text);
  c.valid = true;
  return c;
}

Candidate invalid(Candidate c) {
  c.valid = false;
  return c;
}

Unified unified(const std::vector<Candidate>& candidates) {
  return unify(candidates, std::nullopt, std::nullopt, std::nullopt);
}

Unified owned(const std::vector<Candidate>& candidates, const Candidate& owner) {
  return unify(candidates, owner.provenance, owner.digest, std::nullopt);
}

const Candidate git = candidate(SpecSource::git, "one", "a.md");

TEST(Unify, NothingIsNotFound) {
  const auto answer = unified({});
  EXPECT_EQ(answer.outcome, UnifyOutcome::not_found);
  EXPECT_FALSE(answer.chosen);
}

TEST(Unify, OneTextThatDoesNotValidateIsInvalid) {
  const auto answer = unified({invalid(git)});
  EXPECT_EQ(answer.outcome, UnifyOutcome::invalid);
  EXPECT_THAT(answer.rivals, ElementsAre(0));
}

TEST(Unify, OneValidTextOfAnySourceIsRegistered) {
  for (const auto source : {SpecSource::git, SpecSource::oasis, SpecSource::intake,
                            SpecSource::manual, SpecSource::ledger}) {
    const auto answer = unified({candidate(source, "one")});
    EXPECT_EQ(answer.outcome, UnifyOutcome::registered) << name_of(source);
    EXPECT_EQ(answer.chosen, 0u);
  }
}

TEST(Unify, EqualDigestsAreOneVersion) {
  const auto answer = unified(
      {git, candidate(SpecSource::oasis, "one"), candidate(SpecSource::git, "one", "b.md")});
  EXPECT_EQ(answer.outcome, UnifyOutcome::registered);
  EXPECT_THAT(answer.rivals, IsEmpty());
}

TEST(Unify, DifferingTextsAreAConflictWithAllCandidates) {
  for (const auto source : {SpecSource::oasis, SpecSource::intake, SpecSource::manual}) {
    const auto answer = unified({git, candidate(source, "two")});
    EXPECT_EQ(answer.outcome, UnifyOutcome::conflict) << name_of(source);
    EXPECT_FALSE(answer.chosen);
    EXPECT_THAT(answer.rivals, ElementsAre(0, 1));
  }
}

TEST(Unify, TwoFilesWithOneVtidAndNoOwnerScheduleNeither) {
  const auto answer = unified({git, candidate(SpecSource::git, "two", "b.md")});
  EXPECT_EQ(answer.outcome, UnifyOutcome::conflict);
}

TEST(Unify, TheOrderOfSourcesDecidesNothing) {
  const auto other = candidate(SpecSource::manual, "two");
  EXPECT_EQ(unified({git, other}).outcome, unified({other, git}).outcome);
  EXPECT_EQ(owned({git, other}, git).outcome, owned({other, git}, git).outcome);
}

TEST(Unify, TheLedgersDescriptionIsAFallback) {
  const auto ledger = candidate(SpecSource::ledger, "two");
  EXPECT_EQ(unified({ledger}).chosen, 0u);
  const auto answer = unified({ledger, git});
  EXPECT_EQ(answer.outcome, UnifyOutcome::registered);
  EXPECT_EQ(answer.chosen, 1u);
  EXPECT_THAT(answer.rivals, IsEmpty());
}

TEST(Unify, ATextOfAnotherSourceTakesOverFromTheLedgers) {
  const auto ledger = candidate(SpecSource::ledger, "two");
  const auto answer = owned({ledger, git}, ledger);
  EXPECT_EQ(answer.outcome, UnifyOutcome::registered);
  EXPECT_EQ(answer.chosen, 1u);
}

TEST(Unify, AnInvalidTextIsNotReplacedByTheLedgers) {
  EXPECT_EQ(unified({candidate(SpecSource::ledger, "two"), invalid(git)}).outcome,
            UnifyOutcome::invalid);
}

TEST(UnifyWithAnOwner, TheSameContentIsNoOperation) {
  EXPECT_EQ(owned({git}, git).outcome, UnifyOutcome::unchanged);
  EXPECT_EQ(owned({git, candidate(SpecSource::oasis, "one")}, git).outcome,
            UnifyOutcome::unchanged);
}

TEST(UnifyWithAnOwner, ItsOwnNewTextIsTheNextVersion) {
  const auto answer = owned({candidate(SpecSource::git, "two", "a.md")}, git);
  EXPECT_EQ(answer.outcome, UnifyOutcome::registered);
  EXPECT_EQ(answer.chosen, 0u);
}

TEST(UnifyWithAnOwner, AManualTextOfItsFileIsItsOwn) {
  Candidate manual = candidate(SpecSource::git, "two", "a.md");
  manual.provenance.source = SpecSource::manual;
  EXPECT_EQ(owned({manual}, git).outcome, UnifyOutcome::registered);
}

TEST(UnifyWithAnOwner, ARivalChangesNothing) {
  for (const auto& rival :
       {candidate(SpecSource::git, "two", "b.md"), candidate(SpecSource::oasis, "two"),
        candidate(SpecSource::manual, "two")}) {
    const auto answer = owned({git, rival}, git);
    EXPECT_EQ(answer.outcome, UnifyOutcome::refused);
    EXPECT_FALSE(answer.chosen);
    EXPECT_THAT(answer.rivals, ElementsAre(1));
  }
}

TEST(UnifyWithAnOwner, ItsNextVersionIsTakenBesideARivalThatIsNamedOnce) {
  const auto next = candidate(SpecSource::git, "two", "a.md");
  const auto rival = candidate(SpecSource::oasis, "three");
  for (const auto& order : {std::vector{next, rival}, std::vector{rival, next}}) {
    const auto answer = owned(order, git);
    EXPECT_EQ(answer.outcome, UnifyOutcome::registered);
    ASSERT_TRUE(answer.chosen);
    EXPECT_EQ(order[*answer.chosen].digest, next.digest);
    EXPECT_EQ(answer.rivals.size(), 1u);
  }
}

TEST(UnifyWithAnOwner, ItsOwnBrokenTextLeavesTheVersionInForce) {
  const auto answer = owned({invalid(candidate(SpecSource::git, "two", "a.md"))}, git);
  EXPECT_EQ(answer.outcome, UnifyOutcome::refused);
  EXPECT_THAT(answer.rivals, ElementsAre(0));
}

TEST(UnifyWithAnOwner, AFileThatDisappearsLeavesItsSpec) {
  EXPECT_EQ(owned({}, git).outcome, UnifyOutcome::unchanged);
}

TEST(UnifyResolved, APersonsChoiceEndsAConflict) {
  const auto other = candidate(SpecSource::manual, "two");
  const auto answer = unify({git, other}, std::nullopt, std::nullopt, other.digest);
  EXPECT_EQ(answer.outcome, UnifyOutcome::registered);
  EXPECT_EQ(answer.chosen, 1u);
  EXPECT_THAT(answer.rivals, ElementsAre(0));
}

TEST(UnifyResolved, APersonsChoiceBeatsTheOwner) {
  const auto other = candidate(SpecSource::manual, "two");
  const auto answer = unify({git, other}, git.provenance, git.digest, other.digest);
  EXPECT_EQ(answer.chosen, 1u);
}

TEST(UnifyResolved, AChoiceOfWhatIsNotThereOrNotValidDecidesNothing) {
  const auto other = candidate(SpecSource::manual, "two");
  EXPECT_EQ(unify({git, other}, std::nullopt, std::nullopt, Digest::of("three")).outcome,
            UnifyOutcome::conflict);
  EXPECT_EQ(unify({git, invalid(other)}, std::nullopt, std::nullopt, other.digest).outcome,
            UnifyOutcome::conflict);
}

}  // namespace
}  // namespace vitana::domain
