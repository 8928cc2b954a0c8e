// What tests of the gateway share: a whole engine behind it, tokens, and a call of each route.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gateway/document.h"
#include "gateway/gateway.h"
#include "gateway/route.h"
#include "support/world.h"

namespace vitana::gateway {

using domain::Role;
using ::testing::HasSubstr;
using ::testing::Not;
using wire::Json;

inline const std::string a_text = R"({"files":[{"path":"docs/specs/00009-x.md","text":"# VTID-00009: x\n"}]})";


struct GatewayTest : ::testing::Test {
  std::optional<Error> fault_;  ///< of the agent
  std::optional<worker::Candidate> candidate_;  ///< of every verify step; nothing: none was made
  testing::World world_{{.agent = [this](const port::Assignment&) {
    testing::SimAgent agent;
    agent.error = fault_;
    return agent;
  }}};
  Gateway gateway_{world_.engine(),
                   {.log = [](const RunId&, std::size_t, std::size_t) { return Result<std::string>("said\n"); },
                    .diff = [](const RunId&) { return Result<std::string>("--- a\n"); },
                    .runs = run_files()}};
  std::string worker_;  ///< registered by "somebody"

  std::string token_id_;  ///< of one that nobody uses

  GatewayTest() {
    world_.repository().commit({{"docs/specs/00001-page.md", testing::sample_spec()}});
    world_.settle();
    auto& engine = world_.engine();
    token_id_ = engine.access.issue({"idle", Role::viewer}, "test")->row.id;
    EXPECT_TRUE(engine.drafts.create("Begun", testing::sample_spec("Begun"), Vtid(3), "test"));
    EXPECT_TRUE(engine.intake.begin("test"));
    const auto worker = world_.engine().workers.enter({.name = "w"}, {.actor = "somebody"});
    EXPECT_TRUE(worker);
    worker_ = worker->id;
  }

  RunFiles run_files() {
    remote::Terms terms;
    terms.agent.name = "fixer";
    terms.agent.command = {"true"};
    return {.terms = [terms](const auto&) { return Result<remote::Terms>(terms); },
            .candidate = [this](const auto&) -> Result<worker::Candidate> {
              if (!candidate_) return failure(FailureCode::COMMIT_MISSING, "nothing was made");
              return *candidate_;
            },
            .redactor = [](const auto&) { return worker::Redactor({"s3cret-of-the-agent"}); },
            .base_bundle = [](const auto&, const auto&) { return Result<RunFiles::Bundle>({"# v2 git bundle\n", nullptr}); },
            .take_bundle = [](const auto&, const auto&) { return Result<void>(); },
            .result = [](const auto&, const auto&) { return Result<RunFiles::Outcome>({"tree", true}); },
            .append_log = [](const auto&, auto offset, auto text) {
              return Result<RunFiles::LogEnd>({offset + text.size(), false});
            }};
  }

  std::string token(Role role, const std::vector<std::string>& repos = {}, std::optional<Duration> valid_for = {}) {
    const auto issued = world_.engine().access.issue({"somebody", role, repos, valid_for}, "test");
    EXPECT_TRUE(issued);
    return issued->token;
  }

  Response ask(Method method, const std::string& target, const std::string& token, const std::string& body = {},
               std::string_view type = "application/json") {
    Request request{.method = method, .target = target, .body = body};
    if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
    if (!body.empty()) request.headers["content-type"] = type;
    return gateway_.answer(request);
  }
  Response get(const std::string& target, const std::string& token) { return ask(Method::get, target, token); }

  Response post(const std::string& target, const std::string& token, const Json& body = {}) {
    return ask(Method::post, target, token, body.is_null() ? "" : body.dump());
  }

