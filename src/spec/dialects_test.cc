#include "spec/dialects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spec/parse.h"

namespace vitana::spec {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const domain::SpecReading& reading) {
  std::vector<std::string> all;
  for (const auto& criterion : reading.spec.criteria) all.push_back(criterion.text);
  return all;
}

TEST(Dialects, SpecKitGivesItsScenariosAndOutcomes) {
  const auto reading = parse_spec(
      "# Feature Specification: Photo albums\n\n**Feature Branch**: `004-albums`\n"
      "**Status**: Draft\n**Input**: User description: \"Group photos by day\"\n\n"
      "## User Scenarios & Testing\n\n### User Story 1 - Group (Priority: P1)\n\nA user groups.\n\n"
      "**Acceptance Scenarios**:\n\n1. **Given** photos, **When** sorted, **Then** days show\n\n"
      "## Requirements\n\n- **FR-001**: System MUST sort\n\n"
      "## Success Criteria\n\n### Measurable Outcomes\n\n- **SC-001**: In 3 seconds\n",
      {.file = "specs/004-albums/spec.md"});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.spec.dialect, "spec-kit");
  EXPECT_EQ(reading.spec.title, "Photo albums");
  EXPECT_EQ(reading.spec.summary, "Group photos by day");
  EXPECT_THAT(texts(reading), ElementsAre("Given photos, When sorted, Then days show",
                                          "SC-001: In 3 seconds"));
}

TEST(Dialects, SpecKitsRequirementsAreSaidToBeNoCriteria) {
  const std::string text =
      "# Feature Specification: Sort\n\nGroup photos by day, every one.\n\n## Requirements\n\n"
      "### Functional Requirements\n\n- **FR-001**: System MUST sort\n\n## Success Criteria\n\n- SC-001: fast\n";
  const auto told = [](const domain::SpecReading& reading) {
    return std::ranges::any_of(reading.diagnostics, [](const auto& d) {
      return d.rule == "SPEC_REQUIREMENTS_UNJUDGED" && d.severity == domain::Severity::info && d.line == 7;
    });
  };
  EXPECT_TRUE(told(parse_spec(text, {.file = "specs/004-sort/spec.md"})));
  EXPECT_FALSE(told(parse_spec(text.substr(text.find('\n')), {.file = "docs/specs/00004-sort.md"})));
}

TEST(Dialects, OpenSpecGivesOneCriterionForEachScenario) {
  const auto reading = parse_spec(
      "## ADDED Requirements\n\n### Requirement: Lock out\n\nThe system SHALL lock an account.\n\n"
      "#### Scenario: Five failures\n\n- **WHEN** five logins fail\n- **THEN** it is locked\n\n"
      "  ```check\n  ./try-logins\n  ```\n\n#### Scenario: Four failures\n\n- **WHEN** four fail\n"
      "- **THEN** it is open\n",
      {.file = "docs/lock.md"});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.spec.dialect, "openspec");
  EXPECT_EQ(reading.spec.summary, "The system SHALL lock an account.");
  EXPECT_THAT(texts(reading), ElementsAre("Five failures: WHEN five logins fail; THEN it is locked",
                                          "Four failures: WHEN four fail; THEN it is open"));
  EXPECT_EQ(reading.spec.criteria[0].checks.size(), 1u);
}

TEST(Dialects, KiroGivesItsSentencesOfEveryRequirement) {
  const auto reading = parse_spec(
      "# Requirements Document\n\n## Introduction\n\nSearch for tasks by their words.\n\n"
      "## Requirements\n\n### Requirement 1\n\n**User Story:** As a user, I search.\n\n"
      "#### Acceptance Criteria\n\n1. WHEN I type THE SYSTEM SHALL filter\n\n### Requirement 2\n\n"
      "#### Acceptance Criteria\n\n1. IF nothing fits THEN THE SYSTEM SHALL say so\n",
      {.file = ".kiro/specs/search/requirements.md"});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.spec.dialect, "kiro");
  EXPECT_THAT(texts(reading), ElementsAre("WHEN I type THE SYSTEM SHALL filter",
                                          "IF nothing fits THEN THE SYSTEM SHALL say so"));
}

TEST(Dialects, BacklogGivesItsItemsWithoutTheirNumbers) {
  const auto reading = parse_spec(
      "---\nid: task-12\ntitle: Faster list\nstatus: Done\n---\n\n## Description\n\n"
      "The list is slow with many rows.\n\n## Acceptance Criteria\n<!-- AC:BEGIN -->\n"
      "- [ ] #1 It shows in 100 ms\n- [x] #2 It scrolls\n<!-- AC:END -->\n",
      {.file = "backlog/tasks/task-12 - Faster-list.md"});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.spec.dialect, "backlog");
  EXPECT_EQ(reading.spec.title, "Faster list");
  EXPECT_EQ(reading.spec.directive, domain::SpecDirective::close);
  EXPECT_THAT(texts(reading), ElementsAre("It shows in 100 ms", "It scrolls"));
}

TEST(Dialects, FilesThatAccompanyASpecAreNone) {
  for (const auto* path : {".kiro/specs/search/design.md", "specs/004-albums/tasks.md",
                           "specs/004-albums/contracts/api.md", "openspec/changes/lock/tasks.md"}) {
    const auto reading = parse_spec("# Plan\n\n## Summary\n\nHow it is done.\n", {.file = path});
    EXPECT_EQ(reading.not_a_spec, "it accompanies the spec of its folder") << path;
  }
}

