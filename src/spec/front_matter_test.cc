#include "spec/front_matter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "spec/yaml.h"

#include "base/utf8.h"

namespace vitana::spec {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct Outcome {
  FrontMatter matter;
  std::vector<std::string> findings;  ///< "RULE:line:column"
};

Outcome read(std::string_view text) {
  Findings findings("x.md");
  Outcome outcome{read_front_matter(text, findings), {}};
  for (const auto& d : findings.take(text)) {
    outcome.findings.push_back(d.rule + ":" + std::to_string(d.line) + ":" +
                               std::to_string(d.column));
  }
  return outcome;
}

TEST(FrontMatter, AValueWithANulCharacterIsRefused) {
  const auto outcome = read("---\nchecks:\n  - command: \"true\\0; false\"\n---\n");
  EXPECT_THAT(outcome.matter.checks, ElementsAre());
  EXPECT_THAT(outcome.findings, ElementsAre("SPEC_FRONT_MATTER_INVALID:3:14"));
}

TEST(FrontMatter, EveryEscapeGivesText) {
  const auto outcome = read("---\ntitle: \"a\\N\\_\\L\\P\\e\\x85\"\n---\n");
  EXPECT_FALSE(utf8_fault(outcome.matter.title));
}

TEST(FrontMatter, ATitleIsOneLine) {
  EXPECT_EQ(read("---\ntitle: |\n  One\n  two\n---\n").matter.title, "One two ");
  EXPECT_EQ(read("---\ntitle: One\n\n  two\n---\n").matter.title, "One two");
}

TEST(FrontMatter, IsOptional) {
  const auto outcome = read("# Title\n");
  EXPECT_FALSE(outcome.matter.present);
  EXPECT_EQ(outcome.matter.body, "# Title\n");
  EXPECT_THAT(outcome.findings, ElementsAre());
}

TEST(FrontMatter, APriorityInUnknownWordsHasNoEffectAndOneInNumbersIsWrong) {
  const auto words = read("---\npriority: blocker\n---\n");
  EXPECT_THAT(words.findings, ElementsAre("SPEC_PRIORITY_UNKNOWN:2:11"));
  EXPECT_FALSE(words.matter.priority);
  EXPECT_THAT(read("---\npriority: 9\n---\n").findings, ElementsAre("SPEC_FRONT_MATTER_VALUE:2:11"));
}

TEST(FrontMatter, CountsItsLines) {
  const auto outcome = read("---\r\nvtid: VTID-00001\r\n---\r\nbody\r\n");
  EXPECT_EQ(outcome.matter.lines, 3);
  EXPECT_EQ(outcome.matter.body, "body\r\n");
  EXPECT_EQ(outcome.matter.vtid, "VTID-00001");
}

TEST(FrontMatter, ReadsEveryKeyThatActs) {
  const auto outcome = read(
      "---\ntitle: A\nstatus: superseded\nDepends-On: VTID-00001, VTID-2\n"
      "paths: [src/**, docs/x.md]\npriority: 1\nchange: none\n---\n");
  EXPECT_THAT(outcome.findings, ElementsAre());
  EXPECT_EQ(outcome.matter.title, "A");
  EXPECT_EQ(outcome.matter.directive, domain::SpecDirective::close);
  EXPECT_THAT(outcome.matter.depends_on, ElementsAre(Vtid(1), Vtid(2)));
  EXPECT_THAT(outcome.matter.paths, ElementsAre("src/**", "docs/x.md"));
  EXPECT_EQ(outcome.matter.priority, 1);
  EXPECT_TRUE(outcome.matter.no_change);
}

TEST(FrontMatter, ReadsChecks) {
  const auto outcome = read(
      "---\nchecks:\n- name: n\n  command: make test\n  keeps: true\n  timeout: 90s\n"
      "- file: a/b.txt\n  contains: one\n  absent: [two, three]\n  criterion: AC-2\n"
      "- file: gone.txt\n  missing: true\n---\n");
  ASSERT_THAT(outcome.findings, ElementsAre());
  ASSERT_EQ(outcome.matter.checks.size(), 3u);
  const auto& [command, contents, gone] =
      std::tie(outcome.matter.checks[0], outcome.matter.checks[1], outcome.matter.checks[2]);
  EXPECT_EQ(command.check.script, "make test");
  EXPECT_TRUE(command.check.keeps);
  EXPECT_EQ(command.check.timeout, 90s);
  EXPECT_EQ(command.check.line, 3);
  EXPECT_EQ(contents.criterion, "AC-2");
  EXPECT_THAT(contents.check.file->contains, ElementsAre("one"));
  EXPECT_THAT(contents.check.file->absent, ElementsAre("two", "three"));
  EXPECT_TRUE(gone.check.file->missing);
}

TEST(FrontMatter, RefusesChecksThatCouldNotBeMeant) {
  for (const auto* check :
       {"name: x", "command: a\n  file: b", "file: ../b\n  missing: true", "file: b",
        "file: /etc/passwd\n  missing: true", "file: ./a\n  missing: true", "file: a//b\n  missing: true",
        "file: a/\n  missing: true", "file: a\n  missing: true\n  absent: b", "file: a/../../b\n  missing: true",
        "command: a\n  timeout: 7h", "command: a\n  timeout: 0s", "command: a\n  keep: true",
        "command: a\n  keeps: maybe", "command: a\n  contains: b", "file: b\n  contains:", "file: b\n  contains: ''",
        "file: b\n  contains: []", "file: b\n  contains: [a, '']", "file: b\n  absent: [[a]]",
        "file: b\n  contains: a\n  absent: ' '"}) {
    const auto outcome = read(std::string("---\nchecks:\n- ") + check + "\n---\n");
    EXPECT_EQ(outcome.matter.checks.size(), 0u) << check;
    EXPECT_GE(outcome.findings.size(), 1u) << check;
  }
}

TEST(FrontMatter, NamesTheLineOfAMistake) {
  EXPECT_THAT(read("---\na: 1\nb: [1\n---\n").findings,
              ElementsAre(testing::StartsWith("SPEC_FRONT_MATTER_INVALID:")));
  EXPECT_THAT(read("---\ntitle: x\nstatus: cooking\n---\n").findings,
              ElementsAre("SPEC_STATUS_UNKNOWN:3:9"));
  EXPECT_THAT(read("---\nvtid: VTID-00001\nno end\n").findings,
              ElementsAre("SPEC_FRONT_MATTER_INVALID:1:1"));
}

TEST(FrontMatter, ASentenceBetweenRulesIsMarkdown) {
  const auto outcome = read("---\nA sentence.\n---\nbody\n");
  EXPECT_FALSE(outcome.matter.present);
  EXPECT_TRUE(outcome.matter.body.starts_with("---"));
  EXPECT_THAT(outcome.findings, ElementsAre());
}

TEST(Yaml, RefusesWhatRefersOrRepeats) {
  for (const auto* text : {"a: &x 1\nb: *x\n", "a: &x [*x]\n", "a: 1\na: 2\n", "? [a]\n: 1\n",
                           "a: !!binary aGk=\n", "{a: {b: {c: {d: {e: {f: {g: 1}}}}}}}"}) {
    EXPECT_TRUE(std::holds_alternative<YamlFault>(read_yaml(text))) << text;
  }
}

TEST(Yaml, HostileTextsEndSoon) {
  const auto start = std::chrono::steady_clock::now();
  for (const auto* unit : {"[", "{", "- ", "? ", "a: ", "- - ", "\"", "'", "|", ">\n", "&a ",
                                  "*a ", "!a ", "[[[[]]]],", "a:\n b:\n", "\t", "#", "%a\n"}) {
    std::string text;
    while (text.size() < 60'000) text += unit;
    (void)read_yaml(text);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

}  // namespace
}  // namespace vitana::spec