  /// A call of the route that has something to answer.
  Response call(const Route& route, const std::string& token);
};

/// What a route is called with here, and the status that it answers: to a role that may call it, and to an
/// administrator of another repository. They are called in the table's order.
struct Cell {
  Json body = {};
  int status = 200;
  int elsewhere = 200;
};

inline std::map<std::string_view, Cell> cells() {
  const auto spec = [](const char* title) { return testing::sample_spec(title); };
  const Cell of_a_task{.elsewhere = 404};
  const Json why{{"reason", "asked"}};
  return {
      {"getHealth", {}}, {"getReadiness", {}}, {"getDocument", {}}, {"getMetrics", {}},
      {"validateSpecs", {.body = Json::parse(a_text)}}, {"listSpecs", {}}, {"getSpec", of_a_task},
      {"listSpecVersions", of_a_task}, {"getSpecVersion", of_a_task}, {"getSpecText", of_a_task},
      {"registerSpec", {{{"text", spec("Typed")}, {"vtid", "VTID-00002"}, {"reason", "typed"}}, 201, 404}},
      {"adoptSpecs", {{{"glob", "**"}, {"as", "done"}}}}, {"syncSpecs", {{}, 202, 202}}, {"approveSpec", of_a_task},
      {"listDrafts", {}}, {"createDraft", {{{"title", "T"}, {"markdown", "# T\n"}}, 201, 404}}, {"getDraft", of_a_task},
      {"editDraft", {{{"markdown", spec("Edited")}}, 200, 404}}, {"validateDraft", of_a_task},
      {"approveDraft", {{}, 201, 404}}, {"beginIntake", {{}, 201, 404}}, {"getIntake", of_a_task},
      {"answerIntake", {{{"text", "A title"}}, 200, 404}}, {"previewIntake", of_a_task}, {"completeIntake", {{}, 409, 404}},
      {"listTasks", {}}, {"getTask", of_a_task}, {"getTaskWhy", of_a_task}, {"listTaskRuns", of_a_task},
      {"listTaskEvents", of_a_task}, {"getTaskEvidence", of_a_task}, {"getTaskDiff", of_a_task}, {"getTaskLog", of_a_task},
      {"createTasks", {{{"title", "Made"}}, 201, 404}}, {"approveTask", {{}, 409, 404}}, {"retryTask", {why, 200, 404}},
      {"cancelTask", {why, 200, 404}}, {"answerTask", {{{"text", "yes"}}, 409, 404}},
      {"signOffTask", {{{"met", true}}, 409, 404}}, {"getRun", of_a_task}, {"listEvents", {}}, {"streamEvents", {}},
      {"postEvent", {{{"type", "ci.finished"}}, 202, 403}}, {"getSummary", {}}, {"getStats", {}}, {"listRepos", {}}, {"listWebhooks", {}},
      {"listControls", {}}, {"getControl", {}}, {"setControl", {{{"on", true}, {"reason", "morning"}}, 200, 403}},
      {"getLogin", {}}, {"logIn", {{}, 403, 403}}, {"logOut", {{}, 403, 403}},
      {"createLink", {{{"name", "ann"}, {"role", "viewer"}}, 201, 403}}, {"getAttention", {}},
      {"registerWorker", {{{"name", "w"}, {"slots", 1}, {"protocol", 1}}}}, {"listWorkers", {}},
      {"claimRuns", {{{"request_id", "1"}, {"max", 1}, {"wait_seconds", 0}}, 200, 404}},
      {"renewRuns", {{{"runs", Json::array()}}, 200, 404}}, {"drainWorker", {.elsewhere = 403}},
      // A run that is over: nobody holds it.
      {"appendRunLog", {{}, 409, 404}}, {"getBaseBundle", {{}, 409, 404}}, {"putResultBundle", {{}, 409, 404}},
      {"completeRun", {{{"fence", 1}, {"result_commit", std::string(40, 'a')}}, 409, 404}},
      {"verifyRun", {{{"fence", 1}, {"commit", std::string(40, 'a')}, {"evidence", Json::array()}}, 409, 404}},
      {"failRun", {{{"fence", 1}, {"code", "AGENT_FAILED"}, {"message", "x"}}, 409, 404}},
      {"releaseRun", {{{"fence", 1}}, 409, 404}}, {"getCaller", {}}, {"listTokens", {.elsewhere = 403}},
      {"createToken", {{{"name", "ci"}, {"role", "viewer"}}, 201, 403}}, {"revokeToken", {.elsewhere = 403}}};
}

inline Response GatewayTest::call(const Route& route, const std::string& token) {
  auto target = std::string(route.path);
  const std::map<std::string, std::string> values{{"{vtid}", "VTID-00001"}, {"{run}", "VTID-00001.1"}, {"{version}", "1"},
                                                  {"{draft}", "1"},         {"{intake}", "1"},         {"{key}", "execution"},
                                                  {"{token}", token_id_},   {"{worker}", worker_}};
  for (const auto& [name, value] : values) {
    if (const auto at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
  }
  for (const auto& parameter : route.parameters) {
    if (parameter.required) target += fmt::format("{}{}=1", target.find('?') != std::string::npos ? "&" : "?", parameter.name);
  }
  static const auto all = cells();
  const auto& body = all.at(route.operation).body;
  if (route.takes && route.takes->schema.empty()) return ask(route.method, target, token, "code=x", route.takes->type);
  return ask(route.method, target, token, body.is_null() ? "" : body.dump());
}

inline Json parsed(const Response& response) { return Json::parse(response.body); }
inline std::string code_of(const Response& response) { return parsed(response).value("code", ""); }

/// The code of a refusal stands in the document where the route's answers are told.
inline void expect_documented(const Route& route, const Response& response) {
  const auto& operation = document().at("paths").at(std::string(route.path)).at(std::string(name_of(route.method)));
  const auto& answers = operation.at("responses");
  const auto status = std::to_string(response.status);
  ASSERT_TRUE(answers.contains(status)) << route.operation << response.body;
  EXPECT_THAT(answers.at(status).at("description").get<std::string>(), HasSubstr(code_of(response))) << route.operation;
}

}  // namespace vitana::gateway
