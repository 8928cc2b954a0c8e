#include "base/utf8.h"

#include <gtest/gtest.h>

namespace vitana {
namespace {

TEST(Utf8, AcceptsEveryLengthOfSequence) {
  EXPECT_FALSE(utf8_fault("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x80"));
  EXPECT_FALSE(utf8_fault(std::string_view("a\0b", 3)));
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_EQ(utf8_fault("ab\xFFxyz"), 2u);
  EXPECT_EQ(utf8_fault("\xC0\xAF"), 0u) << "overlong";
  EXPECT_EQ(utf8_fault("x\xED\xA0\x80"), 1u) << "surrogate";
  EXPECT_EQ(utf8_fault("\xF4\x90\x80\x80"), 0u) << "above U+10FFFF";
  EXPECT_EQ(utf8_fault("abc\xE2\x82"), 3u) << "cut short";
}

TEST(Utf8, CleanReplacesWhatCannotBeStored) {
  EXPECT_EQ(utf8_clean(std::string_view("a\0\xFF", 3)), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, CleanTextIsValidAndStaysAsItIs) {
  const std::string once = utf8_clean("a\xE2\x82 b\xF0");
  EXPECT_FALSE(utf8_fault(once));
  EXPECT_EQ(utf8_clean(once), once);
}

TEST(Utf8, PrefixCutsBetweenCharacters) {
  EXPECT_EQ(utf8_prefix("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(utf8_prefix("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(utf8_prefix("\xE2\x82\xAC", 0), "");
}

TEST(Printable, StopsEscapeSequencesAndKeepsLines) {
  EXPECT_EQ(printable("a\x1B[31m\tb\nc\x7F"),
            "a\xEF\xBF\xBD[31m\tb\nc\xEF\xBF\xBD");
}

TEST(Printable, StopsControlsThatAreLongerThanAByte) {
  EXPECT_EQ(printable("a\xC2\x9B" "2J"), "a\xEF\xBF\xBD" "2J") << "C1";
  EXPECT_EQ(printable("\xE2\x80\xAE" "b\xE2\x81\xA6"), "\xEF\xBF\xBD" "b\xEF\xBF\xBD") << "direction";
}

TEST(Printable, KeepsOtherCharacters) {
  const std::string text = "\xC2\xA0 \xC3\xA4 \xE2\x80\x99 \xE2\x82\xAC \xF0\x9F\x9A\x80";
  EXPECT_EQ(printable(text), text);
}

TEST(Printable, ALineIsOne) { EXPECT_EQ(printable_line("a\n\tb\r"), "a  b\xEF\xBF\xBD"); }

}  // namespace
}  // namespace vitana
