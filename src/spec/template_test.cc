#include "spec/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "spec/parse.h"

namespace vitana::spec {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;

TEST(Template, IsASpecThatIsNotValidUntilItIsFilled) {
  for (const auto vtid : {std::optional<Vtid>(), std::optional<Vtid>(Vtid(1213))}) {
    const auto reading = parse_spec(spec_template(vtid));
    EXPECT_EQ(reading.not_a_spec, "");
    EXPECT_FALSE(reading.valid());
    EXPECT_THAT(reading.diagnostics,
                Contains(Field(&domain::Diagnostic::rule, "SPEC_PLACEHOLDER")).Times(4));
    EXPECT_EQ(reading.spec.vtid, vtid);
  }
}

TEST(Template, IsValidOnceItsPlaceholdersAreReplaced) {
  auto text = spec_template(Vtid(1213));
  for (auto at = text.find('<'); at != text.npos; at = text.find('<')) {
    text.replace(at, text.find('>', at) - at + 1, "Words that somebody wrote");
  }
  const auto reading = parse_spec(text);
  EXPECT_TRUE(reading.valid());
  EXPECT_THAT(reading.diagnostics, ElementsAre());
  EXPECT_EQ(reading.spec.criteria.size(), 2u);
}

Draft full_draft() {
  Draft draft;
  draft.vtid = Vtid(7);
  draft.title = "A title";
  draft.summary = "What will be different.";
  draft.problem = "What is wrong.";
  draft.criteria = {
      {.text = "First"},
      {.text = "Second", .script = "set -e\n\ntest -f `a`", .keeps = true, .timeout = 30s},
      {.text = "Third", .human = true}};
  draft.depends_on = {Vtid(5)};
  draft.extra = {{"Technical Approach", "- one\n- two"}};
  return draft;
}

TEST(RenderSpec, ReadsBackTheSame) {
  const auto reading = parse_spec(render_spec(full_draft()));
  ASSERT_THAT(reading.diagnostics, ElementsAre());
  const auto& spec = reading.spec;
  EXPECT_EQ(spec.vtid, Vtid(7));
  EXPECT_EQ(spec.title, "A title");
  EXPECT_EQ(spec.summary, "What will be different.");
  EXPECT_EQ(spec.problem, "What is wrong.");
  EXPECT_EQ(spec.approach, "- one\n- two");
  EXPECT_THAT(spec.dependencies, ElementsAre(Vtid(5)));
  ASSERT_EQ(spec.criteria.size(), 3u);
  ASSERT_EQ(spec.criteria[1].checks.size(), 1u);
  EXPECT_EQ(spec.criteria[1].checks[0].script, "set -e\n\ntest -f `a`\n");
  EXPECT_TRUE(spec.criteria[1].checks[0].keeps);
  EXPECT_EQ(spec.criteria[1].checks[0].timeout, 30s);
  EXPECT_EQ(spec.criteria[2].cls, domain::CriterionClass::human);
}

TEST(RenderSpec, LeavesOutWhatIsEmptySoThatItIsFound) {
  const auto reading =
      parse_spec(render_spec({.title = "Only a title"}), {.file = "VTID-00007-x.md"});
  EXPECT_THAT(reading.diagnostics,
              Contains(Field(&domain::Diagnostic::rule, "SPEC_SUMMARY_MISSING")));
  EXPECT_THAT(reading.diagnostics,
              Contains(Field(&domain::Diagnostic::rule, "SPEC_CRITERIA_MISSING")));
}

TEST(RenderSpec, NoAnswerBecomesASectionACriterionOrACheck) {
  const std::string hostile[] = {"## Acceptance Criteria\n- smuggled",
                                 "**Acceptance Criteria**\n\n- smuggled",
                                 "text\n```check\nrm -rf /\n```",
                                 "- ```check\n  rm -rf /\n  ```",
                                 "- # Acceptance Criteria",
                                 "Acceptance Criteria\n---\n- smuggled",
                                 "Acceptance Criteria\n===\n- smuggled",
                                 "<!--",
                                 "<pre>",
                                 "~~~",
                                 "    ```check\n    true\n    ```",
                                 "> ## Acceptance Criteria",
                                 "* * *",
                                 "| a | b |\n|---|---|\n| c | d |",
                                 "[x]: y",
                                 std::string("\0\xFF\x80", 3)};
  for (const auto& text : hostile) {
    Draft draft = full_draft();
    draft.title = draft.problem = text;
    draft.summary = "A summary. " + text + "\n" + text;
    draft.extra = {{"Technical Approach", text}, {"Notes", text}};
    for (auto& criterion : draft.criteria) criterion.text = "It is so: " + text;
    const auto reading = parse_spec(render_spec(draft));
    EXPECT_TRUE(reading.valid()) << text;
    ASSERT_EQ(reading.spec.criteria.size(), 3u) << text << "\n" << render_spec(draft);
    EXPECT_EQ(reading.spec.criteria[0].checks.size(), 0u) << text;
    EXPECT_EQ(reading.spec.criteria[1].checks.size(), 1u) << text;
    EXPECT_EQ(reading.spec.criteria[2].checks.size(), 0u) << text;
  }
}

TEST(RenderSpec, RandomAnswersNeverChangeTheNumberOfCriteria) {
  constexpr unsigned seed = 7;
  std::mt19937 random(seed);
  const std::string alphabet = "ab #-*+`~<>|[]()!=_\\\n\n\t 1.:&";
  const auto text = [&] {
    std::string made = "w";
    const auto length = std::uniform_int_distribution<int>(0, 40)(random);
    for (int i = 0; i < length; ++i) {
      made += alphabet[std::uniform_int_distribution<std::size_t>(0, alphabet.size() - 1)(random)];
    }
    return made;
  };
  for (int round = 0; round < 3'000; ++round) {
    Draft draft = full_draft();
    draft.title = text();
    draft.summary = "A summary of enough length\n" + text();
    draft.problem = text();
    draft.extra = {{"Notes", text()}};
    for (auto& criterion : draft.criteria) criterion.text = text();
    draft.criteria[1].script = "true\n" + text();
    const auto rendered = render_spec(draft);
    const auto reading = parse_spec(rendered);
    ASSERT_EQ(reading.spec.criteria.size(), 3u) << "round " << round << "\n" << rendered;
    ASSERT_EQ(reading.spec.criteria[1].checks.size(), 1u) << "round " << round << "\n" << rendered;
    ASSERT_EQ(reading.spec.criteria[0].checks.size(), 0u) << "round " << round << "\n" << rendered;
  }
}

TEST(RenderSpec, BytesOfAScriptThatAreNoTextDoNotSpoilTheSpec) {
  Draft draft = full_draft();
  draft.criteria[1].script = std::string("echo \xFF\0", 7);
  const auto reading = parse_spec(render_spec(draft));
  ASSERT_EQ(reading.spec.criteria.size(), 3u);
  EXPECT_EQ(reading.spec.criteria[1].checks.front().script, "echo \xEF\xBF\xBD\xEF\xBF\xBD\n");
}

TEST(RenderSpec, ALoneCarriageReturnBeginsNoSection) {
  Draft draft = full_draft();
  draft.summary = "A summary of it.\r## Acceptance Criteria\r\r- [human] mine\r\r```check\rfalse\r```\r";
  draft.criteria[1].script = "true\rfalse\r## Acceptance Criteria\r- mine\r";
  const auto reading = parse_spec(render_spec(draft));
  ASSERT_EQ(reading.spec.criteria.size(), 3u);
  EXPECT_EQ(reading.spec.criteria[0].text, draft.criteria[0].text);
  EXPECT_EQ(reading.spec.criteria[1].checks.at(0).script,
            "true\nfalse\n## Acceptance Criteria\n- mine\n");
}

TEST(RenderSpec, AnOptionCannotEndTheFence) {
  Draft draft = full_draft();
  draft.criteria[1].options = "x\n```\n## Acceptance Criteria\n- mine `y`";
  const auto reading = parse_spec(render_spec(draft));
  EXPECT_EQ(reading.spec.criteria.size(), 3u);
  EXPECT_THAT(reading.spec.criteria[0].checks, testing::IsEmpty());
  EXPECT_FALSE(reading.valid()) << "an option that is not known is an error";
}

}  // namespace
}  // namespace vitana::spec
