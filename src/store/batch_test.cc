// Units in one batch: what they see of each other, and what a failing one leaves behind.
#include <gmock/gmock.h>

#include <future>
#include <latch>
#include <thread>

#include "store/testing.h"

namespace vitana::store {
namespace {

using namespace testing;
using domain::EventType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Batch : public StoreTest {
 protected:
  /// Runs the units in one batch, in their order. A first unit holds the committer until all wait.
  std::vector<Result<void>> in_one_batch(const std::vector<Unit>& units) {
    store_->start_committer();
    std::latch held(1);
    std::latch release(1);
    auto holder = std::async(std::launch::async, [&] {
      return store_->commit([&](Ledger&) -> Result<void> {
        held.count_down();
        release.wait();
        return {};
      });
    });
    held.wait();
    std::vector<std::future<Result<void>>> waiting;
    for (const auto& unit : units) {
      waiting.push_back(std::async(std::launch::async, [&] { return store_->commit(unit); }));
      // In order: each is in the queue before the next one comes.
      while (store_->waiting() < waiting.size()) std::this_thread::yield();
    }
    const auto before = store_->commits();
    release.count_down();
    EXPECT_TRUE(holder.get());
    std::vector<Result<void>> results;
    for (auto& one : waiting) results.push_back(one.get());
    commits_ = store_->commits() - before;
    return results;
  }

  std::uint64_t commits_ = 0;
};

TEST_F(Batch, ALaterUnitSeesTheRowsOfAnEarlierOne) {
  bool seen = false;
  const auto results = in_one_batch({
      [](Ledger& l) -> Result<void> {
        l.put(task_of(7));
        return {};
      },
      [&](Ledger& l) -> Result<void> {
        seen = l.task(Vtid(7)).has_value();
        return {};
      },
  });
  EXPECT_TRUE(results[0] && results[1]);
  EXPECT_TRUE(seen);
  EXPECT_EQ(commits_, 1u);
}

TEST_F(Batch, EachCommitIsCountedByItsUnits) {
  const auto before = store_->batches();
  const Unit unit = [](Ledger& l) -> Result<void> {
    l.append(event_of(EventType::task_answered, Vtid(7)));
    return {};
  };
  in_one_batch({unit, unit, unit});
  auto expected = before;
  expected.batches[2] += 1;  // three: more than 2, at most 4
  expected.units += 3;
  EXPECT_EQ(store_->batches().batches, expected.batches);  // the holder's own changed nothing, and is no commit
  EXPECT_EQ(store_->batches().units, expected.units);
}

TEST_F(Batch, AListQuerySeesTheRowsOfAnEarlierUnit) {
  std::vector<Vtid> seen;
  in_one_batch({
      [](Ledger& l) -> Result<void> {
        l.put(task_of(7, domain::TaskStatus::scheduled));
        return {};
      },
      [&](Ledger& l) -> Result<void> {
        seen = l.eligible(10);
        return {};
      },
  });
  EXPECT_THAT(seen, ElementsAre(Vtid(7)));
  EXPECT_EQ(commits_, 1u);
}

TEST_F(Batch, AListQuerySeesTheRowsOfItsOwnUnit) {
  std::vector<Vtid> seen;
  commit([&](Ledger& l) {
    l.put(task_of(7, domain::TaskStatus::scheduled));
    seen = l.eligible(10);
  });
  EXPECT_THAT(seen, ElementsAre(Vtid(7)));
}

TEST_F(Batch, AFailingUnitLeavesNothingButItsRefusal) {
  const auto before = events().size();
  const auto done = try_commit([](Ledger& l) -> Result<void> {
    l.put(task_of(7));
    l.refuse("VTID-00007.1:3:claim", event_of(EventType::command_refused, Vtid(7)));
    return failure(FailureCode::STATE_REFUSED, "no");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::STATE_REFUSED);
  read([](Reader& r) { EXPECT_FALSE(r.task(Vtid(7))); });
  ASSERT_EQ(events().size(), before + 1);
  EXPECT_EQ(events().back().type, "governance.transition.refused");
}

TEST_F(Batch, AFailingUnitTakesBackWhatItsListQueriesBroughtIntoTheDatabase) {
  std::vector<Vtid> before, after;
  const auto results = in_one_batch({
      [](Ledger& l) -> Result<void> {
        l.put(task_of(6, domain::TaskStatus::scheduled));
        return {};
      },
      [&](Ledger& l) -> Result<void> {
        l.put(task_of(7, domain::TaskStatus::scheduled));
        before = l.eligible(10);
        return failure(FailureCode::STATE_REFUSED, "no");
      },
      [&](Ledger& l) -> Result<void> {
        after = l.eligible(10);
        return {};
      },
  });
  EXPECT_THAT(before, ElementsAre(Vtid(6), Vtid(7)));
  EXPECT_THAT(after, ElementsAre(Vtid(6)));
  read([](Reader& r) { EXPECT_FALSE(r.task(Vtid(7))); });
}

TEST_F(Batch, ARepeatedRefusalIsOneEventAndACount) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(try_commit([](Ledger& l) -> Result<void> {
      l.refuse("key", event_of(EventType::command_refused, Vtid(7)));
      return failure(FailureCode::LEASE_STALE, "late");
    }));
  }
  EXPECT_EQ(events().back().type, "governance.transition.refused");
  EXPECT_EQ(std::ranges::count(event_types(), "governance.transition.refused"), 1);
  EXPECT_EQ(raw()->query_one("SELECT refused FROM refusals")->int64(0), 3);
}

TEST_F(Batch, ADatabaseFaultOfOneUnitLeavesTheOthersAlone) {
  raw()->script(on_server() ? "CREATE TRIGGER poison BEFORE INSERT ON vtid_ledger FOR EACH ROW "
                              "WHEN (NEW.title = 'poison') EXECUTE FUNCTION vitana_refuse('poisoned')"
                            : "CREATE TRIGGER poison BEFORE INSERT ON vtid_ledger WHEN NEW.title = 'poison' "
                              "BEGIN SELECT RAISE(ABORT, 'poisoned'); END");
  const auto results = in_one_batch({
      [](Ledger& l) -> Result<void> {
        l.put(task_of(1));
        return {};
      },
      [](Ledger& l) -> Result<void> {
        auto task = task_of(2);
        task.title = "poison";
        l.put(task);
        return {};
      },
      [](Ledger& l) -> Result<void> {
        l.put(task_of(3));
        return {};
      },
  });
  EXPECT_TRUE(results[0]);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().code, FailureCode::STORE_FAILED);
  EXPECT_TRUE(results[2]);
  read([](Reader& r) {
    EXPECT_TRUE(r.task(Vtid(1)));
    EXPECT_FALSE(r.task(Vtid(2)));
    EXPECT_TRUE(r.task(Vtid(3)));
  });
  EXPECT_THAT(*store_->audit({}), IsEmpty());
}

