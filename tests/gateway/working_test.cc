// What workers on other machines are told.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "domain/labels.h"
#include "gateway/fixture.h"
#include "port/worker_protocol.h"

namespace vitana::gateway {
namespace {

TEST_F(GatewayTest, WhatAWorkerIsToldFitsTheDocument) {
  const std::string completed = R"({"fence":1,"result_commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})";
  const std::string failed = R"({"fence":1,"code":"AGENT_FAILED","message":"x"})";
  world_.repository().commit({{"docs/specs/00002-page.md", testing::sample_spec("Another")}});
  world_.scan();
  world_.conduct();
  const auto worker = token(Role::worker);
  const auto post = [&](const std::string& path, const std::string& body, std::string_view schema) {
    const auto response = ask(Method::post, "/api/v1/" + path, worker, body);
    EXPECT_EQ(response.status, 200) << path << response.body;
    const auto fit = fits(schema, parsed(response));
    EXPECT_TRUE(fit) << path << ": " << to_string(fit.error()) << response.body;
    return parsed(response);
  };
  const auto claim = R"({"request_id":"7","max":1,"wait_seconds":5})";
  const auto granted = post("workers/" + worker_ + "/claim", claim, "Assignments");
  ASSERT_EQ(granted["assignments"].size(), 1U);
  EXPECT_EQ(granted["assignments"][0]["run"]["id"], "VTID-00002.1");
  EXPECT_EQ(post("workers/" + worker_ + "/claim", claim, "Assignments"), granted);  // its answer may have been lost
  const auto beat = post("workers/" + worker_ + "/heartbeat", R"({"runs":[{"run":"VTID-00002.1","fence":1},)"
                                                              R"({"run":"VTID-00001.1","fence":1}]})", "Directives");
  EXPECT_EQ(beat["directives"][0]["directive"], "go_on");
  EXPECT_EQ(beat["directives"][1]["directive"], "lost");
  const auto run = std::string("/api/v1/runs/VTID-00002.1/");
  const auto log = ask(Method::post, run + "log?fence=1&offset=0", worker, "said\n", "text/plain");
  EXPECT_TRUE(fits("LogEnd", parsed(log))) << log.body;
  const auto base = ask(Method::get, run + "base.bundle?fence=1", worker);
  ASSERT_TRUE(base.stream);
  EXPECT_EQ(*base.stream->next(), "# v2 git bundle\n");
  EXPECT_TRUE(base.stream->ended());
  EXPECT_THAT(base.headers, ::testing::Contains(std::pair<std::string, std::string>("X-Bundle-Bytes", "16")));
  const auto result = ask(Method::put, run + "result.bundle?fence=1", worker, "x", "application/x-git-bundle");
  EXPECT_TRUE(fits("Taken", parsed(result))) << result.body;
  const auto holds = parsed(ask(Method::get, "/api/v1/workers", token(Role::viewer)));
  EXPECT_TRUE(fits("Workers", holds));
  EXPECT_EQ(holds["workers"][0]["holds"][0]["run"], "VTID-00002.1");
  post("runs/VTID-00002.1/complete", completed, "Taken");
  EXPECT_EQ(world_.runs(Vtid(2)).at(0).state, domain::RunState::verifying);
  post("runs/VTID-00002.1/complete", completed, "Taken");  // its answer may have been lost
  EXPECT_EQ(code_of(ask(Method::post, run + "fail", worker, failed)), "LEASE_STALE");
}

TEST_F(GatewayTest, WhatAWorkerSendsOfARunNamesItsFence) {
  const auto worker = token(Role::worker);
  const std::string run = "/api/v1/runs/VTID-00001.1/";
  for (const auto& response : {ask(Method::get, run + "base.bundle", worker),
                               ask(Method::put, run + "result.bundle", worker, "x", "application/x-git-bundle"),
                               ask(Method::post, run + "log", worker, "said\n", "text/plain")}) {
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_EQ(code_of(response), "REQUEST_INVALID");
    EXPECT_THAT(response.body, HasSubstr("fence"));
  }
  EXPECT_EQ(code_of(ask(Method::get, run + "base.bundle?fence=1", worker)), "LEASE_STALE");
}

TEST_F(GatewayTest, TheSchemasOfWorkersSayTheProtocolsBounds) {
  const auto& schemas = document().at("components").at("schemas");
  const auto most = [&](const char* schema, const char* member, const char* bound) {
    return schemas.at(schema).at("properties").at(member).at(bound).get<std::int64_t>();
  };
  EXPECT_EQ(most("ClaimRequest", "max", "maximum"), port::claim_steps_max);
  EXPECT_EQ(most("ClaimRequest", "wait_seconds", "maximum"), port::claim_wait_max.count());
  EXPECT_EQ(most("HeldRuns", "runs", "maxItems"), std::int64_t{port::held_runs_max});
  EXPECT_EQ(most("WorkerIntroduction", "slots", "maximum"), port::worker_slots_max);
  for (const auto* report : {"VerifiedReport", "FailedReport"}) {
    EXPECT_EQ(most(report, "evidence", "maxItems"), std::int64_t{port::evidence_max}) << report;
    const auto& one = schemas.at(report).at("properties").at("evidence").at("items").at("properties");
    EXPECT_EQ(one.at("output").at("maxLength").get<std::int64_t>(), std::int64_t{port::evidence_output_bytes_max});
  }
  EXPECT_EQ(most("WorkerIntroduction", "name", "maxLength"), std::int64_t{domain::label_bytes_max});
  EXPECT_EQ(most("WorkerIntroduction", "labels", "maxItems"), std::int64_t{domain::labels_max});
}

