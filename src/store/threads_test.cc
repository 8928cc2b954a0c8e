// Many callers at once.
#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "store/testing.h"

namespace vitana::store {
namespace {

using namespace testing;
using ::testing::IsEmpty;

class Threads : public StoreTest {
 protected:
  static constexpr int callers = 8;
  static constexpr int units = 40;

  /// Each caller makes tasks; the numbers that they were given.
  std::multiset<Vtid> make_tasks() {
    std::mutex mutex;
    std::multiset<Vtid> given;
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < units; ++k) {
          std::optional<Vtid> mine;
          const auto done = store_->commit([&](Ledger& l) -> Result<void> {
            mine = l.allocate_vtid();
            l.put(domain::Task{.vtid = *mine, .title = "t"});
            return {};
          });
          ASSERT_TRUE(done) << to_string(done.error());
          const std::lock_guard lock(mutex);
          given.insert(*mine);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    return given;
  }

  void expect_all(const std::multiset<Vtid>& given) {
    EXPECT_EQ(std::set<Vtid>(given.begin(), given.end()).size(), std::size_t{callers} * units);
    read([](Reader& r) { EXPECT_EQ(r.row_counts()["vtid_ledger"], callers * units); });
    EXPECT_THAT(*store_->audit({}), IsEmpty());
  }
};

TEST_F(Threads, WithACommitterEveryUnitIsCommittedOnce) {
  store_->start_committer();
  expect_all(make_tasks());
  EXPECT_LT(store_->commits(), std::uint64_t{callers} * units);
}

TEST_F(Threads, WithoutACommitterTheCallersCommitForEachOther) { expect_all(make_tasks()); }

TEST_F(Threads, TwoProcessesShareOneLog) {
  auto other = Store::open({.path = path_, .mode = OpenMode::client}, clock_, entropy_);
  ASSERT_TRUE(other);
  std::thread beside([&] {
    for (int k = 0; k < units; ++k) {
      ASSERT_TRUE((*other)->commit([](Ledger& l) -> Result<void> {
        static_cast<void>(l.next_id("beside"));
        l.append(event_of(domain::EventType::repo_synced));
        return {};
      }));
    }
  });
  store_->start_committer();
  expect_all(make_tasks());
  beside.join();
  EXPECT_THAT(*store_->audit({}), IsEmpty());
}

TEST_F(Threads, ReadersSeeWholeCommits) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      commit([](Ledger& l) {
        static_cast<void>(l.next_id("pair"));
        l.append(event_of(domain::EventType::repo_synced));
        l.append(event_of(domain::EventType::repo_synced));
      });
    }
  });
  for (int i = 0; i < 50; ++i) {
    read([](Reader& r) {
      const auto head = r.head();
      const auto events = r.events({.after = head.seq - 2});
      ASSERT_FALSE(events.empty());
      EXPECT_EQ(events.back().seq, head.seq);
      EXPECT_EQ(head.seq % 2, 0);
    });
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace vitana::store
