// Locks, snapshots and doomed transactions: the same on every driver.
#include "sql/conformance.h"

namespace vitana::sql {
namespace {

using testing::Conformance;
using ::testing::ElementsAre;
using testing::fault_from;
using testing::first_column;
using ::testing::IsEmpty;

class Transactions : public Conformance {
 protected:
  Transactions() {
    one_->script("CREATE TABLE item (id BIGINT NOT NULL PRIMARY KEY)");
    two_->changed_since_last_call();
  }

  static void insert(Connection& connection, std::int64_t id) {
    connection.execute("INSERT INTO item (id) VALUES ($1)", {id});
  }
  static std::vector<std::int64_t> ids(Connection& connection) {
    return first_column(connection.query("SELECT id FROM item ORDER BY id"));
  }

  std::unique_ptr<Connection> one_ = connect();
  std::unique_ptr<Connection> two_ = connect();
};
INSTANTIATE_TEST_SUITE_P(Drivers, Transactions, ::testing::ValuesIn(testing::drivers()),
                         testing::driver_name);

TEST_P(Transactions, WriterExcludesAnotherWriter) {
  one_->begin_write();
  EXPECT_EQ(fault_from([&] { two_->begin_write(); }).code(), FailureCode::STORE_BUSY);
  EXPECT_EQ(two_->transaction(), TransactionState::none);
}

TEST_P(Transactions, WriterLockIsFreeAfterCommit) {
  one_->begin_write();
  one_->commit();
  two_->begin_write();
  EXPECT_EQ(two_->transaction(), TransactionState::write);
}

TEST_P(Transactions, WriterLockIsFreeAfterItsConnectionIsGone) {
  one_->begin_write();
  one_.reset();
  two_->begin_write();
  EXPECT_EQ(two_->transaction(), TransactionState::write);
}

TEST_P(Transactions, UncommittedIsUnseen) {
  one_->begin_write();
  insert(*one_, 1);
  EXPECT_THAT(ids(*two_), IsEmpty());
  one_->commit();
  EXPECT_THAT(ids(*two_), ElementsAre(1));
}

TEST_P(Transactions, RollbackLeavesNoTrace) {
  one_->begin_write();
  insert(*one_, 1);
  one_->rollback();
  EXPECT_THAT(ids(*one_), IsEmpty());
}

TEST_P(Transactions, ScopeLeftWithoutCommitRollsBack) {
  {
    Transaction transaction(*one_, TransactionState::write);
    insert(*one_, 1);
  }
  EXPECT_THAT(ids(*one_), IsEmpty());
}

TEST_P(Transactions, ReaderKeepsItsSnapshotWhileAWriterCommits) {
  insert(*one_, 1);
  two_->begin_read();
  insert(*one_, 2);
  EXPECT_THAT(ids(*two_), ElementsAre(1));
  two_->commit();
  EXPECT_THAT(ids(*two_), ElementsAre(1, 2));
}

TEST_P(Transactions, WriterReadsWhatWasCommittedBeforeItsLock) {
  insert(*one_, 1);
  two_->begin_write();
  EXPECT_THAT(ids(*two_), ElementsAre(1));
}

TEST_P(Transactions, ReadTransactionRefusesAWrite) {
  one_->begin_read();
  EXPECT_EQ(fault_from([&] { insert(*one_, 1); }).code(), FailureCode::STORE_READ_ONLY);
}

TEST_P(Transactions, ReadTransactionRefusesAScript) {
  one_->begin_read();
  EXPECT_EQ(fault_from([&] { one_->script("CREATE TABLE other (id BIGINT)"); }).code(),
            FailureCode::STORE_READ_ONLY);
}

TEST_P(Transactions, FaultDoomsTheTransaction) {
  one_->begin_write();
  insert(*one_, 1);
  fault_from([&] { insert(*one_, 1); });
  EXPECT_EQ(one_->transaction(), TransactionState::failed);
  EXPECT_EQ(fault_from([&] { insert(*one_, 2); }).code(), FailureCode::STORE_FAILED);
  EXPECT_EQ(fault_from([&] { one_->commit(); }).code(), FailureCode::STORE_FAILED);
  one_->rollback();
  EXPECT_THAT(ids(*one_), IsEmpty());
}

TEST_P(Transactions, DoomedTransactionMustBeRolledBackBeforeTheNext) {
  one_->begin_write();
  fault_from([&] { one_->query("SELECT nothing"); });
  EXPECT_EQ(fault_from([&] { one_->begin_write(); }).code(), FailureCode::STORE_FAILED);
  one_->rollback();
  one_->begin_write();
  EXPECT_EQ(one_->transaction(), TransactionState::write);
}

TEST_P(Transactions, FaultOutsideATransactionDoomsNothing) {
  insert(*one_, 1);
  fault_from([&] { insert(*one_, 1); });
  insert(*one_, 2);
  EXPECT_THAT(ids(*one_), ElementsAre(1, 2));
}

TEST_P(Transactions, RollbackWithoutATransactionIsNothing) {
  one_->rollback();
  EXPECT_EQ(one_->transaction(), TransactionState::none);
}

TEST_P(Transactions, StatementTextCannotBeginATransaction) {
  EXPECT_EQ(fault_from([&] { one_->execute("BEGIN"); }).code(), FailureCode::STORE_FAILED);
  insert(*one_, 1);
  EXPECT_THAT(ids(*two_), ElementsAre(1));
}

TEST_P(Transactions, StatementTextCannotEndATransaction) {
  one_->begin_write();
  EXPECT_EQ(fault_from([&] { one_->execute("ROLLBACK"); }).code(), FailureCode::STORE_FAILED);
  EXPECT_EQ(one_->transaction(), TransactionState::failed);
}

TEST_P(Transactions, ScriptIsAllOrNone) {
  fault_from(
      [&] { one_->script("CREATE TABLE other (id BIGINT); CREATE TABLE item (id BIGINT)"); });
  EXPECT_FALSE(one_->has_table("other"));
  EXPECT_EQ(one_->transaction(), TransactionState::none);
}

TEST_P(Transactions, ScriptKnowsCommentsAndLiterals) {
  one_->script("-- a; b\nCREATE TABLE other (t TEXT);\nINSERT INTO other (t) VALUES ('a;b'); ; ");
  EXPECT_EQ(one_->query_one("SELECT t FROM other")->text(0), "a;b");
}

TEST_P(Transactions, ScriptInATransactionBelongsToIt) {
  one_->begin_write();
  one_->script("CREATE TABLE other (id BIGINT)");
  one_->rollback();
  EXPECT_FALSE(one_->has_table("other"));
}

TEST_P(Transactions, HasTableKnowsTables) {
  EXPECT_TRUE(one_->has_table("item"));
  EXPECT_FALSE(one_->has_table("items"));
}

TEST_P(Transactions, CommitFromElsewhereIsNoticedOnce) {
  EXPECT_FALSE(two_->changed_since_last_call());
  insert(*one_, 1);
  EXPECT_TRUE(two_->changed_since_last_call());
  EXPECT_FALSE(two_->changed_since_last_call());
}

TEST_P(Transactions, OwnCommitIsNoNews) {
  insert(*one_, 1);
  EXPECT_FALSE(one_->changed_since_last_call());
}

TEST_P(Transactions, RolledBackIsNoNews) {
  one_->begin_write();
  insert(*one_, 1);
  one_->rollback();
  EXPECT_FALSE(two_->changed_since_last_call());
}

using TransactionsDeathTest = Transactions;
INSTANTIATE_TEST_SUITE_P(Drivers, TransactionsDeathTest, ::testing::ValuesIn(testing::drivers()),
                         testing::driver_name);

TEST_P(TransactionsDeathTest, BeginInATransactionIsABrokenInvariant) {
  one_->begin_write();
  EXPECT_DEATH(one_->begin_read(), "broken invariant");
}

TEST_P(TransactionsDeathTest, VisitorThatCallsTheConnectionIsABrokenInvariant) {
  insert(*one_, 1);
  const auto visit = [&](const Row&) {
    one_->query("SELECT 1");
    return true;
  };
  EXPECT_DEATH(one_->each("SELECT id FROM item", {}, visit), "broken invariant");
}

}  // namespace
}  // namespace vitana::sql
