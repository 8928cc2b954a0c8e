// Verify steps of workers on other machines: what they may say, and what is made of it.
#include <gmock/gmock.h>

#include "gateway/fixture.h"

namespace vitana::gateway {
namespace {

/// A run that a worker has executed, and that waits to be judged.
struct JudgingTest : GatewayTest {
  const std::string path_ = "/api/v1/runs/VTID-00002.1/";
  const std::string commit_ = std::string(40, 'b');
  const Json held_{{"criterion", "check:1"}, {"verdict", "held"}, {"exit_code", 0}, {"output", "s3cret-of-the-agent"}};
  const Json passed_{{"criterion", "AC-1"}, {"verdict", "passed"}, {"exit_code", 0}, {"base_exit_code", 1}};
  std::string judge_;

  JudgingTest() {
    world_.repository().commit({{"docs/specs/00002-page.md", testing::sample_spec("Another")}});
    world_.scan();
    world_.conduct();
    auto& workers = world_.engine().workers;
    const domain::Caller maker{.actor = "maker", .role = Role::worker};
    const auto made = workers.enter({.name = "w"}, maker);
    EXPECT_TRUE(made);
    EXPECT_EQ(workers.claim(made->id, maker, "1", 1)->assignments.size(), 1U);
    const domain::Executed executed{.fence = 1, .result_commit = "c", .result_tree = "t"};
    EXPECT_TRUE(workers.report({Vtid(2), 1}, executed, maker));
    judge_ = token(Role::verifier);
    candidate_.emplace();
    candidate_->rules.commands = {"make test"};
    candidate_->deliverable.ref = "refs/heads/main";
    candidate_->deliverable.new_commit = commit_;
    candidate_->deliverable.tree = "tree";
  }
  Response claim(const std::string& token, const std::string& step, const std::string& request = "v") {
    return post("/api/v1/workers/" + worker_ + "/claim", token,
                {{"request_id", request}, {"max", 1}, {"wait_seconds", 5}, {"step", step}});
  }
  void take() { ASSERT_EQ(parsed(claim(judge_, "verify"))["assignments"].size(), 1U); }
  Json verdict(const Json& evidence) const { return {{"fence", 2}, {"commit", commit_}, {"evidence", evidence}}; }
  Response report(const Json& body) { return post(path_ + "verified", judge_, body); }
  Json good() const { return verdict(Json::array({held_, passed_})); }
  Json red() const {
    Json one = passed_;
    one["exit_code"] = 1;
    one["verdict"] = "failed";
    return one;
  }
  domain::Run run() { return world_.runs(Vtid(2)).at(0); }
};

TEST_F(JudgingTest, IsForThoseWhoMayJudge) {
  EXPECT_EQ(code_of(claim(token(Role::worker), "verify")), "NOT_ALLOWED");
  EXPECT_EQ(code_of(claim(judge_, "deliver")), "REQUEST_INVALID");
  const auto waits = claim(judge_, "execute", "e");
  EXPECT_TRUE(waits.ask_again);
  EXPECT_EQ(waits.line, 0U);
  const auto granted = parsed(claim(judge_, "verify"));
  ASSERT_EQ(granted["assignments"].size(), 1U) << granted.dump();
  EXPECT_EQ(granted["assignments"][0]["step"], "verify");
  const auto none = claim(judge_, "verify", "x");
  EXPECT_TRUE(none.ask_again);
  EXPECT_EQ(none.line, 1U) << "that there is nothing says nothing to those who wait for something else";
  EXPECT_EQ(code_of(post(path_ + "verified", token(Role::worker), good())), "NOT_ALLOWED");
}

TEST_F(JudgingTest, WhatAnExecutorSendsIsNotTakenOfWhoJudges) {
  take();
  EXPECT_EQ(code_of(ask(Method::post, path_ + "log?fence=2&offset=0", judge_, "said\n", "text/plain")), "STATE_REFUSED");
  EXPECT_EQ(code_of(ask(Method::put, path_ + "result.bundle?fence=2", judge_, "x", "application/x-git-bundle")),
            "STATE_REFUSED");
  EXPECT_EQ(code_of(post(path_ + "complete", judge_, {{"fence", 2}, {"result_commit", commit_}})), "STATE_REFUSED");
  EXPECT_EQ(run().state, domain::RunState::verifying);
}

TEST_F(JudgingTest, NonsenseIsRefused) {
  take();
  Json vain = passed_;
  vain["base_exit_code"] = 0;
  for (const auto& evidence : {Json::array(), Json::array({held_}), Json::array({held_, passed_, passed_}),
                               Json::array({held_, red()}), Json::array({held_, vain})}) {
    EXPECT_EQ(code_of(report(verdict(evidence))), "REQUEST_INVALID") << evidence.dump();
  }
  auto other = good();
  other["commit"] = std::string(40, 'c');
  EXPECT_EQ(code_of(report(other)), "REQUEST_INVALID");
  auto late = good();
  late["fence"] = 1;
  EXPECT_EQ(code_of(report(late)), "LEASE_STALE");
  candidate_.reset();
  EXPECT_EQ(code_of(report(good())), "COMMIT_MISSING");
  EXPECT_EQ(run().state, domain::RunState::verifying);
  EXPECT_TRUE(run().lease);
}

TEST_F(JudgingTest, OnlyWhatWasSeenIsTheVerifiers) {
  take();
  const auto taken = report(good());
  ASSERT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(report(good()).status, 200) << "its answer may have been lost";
  EXPECT_EQ(run().state, domain::RunState::delivering);
  EXPECT_EQ(run().deliverable, candidate_->deliverable);
  const auto kept = get("/api/v1/tasks/VTID-00002/evidence", token(Role::viewer)).body;
  for (const auto* known : {"make test", "The entry is blue", "grep -q blue page.html"}) EXPECT_THAT(kept, HasSubstr(known));
  EXPECT_THAT(kept, Not(HasSubstr("s3cret")));
}

TEST_F(JudgingTest, WhatIsRedIsKeptWithItsEvidence) {
  take();
  Json body{{"fence", 2}, {"code", "VERIFICATION_FAILED"}, {"message", "s3cret-of-the-agent is red"}};
  body["evidence"] = Json::array({red(), red()});
  EXPECT_EQ(code_of(post(path_ + "fail", judge_, body)), "REQUEST_INVALID");
  // What does not show it is no failure of the result, and costs it no attempt.
  for (const auto& shows : {Json::array(), Json::array({held_, passed_})}) {
    body["evidence"] = shows;
    EXPECT_EQ(code_of(post(path_ + "fail", judge_, body)), "REQUEST_INVALID") << shows.dump();
  }
  body.erase("evidence");
  EXPECT_EQ(code_of(post(path_ + "fail", judge_, body)), "REQUEST_INVALID");
  body["evidence"] = Json::array({held_, red()});
  body["code"] = "CHECKS_FAILED";  // which is of the repository's own checks
  EXPECT_EQ(code_of(post(path_ + "fail", judge_, body)), "REQUEST_INVALID");
  body["code"] = "VERIFICATION_FAILED";
  ASSERT_EQ(post(path_ + "fail", judge_, body).status, 200);
  EXPECT_EQ(post(path_ + "fail", judge_, body).status, 200);
  ASSERT_TRUE(run().failure);
  EXPECT_EQ(run().failure->code, FailureCode::VERIFICATION_FAILED);
  EXPECT_THAT(run().failure->message, Not(HasSubstr("s3cret")));
  EXPECT_THAT(get("/api/v1/tasks/VTID-00002/evidence", token(Role::viewer)).body, HasSubstr("failed"));
}

TEST_F(JudgingTest, WhatHasNoPlaceToGoByNowEndsTheRun) {
  take();
  candidate_->error = Error{FailureCode::DELIVERY_REFUSED, "somebody else's branch"};
  ASSERT_EQ(report(good()).status, 200);
  ASSERT_TRUE(run().failure);
  EXPECT_EQ(run().failure->code, FailureCode::DELIVERY_REFUSED);
}

}  // namespace
}  // namespace vitana::gateway
