#include "sql/value.h"

#include <gtest/gtest.h>

#include "sql/conformance.h"
#include "sql/fault.h"

namespace vitana::sql {
namespace {

using testing::fault_from;

TEST(Value, BooleanBecomesZeroOrOne) {
  EXPECT_EQ(std::get<std::int64_t>(Value(true).get()), 1);
  EXPECT_EQ(std::get<std::int64_t>(Value(false).get()), 0);
}

TEST(Value, LiteralIsText) { EXPECT_EQ(std::get<std::string>(Value("x").get()), "x"); }

TEST(Value, AbsentOptionalIsNullOfItsType) {
  EXPECT_EQ(Value(std::optional<int>()).type(), ValueType::int64);
  EXPECT_EQ(Value(std::optional<std::string>()).type(), ValueType::text);
  EXPECT_EQ(Value(std::optional<Bytes>()).type(), ValueType::bytes);
  EXPECT_TRUE(Value(std::optional<Bytes>()).is_null());
}

TEST(Value, PresentOptionalIsItsValue) {
  EXPECT_EQ(std::get<std::string>(Value(std::optional<std::string>("x")).get()), "x");
}

TEST(Row, NullWhereAValueIsPromisedIsDamage) {
  const Row row({std::monostate()});
  EXPECT_EQ(fault_from([&] { row.int64(0); }).code(), FailureCode::STORE_DAMAGED);
}

TEST(Row, TextWhereANumberIsPromisedIsDamage) {
  const Row row({std::string("7")});
  const auto fault = fault_from([&] { row.int64(0); });
  EXPECT_EQ(fault.code(), FailureCode::STORE_DAMAGED);
  EXPECT_EQ(fault.error().message, "column 0 holds text where an integer was expected");
}

TEST(Row, OptionalStillChecksTheType) {
  const Row row({std::string("7")});
  EXPECT_EQ(fault_from([&] { row.optional_int64(0); }).code(), FailureCode::STORE_DAMAGED);
}

TEST(Row, OptionalOfNullIsNothing) {
  const Row row({std::monostate()});
  EXPECT_EQ(row.optional_text(0), std::nullopt);
}

TEST(Row, BooleanTakesNothingButZeroAndOne) {
  const Row row({std::int64_t{1}, std::int64_t{2}});
  EXPECT_TRUE(row.boolean(0));
  EXPECT_EQ(fault_from([&] { row.boolean(1); }).code(), FailureCode::STORE_DAMAGED);
}

TEST(RowDeathTest, ColumnThatIsNotThereIsABrokenInvariant) {
  const Row row({std::int64_t{1}});
  EXPECT_DEATH(row.is_null(1), "broken invariant");
}

TEST(Attempt, TurnsAFaultIntoAnError) {
  const auto result = attempt([]() -> int { throw Fault({FailureCode::STORE_FULL, "full"}); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, FailureCode::STORE_FULL);
}

TEST(Attempt, PassesAValueThrough) {
  EXPECT_EQ(*attempt([] { return 7; }), 7);
}

}  // namespace
}  // namespace vitana::sql
