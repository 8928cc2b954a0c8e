#include "spec/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace vitana::spec {
namespace {

using namespace std::chrono_literals;
using domain::Severity;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

std::vector<std::string> rules(const domain::SpecReading& reading) {
  std::vector<std::string> all;
  for (const auto& d : reading.diagnostics) all.push_back(d.rule);
  return all;
}

constexpr std::string_view good =
    "# VTID-01213: T\n\n## Summary\n\nA summary of the task.\n\n## Problem\n\nIt is so.\n\n"
    "## Acceptance Criteria\n\n- one\n";

TEST(ParseSpec, AGoodTextHasNoFindings) {
  const auto reading = parse_spec(good, {.file = "docs/specs/01213-x.md"});
  EXPECT_TRUE(reading.valid());
  EXPECT_THAT(reading.diagnostics, ElementsAre());
}

TEST(ParseSpec, AProblemIsRequiredOnlyUnderTheStrictProfile) {
  const auto* text =
      "# VTID-01213: T\n\n## Summary\n\nA summary.\n\n## Acceptance Criteria\n\n- one\n";
  EXPECT_TRUE(parse_spec(text).valid());
  const auto strict = parse_spec(text, {.profile = domain::SpecProfile::strict});
  EXPECT_FALSE(strict.valid());
  EXPECT_THAT(rules(strict), ElementsAre("SPEC_PROBLEM_MISSING"));
}

TEST(ParseSpec, TenCharactersAreASummaryAndNineAreNot) {
  const auto with = [](std::string_view summary) {
    return parse_spec("# VTID-01213: T\n\n## Summary\n\n" + std::string(summary) +
                      "\n\n## Problem\n\nx\n\n## Acceptance Criteria\n\n- one\n");
  };
  EXPECT_THAT(rules(with("123456789\xC3\xA4")), ElementsAre());
  EXPECT_THAT(rules(with("12345678\xC3\xA4")), ElementsAre("SPEC_SUMMARY_SHORT"));
}

TEST(ParseSpec, FindingsCountTheLinesOfTheFrontMatter) {
  const auto reading = parse_spec("---\nvtid: VTID-01213\n---\n\n# T\n\n## Summary\n\nTBD\n");
  const auto placeholder =
      std::find_if(reading.diagnostics.begin(), reading.diagnostics.end(),
                   [](const auto& d) { return d.rule == "SPEC_PLACEHOLDER"; });
  ASSERT_NE(placeholder, reading.diagnostics.end());
  EXPECT_EQ(placeholder->line, 9);
  EXPECT_EQ(placeholder->column, 1);
}

TEST(ParseSpec, OnlyFrontMatterStatusActs) {
  const auto body = parse_spec("# VTID-01213: T\n\n**Status:** done\n\n## Summary\n\nA summary.\n");
  EXPECT_EQ(body.spec.directive, domain::SpecDirective::none);
  EXPECT_EQ(body.spec.status_shown, "done");
  const auto front = parse_spec("---\nstatus: Draft\n---\n" + std::string(good));
  EXPECT_EQ(front.spec.directive, domain::SpecDirective::hold);
}

TEST(ParseSpec, KeepsTheSourceOfTheApproach) {
  const auto reading =
      parse_spec(std::string(good) +
                 "\n## Technical Approach\n\nUse **it**.\n\n### Step\n\n```\nx\n```\n"
                 "\n## Other\n\nno\n");
  EXPECT_EQ(reading.spec.approach, "Use **it**.\n\n### Step\n\n```\nx\n```");
}

TEST(ParseSpec, ListsThePathsOfTheWholeTextOnce) {
  const auto reading =
      parse_spec(std::string(good) +
                 "\n## Notes\n\nSee `src/a.ts:12`, `src/a.ts`, `GET /api/x`, `a.b()`, "
                 "`/etc/x.conf`, `application/json`.\n\n## Affected Files\n\n- docs/b_c.md\n");
  EXPECT_THAT(reading.spec.files, ElementsAre("src/a.ts", "docs/b_c.md"));
}

TEST(ParseSpec, RefusesWhatIsNotText) {
  EXPECT_THAT(rules(parse_spec("a\nb\xFF")), ElementsAre("SPEC_NOT_UTF8"));
  EXPECT_THAT(rules(parse_spec(std::string_view("a\0", 2))), ElementsAre("SPEC_NOT_UTF8"));
  const auto reading = parse_spec("a\nb\xFF");
  EXPECT_EQ(reading.diagnostics[0].line, 2);
  EXPECT_EQ(reading.diagnostics[0].column, 2);
}

TEST(ParseSpec, RefusesATextBeyondTheLimit) {
  EXPECT_THAT(rules(parse_spec(std::string(text_bytes_max + 1, 'a'))),
              ElementsAre("SPEC_TOO_LARGE"));
}

TEST(ParseSpec, HostileTextsEndSoon) {
  const auto repeated = [](std::string_view unit) {
    std::string text;
    while (text.size() + unit.size() <= text_bytes_max) text += unit;
    return text;
  };
  const auto wide = repeated("|x").substr(0, text_bytes_max / 2) + "\n" +
                    repeated("|-").substr(0, text_bytes_max / 2 - 2) + "\n";
  const auto narrow = "|a|b|c|\n|-|-|-|\n" + repeated("|\n").substr(0, text_bytes_max - 100);
  const auto start = std::chrono::steady_clock::now();
  for (const auto& text :
       {wide, narrow, repeated("![[]()"), repeated("["), repeated("> "), repeated("- "),
        repeated("*a "), repeated("# a\n"), repeated("**a**:\n\n"), repeated("- `a.md`\n"),
        repeated("<a "), repeated("VTID-1 ")}) {
    (void)parse_spec(text, {.file = "VTID-01213-x.md"});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
}

TEST(ParseSpec, ATextWithoutTheShapeOfASpecHasAReasonAndNoOtherFindings) {
  const auto reading = parse_spec("# Notes\n\nSome words.\n", {.file = "notes.md"});
  EXPECT_NE(reading.not_a_spec, "");
  EXPECT_FALSE(reading.valid());
  EXPECT_THAT(reading.diagnostics, ElementsAre());
}

TEST(DiagnosticsForValidate, ANamedFileIsNeverIgnored) {
  const auto reading = parse_spec("# Notes\n", {.file = "notes.md"});
  const auto diagnostics = diagnostics_for_validate(reading, "notes.md");
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].rule, "SPEC_SHAPE");
  EXPECT_EQ(diagnostics[0].severity, Severity::error);
  EXPECT_EQ(diagnostics[0].line, 1);
  EXPECT_EQ(diagnostics[0].column, 1);
}

