#include "worker/tree_verifier.h"

#include <gmock/gmock.h>

#include "git/tree.h"
#include "worker/bench_for_test.h"

namespace vitana::worker {
namespace {

using domain::EvidenceVerdict;
using test::must;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

domain::Criterion checked(std::string id, std::string script, bool keeps = false) {
  domain::Criterion criterion;
  criterion.id = std::move(id);
  criterion.cls = domain::CriterionClass::command;
  criterion.checks.push_back({.script = std::move(script), .keeps = keeps});
  criterion.checks.back().timeout = std::chrono::seconds(10);
  return criterion;
}

class TreeVerifierTest : public test::JudgedTest {
 protected:
  void make_navy() { change("echo 'color: navy;' > src/sidebar.css"); }
  port::Verification verify() { return must(verifier().verify(next, {})); }
  void judge(domain::Criterion criterion) { next.spec.criteria.push_back(std::move(criterion)); }
  FailureCode code_of(const port::Verification& found) {
    return found.error ? found.error->code : FailureCode::USAGE;
  }
};

TEST_F(TreeVerifierTest, RedThenGreenIsPassed) {
  make_navy();
  judge(checked("AC-1", "grep -q navy src/sidebar.css"));
  const auto found = verify();
  ASSERT_FALSE(found.error) << to_string(*found.error);
  ASSERT_EQ(found.evidence.size(), 1U);
  EXPECT_EQ(found.evidence[0].verdict, EvidenceVerdict::passed);
  EXPECT_EQ(found.evidence[0].base_exit_code, 1);
  EXPECT_EQ(found.evidence[0].exit_code, 0);
  EXPECT_EQ(found.evidence[0].tree, found.verified.deliverable.tree);
  EXPECT_EQ(found.verified.passed, 1);
  EXPECT_EQ(found.verified.fence, 7);
}

TEST_F(TreeVerifierTest, GreenOnBothIsVacuousUnlessItIsMeant) {
  make_navy();
  judge(checked("AC-1", "grep -q color src/sidebar.css"));
  judge(checked("AC-2", "grep -q color src/sidebar.css", true));
  const auto found = verify();
  ASSERT_FALSE(found.error);
  EXPECT_EQ(found.evidence[0].verdict, EvidenceVerdict::vacuous);
  EXPECT_EQ(found.evidence[1].verdict, EvidenceVerdict::held);
  EXPECT_EQ(found.verified.vacuous, 1);
  EXPECT_EQ(found.verified.held, 1);
}

TEST_F(TreeVerifierTest, RedCriterionIsNamedAndTheRestIsJudgedAll) {
  make_navy();
  judge(checked("AC-1", "echo why; grep -q pink src/sidebar.css"));
  judge(checked("AC-2", "grep -q navy src/sidebar.css"));
  const auto found = verify();
  EXPECT_EQ(code_of(found), FailureCode::VERIFICATION_FAILED);
  EXPECT_EQ(found.error->context.at("criteria"), "AC-1");
  EXPECT_THAT(found.error->context.at("output"), HasSubstr("why"));
  ASSERT_EQ(found.evidence.size(), 2U);
  EXPECT_EQ(found.evidence[1].verdict, EvidenceVerdict::passed);
}

TEST_F(TreeVerifierTest, SecretOfTheAgentIsNotInTheEvidence) {
  agent.secrets = {"API_KEY"};
  secrets = {{"fixer/API_KEY", "sk-very-secret"}};
  change("echo $API_KEY > key.txt");
  judge(checked("AC-1", "cat key.txt; false"));
  const auto found = verify();
  EXPECT_EQ(found.evidence[0].output, "[secret]\n");
  EXPECT_EQ(found.error->context.at("output"), "[secret]\n");
}

TEST_F(TreeVerifierTest, SecretInTheNameOfAForbiddenFileIsNotInTheError) {
  agent.secrets = {"API_KEY"};
  secrets = {{"fixer/API_KEY", "sk-very-secret"}};
  rules.protected_globs = {"docs/**"};
  change("mkdir docs; touch docs/$API_KEY.md");
  const auto found = verify();
  EXPECT_EQ(to_string(*found.error),
            "PATH_FORBIDDEN: the change touches docs/[secret].md, which it may not "
            "(docs/[secret].md: it is protected by docs/**)");
  EXPECT_EQ(found.error->context.at("path"), "docs/[secret].md");
}

TEST_F(TreeVerifierTest, APathThatIsVeryLongIsShownCut) {
  rules.protected_globs = {"d/**"};
  change("mkdir -p $(printf 'd/%.0s' $(seq 180)); touch $(printf 'd/%.0s' $(seq 180))x");
  const auto found = verify();
  ASSERT_EQ(code_of(found), FailureCode::PATH_FORBIDDEN);
  EXPECT_THAT(found.error->message, HasSubstr("d/d/…"));
  EXPECT_LT(to_string(*found.error).size(), 700U);
}

TEST_F(TreeVerifierTest, CheckThatDoesNotEndIsRed) {
  make_navy();
  auto endless = checked("AC-1", "sleep 100");
  endless.checks[0].timeout = std::chrono::milliseconds(300);
  judge(endless);
  const auto found = verify();
  EXPECT_EQ(code_of(found), FailureCode::VERIFICATION_FAILED);
  EXPECT_EQ(found.evidence[0].exit_code, 124);
}

TEST_F(TreeVerifierTest, OneCheckCannotPrepareTheGroundForTheNext) {
  make_navy();
  judge(checked("AC-1", "grep -q navy src/sidebar.css; echo pink > src/sidebar.css"));
  judge(checked("AC-2", "grep -q navy src/sidebar.css"));
  judge(checked("AC-3", "grep -q navy src/sidebar.css; ! test -e left"));
  EXPECT_FALSE(verify().error);
}

TEST_F(TreeVerifierTest, FileChecksReadTheTreeItself) {
  make_navy();
  domain::Criterion criterion{.id = "AC-1", .cls = domain::CriterionClass::file};
  criterion.checks.push_back({.file = domain::FileCheck{"src/sidebar.css", {"navy"}, {"red"}}});
  judge(criterion);
  criterion.id = "AC-2";
  criterion.checks[0].file = domain::FileCheck{.path = "src/sidebar.css", .missing = true};
  judge(criterion);
  const auto found = verify();
  EXPECT_EQ(found.evidence[0].verdict, EvidenceVerdict::passed);
  EXPECT_EQ(found.evidence[1].verdict, EvidenceVerdict::failed);
}

TEST_F(TreeVerifierTest, UncheckedCriteriaAreAttestedOrWaitForAPerson) {
  make_navy();
  judge({.id = "AC-1", .text = "looks good"});
  judge({.id = "AC-2", .text = "ask Ada", .cls = domain::CriterionClass::human});
  auto found = verify();
  EXPECT_EQ(found.evidence[0].verdict, EvidenceVerdict::attested);
  EXPECT_EQ(found.verified.attested, 1);
  EXPECT_EQ(found.verified.open_sign_offs, 1);

  rules.unverified = domain::UnverifiedMode::human;
  next.signed_off.push_back({.criterion = "AC-2", .verdict = EvidenceVerdict::passed});
  found = verify();
  EXPECT_EQ(found.verified.attested, 0);
  EXPECT_EQ(found.verified.signed_off, 1);
  EXPECT_EQ(found.verified.open_sign_offs, 1);
}

TEST_F(TreeVerifierTest, ProtectedPathIsNamed) {
  change("mkdir .github; echo x > .github/ci.yml");
  const auto found = verify();
  EXPECT_EQ(code_of(found), FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(found.error->context.at("path"), ".github/ci.yml");
}

TEST_F(TreeVerifierTest, SpecMayAllowAProtectedPath) {
  change("mkdir .github; echo x > .github/ci.yml");
  next.spec.paths = {".github/**"};
  EXPECT_FALSE(verify().error);
}

TEST_F(TreeVerifierTest, ProgramThatACheckStartsIsProtected) {
  change("echo true > tools/check.sh");
  judge(checked("AC-1", "sh tools/check.sh"));
  const auto found = verify();
  EXPECT_EQ(code_of(found), FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(found.error->context.at("path"), "tools/check.sh");
}

TEST_F(TreeVerifierTest, ProgramBehindALinkThatACheckStartsIsProtected) {
  user.write("s/real.sh", "exit 1\n");
  std::filesystem::create_symlink("s/real.sh", user.path("check.sh"));
  std::filesystem::create_directory_symlink("s", user.path("td"));
  user.commit();
  fetch();
  for (const char* check : {"sh check.sh", "sh td/real.sh"}) {
    for (const char* act : {"echo true > s/real.sh", "rm check.sh td; mkdir td; echo true > td/real.sh; cp td/real.sh check.sh"}) {
      SCOPED_TRACE(std::string(check) + " | " + act);
      change(act);
      next.spec.criteria = {checked("AC-1", check)};
      EXPECT_EQ(code_of(verify()), FailureCode::PATH_FORBIDDEN);
    }
  }
}

TEST_F(TreeVerifierTest, WhatTheBranchAsksForByNowHolds) {
  make_navy();
  user.commit_file("rules.txt", "by now\n");
  const auto tip = user.head();
  rules_at = [this, tip](const std::string& commit) {
    auto found = rules;
    if (commit == tip) found.commands = {"exit 3"};
    return found;
  };
  const auto found = verify();
  ASSERT_TRUE(found.error);
  EXPECT_EQ(found.error->code, FailureCode::BASE_RED);
}

TEST_F(TreeVerifierTest, ConflictWithTheMovedBranch) {
  make_navy();
  user.commit_file("src/sidebar.css", "color: pink;\n");
  const auto found = verify();
  EXPECT_EQ(code_of(found), FailureCode::MERGE_CONFLICT);
  EXPECT_THAT(to_string(*found.error), HasSubstr("src/sidebar.css"));
}

TEST_F(TreeVerifierTest, OtherChangesOfTheMovedBranchAreKept) {
  make_navy();
  const auto tip = user.commit_file("other.txt", "other\n");
  const auto found = verify();
  ASSERT_FALSE(found.error) << to_string(*found.error);
  const auto& made = found.verified.deliverable;
  EXPECT_EQ(must(rules.mirror->run({"rev-parse", made.new_commit + "^"})), tip + "\n");
  EXPECT_EQ(must(git::read_file(*rules.mirror, made.tree, "other.txt", 100)), "other\n");
}

TEST_F(TreeVerifierTest, RegressionIsChecksFailed) {
  rules.commands = {"true", "grep -q color src/sidebar.css"};
  change("echo nothing > src/sidebar.css");
  const auto found = verify();
  EXPECT_EQ(code_of(found), FailureCode::CHECKS_FAILED);
  ASSERT_EQ(found.evidence.size(), 2U);
  EXPECT_EQ(found.evidence[0].criterion, "check:1");
  EXPECT_EQ(found.evidence[0].verdict, EvidenceVerdict::held);
  EXPECT_EQ(found.evidence[1].verdict, EvidenceVerdict::failed);
}

TEST_F(TreeVerifierTest, BranchThatBecameRedByItselfIsBaseRed) {
  rules.commands = {"! test -e broken"};
  make_navy();
  user.commit_file("broken", "");
  EXPECT_EQ(code_of(verify()), FailureCode::BASE_RED);
}

TEST_F(TreeVerifierTest, SameInputsMakeTheSameCommitWithTrailers) {
  make_navy();
  const auto first = verify().verified.deliverable;
  const auto second = verify().verified.deliverable;
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.ref, "refs/heads/vtid/01213-navy-sidebar");
  EXPECT_EQ(first.old_commit, "");
  const auto message = must(rules.mirror->run({"log", "-1", "--format=%B", first.new_commit}));
  EXPECT_THAT(message, HasSubstr("Navy sidebar!\n"));
  EXPECT_THAT(message, HasSubstr("VTID: VTID-01213\nSpec-Digest: sha256:"));
  EXPECT_THAT(message, HasSubstr("Run: VTID-01213.2\n"));
}

TEST_F(TreeVerifierTest, MergeModeDeliversToTheTarget) {
  make_navy();
  next.run.delivery = domain::DeliveryMode::merge;
  const auto made = verify().verified.deliverable;
  EXPECT_EQ(made.ref, "refs/heads/main");
  EXPECT_EQ(made.old_commit, next.run.base_commit);
}

TEST_F(TreeVerifierTest, WhatAnEarlierRunDeliveredMayBeReplaced) {
  make_navy();
  user.git({"branch", "vtid/01213-navy-sidebar"});
  next.delivered = {user.head()};
  const auto found = verify();
  EXPECT_FALSE(found.error);
  EXPECT_EQ(found.verified.deliverable.old_commit, user.head());
}

TEST_F(TreeVerifierTest, WhatAPersonMadeOfADeliveryIsNotReplaced) {
  make_navy();
  const auto delivered = verify().verified.deliverable.new_commit;
  next.delivered = {delivered};
  // As `git commit --amend` leaves it: our message, our trailers, another commit.
  user.git({"fetch", "-q", rules.mirror->path().string(), "refs/vitana/keep/*:refs/kept/*"});
  user.git({"checkout", "-q", "-b", "vtid/01213-navy-sidebar", delivered});
  user.git({"commit", "-q", "--amend", "--no-edit", "--date=2026-02-01T00:00:00Z"});
  user.git({"checkout", "-q", "main"});
  EXPECT_EQ(code_of(verify()), FailureCode::DELIVERY_REFUSED);
}

TEST_F(TreeVerifierTest, NoChangeIsNothingToDeliver) {
  change("true");
  next.spec.no_change = true;
  judge(checked("AC-1", "grep -q color src/sidebar.css", true));
  const auto found = verify();
  ASSERT_FALSE(found.error);
  EXPECT_TRUE(found.verified.nothing_to_deliver);
  EXPECT_TRUE(found.verified.no_change_allowed);
  EXPECT_EQ(found.verified.held, 1);
}

TEST_F(TreeVerifierTest, AChangeThatTheBranchGotMeanwhileIsNothingToDeliver) {
  make_navy();
  user.commit_file("src/sidebar.css", "color: navy;\n");
  const auto found = verify();
  ASSERT_FALSE(found.error);
  EXPECT_TRUE(found.verified.nothing_to_deliver);
  EXPECT_FALSE(found.verified.no_change_allowed);
}

TEST_F(TreeVerifierTest, StopEndsTheStep) {
  make_navy();
  judge(checked("AC-1", "sleep 100"));
  std::stop_source stop;
  stop.request_stop();
  const auto found = verifier().verify(next, stop.get_token());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, FailureCode::CANCELLED);
}

TEST_F(TreeVerifierTest, NothingIsLeftBehind) {
  make_navy();
  judge(checked("AC-1", "mkdir d; touch d/f; chmod 0 d"));
  verify();
  EXPECT_FALSE(fs::exists(workspaces() / "VTID-01213.2-f7-verify"));
}

}  // namespace
}  // namespace vitana::worker
