#include "sql/conformance.h"
#include "sql/migrations.h"

namespace vitana::sql {
namespace {

using testing::Conformance;
using ::testing::ElementsAre;
using testing::fault_from;
using ::testing::IsEmpty;

const std::vector<Migration> two_steps = {
    {1, "items", "CREATE TABLE item (id BIGINT NOT NULL PRIMARY KEY)"},
    {2, "names", "ALTER TABLE item ADD COLUMN name TEXT; CREATE INDEX item_name ON item (name);"},
};

class Migrations : public Conformance {
 protected:
  std::vector<int> apply(const std::vector<Migration>& migrations) {
    return migrate(*connection_, migrations, from_us(1'700'000'000'000'000));
  }
  std::unique_ptr<Connection> connection_ = connect();
};
INSTANTIATE_TEST_SUITE_P(Drivers, Migrations, ::testing::ValuesIn(testing::drivers()),
                         testing::driver_name);

TEST_P(Migrations, EmptyStoreHasVersionZero) { EXPECT_EQ(schema_version(*connection_), 0); }

TEST_P(Migrations, AppliesAllInOrder) {
  EXPECT_THAT(apply(two_steps), ElementsAre(1, 2));
  EXPECT_EQ(schema_version(*connection_), 2);
  EXPECT_EQ(connection_->execute("INSERT INTO item (id, name) VALUES (1, 'a')"), 1);
}

TEST_P(Migrations, AppliesOnlyWhatIsMissing) {
  apply({two_steps[0]});
  EXPECT_THAT(apply(two_steps), ElementsAre(2));
}

TEST_P(Migrations, SecondTimeIsNothing) {
  apply(two_steps);
  EXPECT_THAT(apply(two_steps), IsEmpty());
}

TEST_P(Migrations, RecordsNameAndTime) {
  apply(two_steps);
  const auto row =
      connection_->query_one("SELECT name, applied_us FROM schema_version WHERE version = 2");
  EXPECT_EQ(row->text(0), "names");
  EXPECT_EQ(row->int64(1), 1'700'000'000'000'000);
}

TEST_P(Migrations, NewerStoreIsRefusedAndLeftAlone) {
  apply(two_steps);
  EXPECT_EQ(fault_from([&] { apply({two_steps[0]}); }).code(), FailureCode::STORE_TOO_NEW);
  EXPECT_EQ(schema_version(*connection_), 2);
}

TEST_P(Migrations, OtherHistoryIsRefused) {
  apply({{1, "something else", "CREATE TABLE other (id BIGINT)"}});
  EXPECT_EQ(fault_from([&] { apply(two_steps); }).code(), FailureCode::STORE_FAILED);
  EXPECT_EQ(schema_version(*connection_), 1);
}

TEST_P(Migrations, BrokenStepLeavesTheLastWholeOne) {
  auto steps = two_steps;
  steps[1].ddl = "CREATE TABLE half (id BIGINT); CREATE TABLE item (id BIGINT)";
  EXPECT_EQ(fault_from([&] { apply(steps); }).code(), FailureCode::STORE_FAILED);
  EXPECT_EQ(schema_version(*connection_), 1);
  EXPECT_FALSE(connection_->has_table("half"));
  EXPECT_THAT(apply(two_steps), ElementsAre(2));
}

}  // namespace
}  // namespace vitana::sql
