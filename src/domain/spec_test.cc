#include "domain/spec.h"

#include <gtest/gtest.h>

namespace vitana::domain {
namespace {

Provenance from(SpecSource source) {
  Provenance provenance;
  provenance.source = source;
  return provenance;
}

TEST(Provenance, AManualTextOfARepositorysFileIsOfThatFilesOrigin) {
  auto git = from(SpecSource::git);
  git.repo = "hub";
  git.path = "docs/a.md";
  auto manual = git;
  manual.source = SpecSource::manual;
  EXPECT_EQ(git.origin(), "git:hub:docs/a.md");
  EXPECT_EQ(manual.origin(), git.origin());
}

TEST(Provenance, OtherSourcesAreToldApartByTheirReference) {
  auto oasis = from(SpecSource::oasis);
  oasis.reference = "7";
  auto intake = oasis;
  intake.source = SpecSource::intake;
  EXPECT_EQ(oasis.origin(), "oasis:7");
  EXPECT_EQ(intake.origin(), "intake:7");
  EXPECT_EQ(from(SpecSource::manual).origin(), "manual");
  EXPECT_EQ(from(SpecSource::ledger).origin(), "ledger");
}

TEST(Names, EverySourceReadsBack) {
  for (const auto source : {SpecSource::git, SpecSource::oasis, SpecSource::intake,
                            SpecSource::manual, SpecSource::ledger}) {
    EXPECT_EQ(spec_source(name_of(source)), source);
  }
  EXPECT_FALSE(spec_source("GIT"));
}

TEST(Names, EveryVerdictAndClassReadsBack) {
  for (const auto verdict : {EvidenceVerdict::passed, EvidenceVerdict::failed,
                             EvidenceVerdict::held, EvidenceVerdict::vacuous,
                             EvidenceVerdict::attested, EvidenceVerdict::skipped}) {
    EXPECT_EQ(evidence_verdict(name_of(verdict)), verdict);
  }
  for (const auto cls : {CriterionClass::command, CriterionClass::file, CriterionClass::http,
                         CriterionClass::agent, CriterionClass::human, CriterionClass::none}) {
    EXPECT_EQ(criterion_class(name_of(cls)), cls);
  }
}

TEST(Diagnostic, ReadsAsACompilersLine) {
  const Diagnostic d{"SPEC_SUMMARY_MISSING", Severity::error, "no summary", "a.md", 12, 3, ""};
  EXPECT_EQ(to_string(d), "a.md:12:3: error: no summary [SPEC_SUMMARY_MISSING]");
}

TEST(Reading, IsValidWithoutErrorsAndWithTheShapeOfASpec) {
  SpecReading reading;
  EXPECT_TRUE(reading.valid());
  reading.diagnostics.push_back({"R", Severity::warning, "m", "", 1, 1, ""});
  EXPECT_TRUE(reading.valid());
  reading.not_a_spec = "a note";
  EXPECT_FALSE(reading.valid());
  reading.not_a_spec.clear();
  reading.diagnostics.push_back({"R", Severity::error, "m", "", 1, 1, ""});
  EXPECT_FALSE(reading.valid());
}

}  // namespace
}  // namespace vitana::domain
