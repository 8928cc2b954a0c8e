// Stores as earlier versions of the program wrote them: testdata/schema_N.sql is what `sqlite3 FILE .dump` said of one.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "sql/sqlite.h"
#include "store/schema.h"
#include "store/testing.h"

namespace vitana::store {
namespace {

using namespace testing;
using ::testing::IsEmpty;

class EarlierSchema : public StoreTest, public ::testing::WithParamInterface<int> {
 protected:
  /// In the place of the store that the fixture made.
  void load(int version) {
    store_.reset();
    path_ = (folder_ / "earlier.db").string();
    std::ifstream file(fmt::format("{}/schema_{}.sql", VITANA_STORE_TESTDATA, version));
    ASSERT_TRUE(file) << version;
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    auto connection = sql::open_sqlite({.path = path_});
    ASSERT_TRUE(connection);
    (*connection)->script(text);
  }
};

TEST_P(EarlierSchema, IsBackedUpMigratedAndWhole) {
  SKIP_ON_SERVER();
  load(GetParam());
  const auto client = Store::open({.path = path_, .mode = OpenMode::client}, clock_, entropy_);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, FailureCode::STORE_TOO_OLD);
  open();
  EXPECT_TRUE(std::filesystem::exists(fmt::format("{}.v{}-20260125T090000Z.backup", path_, GetParam())));
  const auto damage = store_->audit(std::nullopt);
  ASSERT_TRUE(damage);
  EXPECT_THAT(*damage, IsEmpty());
  read([&](Reader& r) {
    const auto done = r.task(Vtid(1));
    ASSERT_TRUE(done);
    EXPECT_EQ(done->status, domain::TaskStatus::completed);
    EXPECT_EQ(r.newest_spec(Vtid(1))->digest, Digest::of(r.newest_spec(Vtid(1))->text));
    EXPECT_EQ(r.tasks({}).size(), 3U);
    EXPECT_EQ(r.tokens().size(), static_cast<std::size_t>(GetParam() - 1)) << "each fixture has one more";
    for (const auto& draft : r.drafts(10)) EXPECT_EQ(draft.repo, "");
    EXPECT_EQ(r.drafts(10).size(), GetParam() < 2 ? 0U : 1U);
    EXPECT_EQ(r.events({.after = r.head().seq - 1}).front().type, "store.migrated");
  });
}

INSTANTIATE_TEST_SUITE_P(All, EarlierSchema, ::testing::Range(1, static_cast<int>(migrations_sqlite().size())),
                         [](const auto& tested) { return fmt::format("schema_{}", tested.param); });

}  // namespace
}  // namespace vitana::store
