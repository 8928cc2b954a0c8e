#include "worker/candidate.h"

#include <gmock/gmock.h>

#include "git/tree.h"
#include "worker/bench_for_test.h"

namespace vitana::worker {
namespace {

using test::must;

class CandidateTest : public test::JudgedTest {
 protected:
  Candidate make() { return must(make_candidate(rule_source(), next)); }
  Result<Candidate> kept() { return kept_candidate(rule_source(), next); }
};

TEST_F(CandidateTest, IsFoundAsItWasMade) {
  EXPECT_EQ(kept().error().code, FailureCode::COMMIT_MISSING);
  change("echo 'color: navy;' > src/sidebar.css");
  const auto tip = user.commit_file("other.txt", "other\n");
  for (const auto mode : {domain::DeliveryMode::branch, domain::DeliveryMode::merge}) {
    next.run.delivery = mode;
    const auto made = make();
    ASSERT_FALSE(made.error);
    EXPECT_EQ(made.tip, tip);
    EXPECT_EQ(must(rules.mirror->kept_commit(deliverable_kept(next.run.id))), made.deliverable.new_commit);
    const auto found = must(kept());
    EXPECT_EQ(found.deliverable, made.deliverable);
    EXPECT_EQ(found.tip, tip);
    EXPECT_FALSE(found.nothing_to_deliver);
    EXPECT_FALSE(found.error);
  }
}

TEST_F(CandidateTest, IsWhatWasMadeLastWhereverTheBranchIsByNow) {
  change("echo 'color: navy;' > src/sidebar.css");
  const auto made = make();
  user.commit_file("other.txt", "other\n");
  EXPECT_EQ(must(kept()).deliverable.new_commit, made.deliverable.new_commit);
  EXPECT_NE(make().deliverable.new_commit, made.deliverable.new_commit);
}

TEST_F(CandidateTest, WhereNothingIsLeftToDeliverIsTheTip) {
  change("echo 'color: navy;' > src/sidebar.css");
  EXPECT_FALSE(make().nothing_to_deliver);
  const auto tip = user.commit_file("src/sidebar.css", "color: navy;\n");
  const auto made = make();
  EXPECT_TRUE(made.nothing_to_deliver);
  const auto found = must(kept());
  EXPECT_TRUE(found.nothing_to_deliver);
  EXPECT_EQ(found.deliverable, made.deliverable);
  EXPECT_EQ(found.deliverable.new_commit, tip);
  EXPECT_EQ(found.tip, tip);
}

TEST_F(CandidateTest, OfABranchThatMovedElsewhereSaysSo) {
  change("echo 'color: navy;' > src/sidebar.css");
  next.run.delivery = domain::DeliveryMode::branch;
  const auto made = make();
  user.git({"branch", "vtid/01213-navy-sidebar", "main"});
  const auto found = must(kept());
  ASSERT_TRUE(found.error);
  EXPECT_EQ(found.error->code, FailureCode::DELIVERY_REFUSED);
  next.delivered = {made.tip};
  EXPECT_FALSE(must(kept()).error);
}

}  // namespace
}  // namespace vitana::worker
