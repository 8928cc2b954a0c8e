// Columns that somebody else may have written.
#include "store/columns.h"

#include <gtest/gtest.h>

namespace vitana::store {
namespace {

template <typename Read>
void expect_damaged(Read read, const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    try {
      read(text);
      ADD_FAILURE() << "read: " << text;
    } catch (const sql::Fault& fault) {
      EXPECT_EQ(fault.code(), FailureCode::STORE_DAMAGED) << text;
    }
  }
}

TEST(Columns, AnEmptyObjectIsTheDefault) {
  EXPECT_EQ(waits_of("{}"), domain::Waits{});
  EXPECT_EQ(waits_of(" {} "), domain::Waits{});
  EXPECT_EQ(waits_column({}), "{}");
  EXPECT_EQ(spent_of("{}"), domain::Spent{});
}

TEST(Columns, WhatIsNoObjectOrOfAnotherTypeIsDamage) {
  const std::vector<std::string> broken{
      "", "7", "[]", "{", "null", "\xff", std::string(100'000, '[')};
  expect_damaged([](const std::string& t) { static_cast<void>(waits_of(t)); }, broken);
  expect_damaged([](const std::string& t) { static_cast<void>(failure_of(t)); }, broken);
  expect_damaged(
      [](const std::string& t) { static_cast<void>(waits_of(t)); },
      {R"({"adoption":1})", R"({"dependencies_open":"3"})", R"({"dependencies_open":1e9999})",
       R"({"dependencies_open":99999999999})", R"({"dependencies_open":18446744073709551615})"});
  expect_damaged([](const std::string& t) { static_cast<void>(failure_of(t)); },
                 {"{}", R"({"code":"unknown_error"})", R"({"code":"GIT_FAILED","causes":[1]})",
                  R"({"code":"GIT_FAILED","context":{"a":1}})"});
  expect_damaged([](const std::string& t) { static_cast<void>(spent_of(t)); },
                 {R"({"by_code":{"NONE":1}})", R"({"by_code":[]})"});
  expect_damaged([](const std::string& t) { static_cast<void>(diagnostics_of(t)); },
                 {"{}", "[1]", R"([{"severity":"fatal"}])"});
  expect_damaged([](const std::string& t) { static_cast<void>(newer_spec_of(t)); },
                 {R"({"version":1})"});
  expect_damaged([](const std::string& t) { static_cast<void>(vtid_of(t)); },
                 {"", "VTID-7", "VTID-0000000007", "vtid-00007", "VTID-00000"});
}

TEST(Columns, AFailureWithStrangeBytesIsStillWritten) {
  const domain::Failure failure{
      FailureCode::AGENT_FAILED, "a\xff", "executing", {"\xff"}, {{"k", "\xff"}}};
  EXPECT_EQ(failure_of(failure_column(failure)).message, "a\xEF\xBF\xBD");
}

TEST(Columns, MergedKeepsTheFirstOnesValues) {
  EXPECT_EQ(merged(R"({"a":1})", R"({"b":2,"a":3})"), R"({"a":1,"b":2})");
  EXPECT_EQ(merged(R"({"a":1})", "nonsense"), R"({"a":1})");
}

TEST(Columns, AMemberIsReadAsText) {
  EXPECT_EQ(member(R"({"a":"x","n":7})", "a"), "x");
  EXPECT_EQ(member(R"({"a":"x","n":7})", "n"), "7");
  EXPECT_FALSE(member(R"({"a":"x"})", "b"));
  EXPECT_FALSE(member("nonsense", "a"));
}

}  // namespace
}  // namespace vitana::store