TEST_F(GatewayTest, WhoIsElsewhereCannotHaveTheGatewayCallItself) {
  const auto enter = [&](const std::string& origin, const std::string& url) {
    const Json body{{"name", "called"}, {"slots", 1}, {"protocol", 1}, {"callback_url", url},
                    {"callback_secret", "a secret of 24 bytes or more"}};
    Request request{.method = Method::post, .target = "/api/v1/workers", .body = body.dump()};
    request.headers = {{"authorization", "Bearer " + token(Role::worker)}, {"content-type", "application/json"}};
    request.origin = origin;
    return gateway_.answer(request);
  };
  for (const char* own : {"http://127.0.0.1:8080/", "http://localhost/", "https://[::1]/x"}) {
    EXPECT_EQ(enter("127.0.0.1", own).status, 200) << own;
    EXPECT_EQ(enter("::1", own).status, 200) << own;
    const auto refused = enter("192.0.2.7", own);
    EXPECT_EQ(refused.status, 400) << own;
    EXPECT_EQ(code_of(refused), "REQUEST_INVALID");
  }
  EXPECT_EQ(enter("192.0.2.7", "https://worker.example.org/").status, 200);
  EXPECT_EQ(enter("127.0.0.1", "http://worker.example.org/").status, 400) << "without encryption";
  const auto listed = parsed(get("/api/v1/workers", token(Role::viewer)));
  EXPECT_TRUE(fits("Workers", listed));
  EXPECT_THAT(listed.dump(), HasSubstr("https://worker.example.org/"));
  EXPECT_THAT(listed.dump(), Not(HasSubstr("24 bytes")));
}

TEST_F(GatewayTest, AClaimWithoutWorkAsksToBeAskedAgain) {
  const auto worker = token(Role::worker);
  const auto claim = [&](const std::string& body) {
    return ask(Method::post, "/api/v1/workers/" + worker_ + "/claim", worker, body).ask_again;
  };
  EXPECT_EQ(claim(R"({"request_id":"1","max":1,"wait_seconds":7})"), std::chrono::seconds(7));
  EXPECT_EQ(claim(R"({"request_id":"1","max":1,"wait_seconds":0})"), std::nullopt);
  EXPECT_EQ(claim(R"({"request_id":"1","max":0,"wait_seconds":7})"), std::nullopt);
  EXPECT_EQ(code_of(ask(Method::post, "/api/v1/workers/" + worker_ + "/claim", worker,
                        R"({"request_id":"1","max":1,"wait_seconds":31})")), "REQUEST_INVALID");
}

TEST_F(GatewayTest, AClaimOfNothingGrantsNothing) {
  world_.repository().commit({{"docs/specs/00002-page.md", testing::sample_spec("Another")}});
  world_.scan();
  world_.conduct();
  const auto claim = ask(Method::post, "/api/v1/workers/" + worker_ + "/claim", token(Role::worker),
                         R"({"request_id":"9","max":0,"wait_seconds":0})");
  EXPECT_EQ(parsed(claim)["assignments"].size(), 0U) << claim.body;
  const auto late = ask(Method::post, "/api/v1/workers/" + worker_ + "/claim", token(Role::worker),
                        R"({"request_id":"9","max":1,"wait_seconds":0})");
  EXPECT_EQ(parsed(late)["assignments"].size(), 0U) << "it was taken back";
  const auto other = ask(Method::post, "/api/v1/workers/" + worker_ + "/claim", token(Role::worker),
                         R"({"request_id":"10","max":1,"wait_seconds":0})");
  EXPECT_EQ(parsed(other)["assignments"].size(), 1U);
}

TEST_F(GatewayTest, ALargeBodyIsTakenFromThoseAloneWhomTheRouteLetsIn) {
  const auto most = [&](Method method, const std::string& target, const std::string& token) {
    Request head{.method = method, .target = target};
    if (!token.empty()) head.headers["authorization"] = "Bearer " + token;
    const auto taken = gateway_.body_bytes_max(head);
    return taken ? fmt::format("{} MiB", taken->bytes_max >> 20) : std::string(name_of(taken.error().code));
  };
  const std::string path = "/api/v1/runs/VTID-00001.1/result.bundle?fence=1";
  EXPECT_EQ(most(Method::put, path, token(Role::worker)), "64 MiB");
  EXPECT_EQ(most(Method::put, path, token(Role::viewer)), "NOT_ALLOWED");
  EXPECT_EQ(most(Method::put, path, ""), "UNAUTHENTICATED");
  EXPECT_EQ(most(Method::put, path, "vit_of_nobody"), "UNAUTHENTICATED");
  EXPECT_EQ(most(Method::post, "/api/v1/workers", token(Role::worker)), "4 MiB");
  EXPECT_EQ(most(Method::post, "/api/v1/nothing", token(Role::worker)), "NOT_FOUND");
  EXPECT_EQ(most(Method::put, "/%zz", token(Role::worker)), "REQUEST_INVALID");
}

}  // namespace
}  // namespace vitana::gateway