TEST(Dialects, WhatIsNoLongerOrNotYetToBeDoneIsNoSpec) {
  for (const auto* path :
       {"backlog/drafts/draft-1 - X.md", "backlog/completed/task-1 - X.md",
        "backlog/archive/tasks/task-1 - X.md", "openspec/specs/auth/spec.md",
        "openspec/changes/archive/2025-01-03-lock/proposal.md",
        "openspec/changes/archive/2025-01-03-lock/specs/auth/spec.md"}) {
    const auto reading = parse_spec(
        "# X\n\n## Summary\n\nIt is all there.\n\n## Acceptance Criteria\n\n- It is\n", {.file = path});
    EXPECT_NE(reading.not_a_spec, "") << path;
  }
}

TEST(Dialects, AFileWithoutATitleIsCalledAsItsFolderOrItsName) {
  const auto title_of = [](const char* path) {
    return parse_spec("## Summary\n\nIt is all there.\n", {.file = path}).spec.title;
  };
  EXPECT_EQ(title_of("openspec/changes/add-2fa/proposal.md"), "Add 2fa");
  EXPECT_EQ(title_of("specs/004-photo-albums/spec.md"), "Photo albums");
  EXPECT_EQ(title_of("backlog/tasks/task-7 - Faster-list.md"), "Faster list");
  EXPECT_EQ(title_of("docs/specs/VTID-01213-side_bar.md"), "Side bar");
  EXPECT_EQ(title_of("docs/specs/01213-sidebar.md"), "Sidebar");
  EXPECT_EQ(title_of("description"), "");
}

TEST(Dialects, TheTitleOfEveryKiroSpecIsNone) {
  const auto reading = parse_spec("# Requirements Document\n\n## Introduction\n\nSearch for tasks.\n",
                                  {.file = ".kiro/specs/task-search/requirements.md"});
  EXPECT_EQ(reading.spec.title, "Task search");
}

TEST(Backlog, ItsPrioritiesAndItsNamesOfTasksAct) {
  const auto reading = parse_spec(
      "---\nid: task-12\ntitle: Faster list\npriority: High\ndependencies: [task-2, VTID-01200]\n---\n\n"
      "## Description\n\nThe list is slow.\n\n## Acceptance Criteria\n\n- [ ] #1 It is fast\n",
      {.file = "backlog/tasks/task-12 - Faster-list.md"});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.spec.priority, 2);
  EXPECT_THAT(reading.spec.dependency_names, ElementsAre("task-2"));
  EXPECT_THAT(reading.spec.dependencies, ElementsAre(Vtid(1200)));
}

TEST(OpenSpec, AChangeIsOneTaskItsProposal) {
  const auto reading = parse_spec(
      "## Why\n\nPasswords alone are stolen too often.\n\n## What Changes\n\n- Add OTP at login\n\n"
      "  ```check\n  ./try-logins\n  ```\n\n- **BREAKING** Drop the old form\n\n## Impact\n\n- auth\n",
      {.file = "openspec/changes/add-2fa/proposal.md"});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.spec.title, "Add 2fa");
  EXPECT_EQ(reading.spec.problem, "Passwords alone are stolen too often.");
  EXPECT_THAT(texts(reading), ElementsAre("Add OTP at login", "BREAKING Drop the old form"));
  EXPECT_EQ(reading.spec.criteria[0].checks.size(), 1u);
  for (const auto& finding : reading.diagnostics) EXPECT_NE(finding.rule, "SPEC_CHECK_OUTSIDE");
}

TEST(OpenSpec, ADeltaOfAChangeNamesItsProposal) {
  const auto reading = parse_spec("### Requirement: x\n#### Scenario: y\n- **WHEN** z\n",
                                  {.file = "sub/openspec/changes/add-2fa/specs/auth/spec.md"});
  EXPECT_EQ(reading.not_a_spec, "it belongs to the change of sub/openspec/changes/add-2fa/proposal.md");
}

TEST(Dialects, OurOwnFoldersArePlain) {
  const auto reading = parse_spec("## Summary\n", {.file = "docs/specs/01213-x.md"});
  EXPECT_EQ(reading.spec.dialect, "plain");
}

TEST(OpenSpec, AScenarioWithoutANameIsItsSteps) {
  const auto reading = parse_spec(
      "### Requirement: many\n#### Scenario:\n- it holds\n- it stays\n#### Scenario:\n",
      {.file = "openspec/changes/x/proposal.md"});
  EXPECT_THAT(texts(reading), ElementsAre("it holds; it stays"));
  EXPECT_TRUE(std::ranges::any_of(reading.diagnostics, [](const domain::Diagnostic& finding) {
    return finding.rule == "SPEC_CRITERION_EMPTY" && finding.line == 5;
  }));
}

TEST(OpenSpec, MoreScenariosThanATaskCanHaveAreAnError) {
  std::string text = "### Requirement: many\n";
  for (int i = 0; i < 400; ++i) text += "#### Scenario: one\n- it holds\n";
  const auto reading = parse_spec(text, {.file = "openspec/changes/x/proposal.md"});
  EXPECT_EQ(reading.spec.criteria.size(), 300u);
  EXPECT_FALSE(reading.valid());
}

}  // namespace
}  // namespace vitana::spec
