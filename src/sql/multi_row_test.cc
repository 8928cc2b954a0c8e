#include "sql/multi_row.h"

#include <gtest/gtest.h>

namespace vitana::sql {
namespace {

TEST(MultiRow, NumbersParametersRowAfterRow) {
  EXPECT_EQ(multi_row_text("INSERT INTO t (a, b)", 2, 2, "ON CONFLICT DO NOTHING"),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
}

TEST(MultiRow, TakesTheLargestSizeThatIsFull) {
  EXPECT_EQ(multi_row_size(1'000, 2), 256u);
  EXPECT_EQ(multi_row_size(256, 2), 256u);
  EXPECT_EQ(multi_row_size(255, 2), 16u);
  EXPECT_EQ(multi_row_size(15, 2), 1u);
}

TEST(MultiRow, StaysWithinTheParametersOfOneStatement) {
  EXPECT_EQ(multi_row_size(1'000, 127), 256u);
  EXPECT_EQ(multi_row_size(1'000, 128), 16u);
  EXPECT_EQ(multi_row_size(1'000, parameters_max), 1u);
}

}  // namespace
}  // namespace vitana::sql
