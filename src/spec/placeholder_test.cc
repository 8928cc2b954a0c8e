#include "spec/placeholder.h"

#include <gtest/gtest.h>

namespace vitana::spec {
namespace {

TEST(Placeholder, WordsAreFoundAnywhere) {
  EXPECT_EQ(placeholder_in("TBD"), "TBD");
  EXPECT_EQ(placeholder_in("the numbers are TBD."), "TBD");
  EXPECT_EQ(placeholder_in("TODO: ask"), "TODO");
  EXPECT_EQ(placeholder_in("is it ???"), "???");
}

TEST(Placeholder, WordsInsideOfWordsAreNone) {
  EXPECT_EQ(placeholder_in("the TODOS table"), "");
  EXPECT_EQ(placeholder_in("MY_TODO"), "");
  EXPECT_EQ(placeholder_in("a to-do list"), "");
  EXPECT_EQ(placeholder_in("todo lists are kept"), "");
}

TEST(Placeholder, SomeAreOnlyAsTheWholeItem) {
  EXPECT_EQ(placeholder_in("to be determined."), "to be determined.");
  EXPECT_EQ(placeholder_in("[ ] todo"), "todo");
  EXPECT_EQ(placeholder_in("<describe it, briefly>"), "<describe it, briefly>");
  EXPECT_EQ(placeholder_in("[human] <something>"), "<something>");
  EXPECT_EQ(placeholder_in("a is < b and c > d"), "");
  EXPECT_EQ(placeholder_in("<a> and <b>"), "");
}

TEST(PlaceholderTag, HtmlIsNone) {
  for (const auto* tag : {"<br>", "<br/>", "</p>", "<!-- x -->", "<DIV class=\"x\">", "<a><b>",
                          "<>", "<", ""}) {
    EXPECT_FALSE(is_placeholder_tag(tag)) << tag;
  }
  EXPECT_TRUE(is_placeholder_tag("<describe the problem>"));
  EXPECT_TRUE(is_placeholder_tag("<title-of-it>"));
}

TEST(FindPlaceholders, NamesTheLineAndColumnOfTheWord) {
  const std::string text = "first line\nand `TODO` but TODO here\n";
  const Markdown markdown(text);
  Findings findings("x.md");
  EXPECT_TRUE(find_placeholders(markdown, markdown.sections().front().blocks.front(), 11,
                                domain::Severity::error, findings));
  const auto found = findings.take(std::string(10, '\n') + text);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 12);
  EXPECT_EQ(found[0].rule, "SPEC_PLACEHOLDER");
}

}  // namespace
}  // namespace vitana::spec