TEST(ParseSpec, AMissingOrOldIdIsOnlyAWarning) {
  const auto body = std::string(good).substr(good.find('\n') + 1);
  EXPECT_TRUE(parse_spec("# T\n" + body, {.file = "x.md"}).valid());
  EXPECT_TRUE(parse_spec("# VTID-0526-D: T\n" + body, {.file = "x.md"}).valid());
}

FailureCode code_of(std::string_view text, const std::string& path) {
  const auto vtid = resolve_vtid(parse_spec(text, {.file = path}), path);
  return vtid ? FailureCode::INVARIANT_BROKEN : vtid.error().code;
}

TEST(Title, OfAnIdWhoseBracketIsLeftOpenIsWhatFollows) {
  EXPECT_EQ(parse_spec("# (VTID-00012\xE2\x80\x94 A title\n", {.file = "x.md"}).spec.title, "A title");
  EXPECT_EQ(parse_spec("# (VTID-00012) A title\n", {.file = "x.md"}).spec.title, "A title");
}

TEST(ResolveVtid, TakesTheIdOnWhichNameAndTextAgree) {
  for (const auto* path : {"docs/VTID-01213-x.md", "docs/01213-x.md", "docs/x.md"}) {
    EXPECT_EQ(*resolve_vtid(parse_spec(good, {.file = path}), path), Vtid(1213)) << path;
  }
  const auto* untitled = "## Summary\n\nA summary of it.\n";
  EXPECT_EQ(*resolve_vtid(parse_spec(untitled), "01213-x.md"), Vtid(1213));
}

TEST(ResolveVtid, RefusesEverythingElseWithItsCode) {
  EXPECT_EQ(code_of("## Summary\n\nA summary of it.\n", "x.md"), FailureCode::VTID_INVALID);
  EXPECT_EQ(code_of(good, "VTID-00007-x.md"), FailureCode::VTID_MISMATCH);
  EXPECT_EQ(code_of(good, "VTID-0526-D-x.md"), FailureCode::VTID_LEGACY_FORM);
  EXPECT_EQ(code_of("# DEV-CICDL-0035: T\n\n## Summary\n\nA summary.\n", "x.md"),
            FailureCode::VTID_LEGACY_FORM);
  EXPECT_EQ(code_of("---\nvtid: VTID-00001\n---\n" + std::string(good), "x.md"),
            FailureCode::VTID_MISMATCH);
  EXPECT_EQ(code_of("---\nvtid: 1213\n---\n## Summary\n\nA summary.\n", "x.md"),
            FailureCode::VTID_INVALID);
}

TEST(ResolveVtid, AMentionInATitleIsNoClaim) {
  const auto text = "# Follow-up of VTID-01100\n" + std::string(good).substr(good.find('\n') + 1);
  EXPECT_EQ(*resolve_vtid(parse_spec(text, {.file = "01213-x.md"}), "01213-x.md"), Vtid(1213));
}

TEST(ParseSpec, ALoneCarriageReturnEndsALine) {
  const auto reading = parse_spec("# VTID-01213: T\r\r## Summary\r\rA summary of it.\r\r"
                                  "## Acceptance Criteria\r\r- It works\r");
  EXPECT_TRUE(reading.valid());
  ASSERT_EQ(reading.spec.criteria.size(), 1u);
  EXPECT_EQ(reading.spec.criteria[0].line, 9);
}

TEST(ParseSpec, ManyChecksBelowManyLeadingSentencesTakeNoTime) {
  std::string text = std::string(good) + "\n## Acceptance Criteria\n";
  while (text.size() < 900'000) text += "\nx:\n\n```check\nx\n```\n";
  const auto start = std::chrono::steady_clock::now();
  parse_spec(text);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(ParseSpec, ManyTildesTakeNoTime) {
  const std::string text = std::string(good) + "\n## Acceptance Criteria\n\n- a " + std::string(900'000, '~');
  const auto start = std::chrono::steady_clock::now();
  parse_spec(text);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(ParseSpec, RelatedTasksDoNotBlock) {
  const auto reading = parse_spec(std::string(good) +
                                  "\n## Blocked by\n\nVTID-00001,VTID-2 and VTID-0526-D\n"
                                  "\n## Related VTIDs\n\nVTID-00009\n");
  EXPECT_THAT(reading.spec.dependencies, ElementsAre(Vtid(1), Vtid(2)));
  EXPECT_THAT(rules(reading), Contains("SPEC_DEPENDENCY_LEGACY"));
  EXPECT_THAT(rules(reading), Not(Contains("SPEC_DEPENDENCY_SELF")));
}

}  // namespace
}  // namespace vitana::spec