TEST_F(Batch, AFullDatabaseRefusesAUnitAndKeepsTheRest) {
  SKIP_ON_SERVER();
  store_.reset();
  const auto pages = raw()->query_one("PRAGMA page_count")->int64(0);
  auto opened = Store::open({.path = path_, .pages_max = pages + 20}, clock_, entropy_);
  ASSERT_TRUE(opened) << to_string(opened.error());
  store_ = std::move(*opened);
  const auto results = in_one_batch({
      [](Ledger& l) -> Result<void> {
        l.put(task_of(1));
        return {};
      },
      [](Ledger& l) -> Result<void> {
        l.add(spec_of(2, 1, std::string(1 << 20, 'x')));
        return {};
      },
      [](Ledger& l) -> Result<void> {
        l.put(task_of(3));
        return {};
      },
  });
  EXPECT_TRUE(results[0]);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().code, FailureCode::STORE_FULL);
  EXPECT_TRUE(results[2]);
  EXPECT_THAT(*store_->audit({}), IsEmpty());
}

TEST_F(Batch, AnExceptionOfAUnitIsItsOwnFailure) {
  const auto done = try_commit([](Ledger& l) -> Result<void> {
    l.put(task_of(7));
    throw std::runtime_error("a defect");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, FailureCode::INVARIANT_BROKEN);
  read([](Reader& r) { EXPECT_FALSE(r.task(Vtid(7))); });
}

TEST_F(Batch, AUnitWithoutWritesMakesNoCommit) {
  const auto before = store_->commits();
  commit([](Ledger& l) { static_cast<void>(l.eligible(10)); });
  EXPECT_EQ(store_->commits(), before);
}

TEST_F(Batch, ACrashBeforeTheCommitLeavesNothing) {
  open([](bool after) {
    if (!after) throw std::runtime_error("crash");
  });
  EXPECT_THROW(static_cast<void>(try_commit([](Ledger& l) -> Result<void> {
                 l.put(task_of(7));
                 return {};
               })),
               std::runtime_error);
  open();
  read([](Reader& r) { EXPECT_FALSE(r.task(Vtid(7))); });
}

TEST_F(Batch, ACrashAfterTheCommitLeavesAll) {
  open([](bool after) {
    if (after) throw std::runtime_error("crash");
  });
  EXPECT_THROW(static_cast<void>(try_commit([](Ledger& l) -> Result<void> {
                 l.put(task_of(7));
                 return {};
               })),
               std::runtime_error);
  open();
  read([](Reader& r) { EXPECT_TRUE(r.task(Vtid(7))); });
  EXPECT_THAT(*store_->audit({}), IsEmpty());
}

}  // namespace
}  // namespace vitana::store
