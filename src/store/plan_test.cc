// The questions of the hot path never read what is finished.
#include <gmock/gmock.h>

#include "store/testing.h"

namespace vitana::store {
namespace {

using testing::StoreTest;
using ::testing::HasSubstr;
using ::testing::Not;

class Plan : public StoreTest {
 protected:
  void SetUp() override { SKIP_ON_SERVER(); }
  std::string of(const std::string& statement) {
    std::string plan;
    for (const auto& row : raw()->query("EXPLAIN QUERY PLAN " + statement)) {
      plan += row.text(3) + "; ";
    }
    return plan;
  }
};

TEST_F(Plan, WorkListsComeOutOfOneIndexInItsOrder) {
  const auto eligible = of(
      "SELECT vtid FROM vtid_ledger WHERE status = 'scheduled' AND not_before <= 5 "
      "ORDER BY priority, created_at, number LIMIT 9");
  EXPECT_THAT(eligible, HasSubstr("vtid_ledger_eligible"));
  EXPECT_THAT(eligible, Not(HasSubstr("TEMP B-TREE")));
  const auto some = of(
      "SELECT vtid FROM vtid_ledger WHERE status = 'scheduled' AND not_before <= 5 "
      "AND repo NOT IN ('a') AND CASE agent WHEN '' THEN 'b' ELSE agent END NOT IN ('b') "
      "ORDER BY priority, created_at, number LIMIT 9");
  EXPECT_EQ(some, eligible);
  const auto claimable = of(
      "SELECT vtid, attempt FROM autopilot_runs WHERE wants = 'execute' AND not_before <= 5 "
      "ORDER BY priority, created_at, number LIMIT 9");
  EXPECT_THAT(claimable, HasSubstr("autopilot_runs_claimable"));
  EXPECT_THAT(claimable, Not(HasSubstr("TEMP B-TREE")));
  const auto ready = of(
      "SELECT COUNT(*), MIN(CASE WHEN r.not_before > t.updated_at THEN r.not_before ELSE t.updated_at END) "
      "FROM autopilot_runs r JOIN vtid_ledger t ON t.vtid = r.vtid WHERE r.wants IS NOT NULL AND r.not_before <= 5");
  EXPECT_THAT(ready, HasSubstr("autopilot_runs_claimable"));
  EXPECT_THAT(ready, Not(HasSubstr("SCAN t")));
  EXPECT_THAT(of("SELECT vtid FROM vtid_ledger WHERE next_due IS NOT NULL AND next_due <= 5 "
                 "ORDER BY next_due LIMIT 9"),
              HasSubstr("vtid_ledger_overdue"));
  EXPECT_THAT(of("SELECT key FROM outbox WHERE state = 'pending' AND kind <> 'push' AND due <= 5 "
                 "ORDER BY due, id LIMIT 9"),
              HasSubstr("outbox_pending"));
  EXPECT_THAT(of("SELECT key FROM outbox WHERE state = 'pending' AND kind = 'commit_status' AND due <= 5 "
                 "AND ((key || '' >= 'status:a:' AND key || '' < 'status:a;')) ORDER BY due, id LIMIT 9"),
              HasSubstr("outbox_pending"));
}

TEST_F(Plan, TasksComeInTheOrderOfTheirChangesOutOfAnIndex) {
  const auto first = of("SELECT * FROM vtid_ledger WHERE status = 'completed' ORDER BY updated_at DESC, number DESC LIMIT 9");
  EXPECT_THAT(first, HasSubstr("vtid_ledger_changed"));
  EXPECT_THAT(first, Not(HasSubstr("TEMP B-TREE")));
  const auto next = of("SELECT * FROM vtid_ledger WHERE status = 'completed' AND (updated_at, number) < (5, 7) "
                       "ORDER BY updated_at DESC, number DESC LIMIT 9");
  EXPECT_THAT(next, HasSubstr("vtid_ledger_changed"));
  EXPECT_THAT(next, Not(HasSubstr("TEMP B-TREE")));
}

TEST_F(Plan, WhatIsUnderWayIsFoundWithoutWhatHasEnded) {
  EXPECT_THAT(of("SELECT 1 FROM autopilot_runs WHERE lease_fence IS NOT NULL LIMIT 1"),
              HasSubstr("autopilot_runs_leased"));
  EXPECT_THAT(of("SELECT 1 FROM vtid_ledger WHERE status = 'in_progress' LIMIT 1"), HasSubstr("(status=?)"));
}

TEST_F(Plan, ATextIsFoundByItsDigestThroughAnIndex) {
  EXPECT_THAT(of("SELECT DISTINCT vtid, number FROM vtid_specs WHERE checksum = 'x' ORDER BY number"),
              HasSubstr("vtid_specs_digest"));
}

}  // namespace
}  // namespace vitana::store
