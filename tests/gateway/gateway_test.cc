// The gateway on a whole engine, without a socket: who may call what, what is answered, and does the document say so?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <regex>
#include <set>

#include "gateway/document.h"
#include "gateway/event_stream.h"
#include "gateway/gateway.h"
#include "gateway/route.h"
#include "support/world.h"

namespace vitana::gateway {
namespace {

using domain::Role;
using ::testing::HasSubstr;
using ::testing::Not;
using wire::Json;

const std::string a_text = R"({"files":[{"path":"docs/specs/00009-x.md","text":"# VTID-00009: x\n"}]})";

struct GatewayTest : ::testing::Test {
  std::optional<Error> fault_;  ///< of the agent
  testing::World world_{{.agent = [this](const port::Assignment&) {
    testing::SimAgent agent;
    agent.error = fault_;
    return agent;
  }}};
  Gateway gateway_{world_.engine(),
                   {.log = [](const RunId&, std::size_t, std::size_t) { return Result<std::string>("said\n"); },
                    .diff = [](const RunId&) { return Result<std::string>("--- a\n"); }}};

  std::string token_id_;  ///< of one that nobody uses

  GatewayTest() {
    world_.repository().commit({{"docs/specs/00001-page.md", testing::sample_spec()}});
    world_.settle();
    auto& engine = world_.engine();
    token_id_ = engine.access.issue({"idle", Role::viewer}, "test")->row.id;
    EXPECT_TRUE(engine.drafts.create("Begun", testing::sample_spec("Begun"), Vtid(3), "test"));
    EXPECT_TRUE(engine.intake.begin("test"));
  }

  std::string token(Role role, const std::vector<std::string>& repos = {}, std::optional<Duration> valid_for = {}) {
    const auto issued = world_.engine().access.issue({"somebody", role, repos, valid_for}, "test");
    EXPECT_TRUE(issued);
    return issued->token;
  }

  Response ask(Method method, const std::string& target, const std::string& token, const std::string& body = {}) {
    Request request{.method = method, .target = target, .body = body};
    if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
    if (!body.empty()) request.headers["content-type"] = "application/json";
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

std::map<std::string_view, Cell> cells() {
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
      {"postEvent", {{{"type", "ci.finished"}}, 202, 403}}, {"getSummary", {}}, {"getStats", {}}, {"listRepos", {}},
      {"listControls", {}}, {"getControl", {}}, {"setControl", {{{"on", true}, {"reason", "morning"}}, 200, 403}},
      {"getLogin", {}}, {"logIn", {{}, 403, 403}}, {"logOut", {{}, 403, 403}},
      {"createLink", {{{"name", "ann"}, {"role", "viewer"}}, 201, 403}}, {"getAttention", {}}, {"getCaller", {}}, {"listTokens", {.elsewhere = 403}},
      {"createToken", {{{"name", "ci"}, {"role", "viewer"}}, 201, 403}}, {"revokeToken", {.elsewhere = 403}}};
}

Response GatewayTest::call(const Route& route, const std::string& token) {
  auto target = std::string(route.path);
  const std::map<std::string, std::string> values{{"{vtid}", "VTID-00001"}, {"{run}", "VTID-00001.1"}, {"{version}", "1"},
                                                  {"{draft}", "1"},         {"{intake}", "1"},         {"{key}", "execution"},
                                                  {"{token}", token_id_}};
  for (const auto& [name, value] : values) {
    if (const auto at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
  }
  static const auto all = cells();
  const auto& body = all.at(route.operation).body;
  if (route.takes && route.takes->schema.empty()) {
    return gateway_.answer({.method = route.method, .target = target, .headers = {{"content-type", std::string(route.takes->type)}},
                            .body = "code=x"});
  }
  return ask(route.method, target, token, body.is_null() ? "" : body.dump());
}

Json parsed(const Response& response) { return Json::parse(response.body); }
std::string code_of(const Response& response) { return parsed(response).value("code", ""); }

/// The code of a refusal stands in the document where the route's answers are told.
void expect_documented(const Route& route, const Response& response) {
  const auto& operation = document().at("paths").at(std::string(route.path)).at(std::string(name_of(route.method)));
  const auto& answers = operation.at("responses");
  const auto status = std::to_string(response.status);
  ASSERT_TRUE(answers.contains(status)) << route.operation << response.body;
  EXPECT_THAT(answers.at(status).at("description").get<std::string>(), HasSubstr(code_of(response))) << route.operation;
}

TEST(RouteTable, EachRouteIsAskedHere) {
  std::set<std::string_view> routed, asked;
  for (const auto& route : routes()) routed.insert(route.operation);
  for (const auto& [operation, cell] : cells()) asked.insert(operation);
  EXPECT_EQ(routed, asked);
}

struct AsRole : GatewayTest, ::testing::WithParamInterface<Role> {};

TEST_P(AsRole, EachRouteAnswersAsTheTableSays) {
  const auto all = cells();
  for (const auto& route : routes()) {
    const bool allowed = !route.right || domain::may(GetParam(), *route.right);
    const auto response = call(route, token(GetParam()));
    EXPECT_EQ(response.status, allowed ? all.at(route.operation).status : 403) << route.operation << response.body;
    EXPECT_EQ(allowed ? "" : code_of(response), allowed ? "" : "NOT_ALLOWED");
  }
}

INSTANTIATE_TEST_SUITE_P(All, AsRole, ::testing::ValuesIn(domain::all_roles),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

TEST_F(GatewayTest, WithoutATokenThatHoldsNothingIsAnswered) {
  const auto expiring = token(Role::admin, {}, std::chrono::hours(1));
  const auto taken_back = world_.engine().access.issue({"gone", Role::admin}, "test");
  ASSERT_TRUE(taken_back);
  EXPECT_EQ(get("/api/v1/tasks", expiring).status, 200);
  ASSERT_TRUE(world_.engine().access.revoke(taken_back->row.id, "test"));
  world_.clock().advance(std::chrono::hours(1));
  const std::set<std::string_view> open{"/healthz", "/readyz", "/openapi.json", "/login", "/logout"};
  const auto all = cells();
  for (const auto& route : routes()) {
    EXPECT_EQ(!route.right, open.contains(route.path)) << route.path;
    for (const auto& bad : {std::string(), std::string("vitana_"), "vitana_" + std::string(64, '0'), expiring,
                            taken_back->token}) {
      const auto response = call(route, bad);
      EXPECT_EQ(response.status, route.right ? 401 : all.at(route.operation).status) << route.operation;
      EXPECT_EQ(route.right ? code_of(response) : "", route.right ? "UNAUTHENTICATED" : "");
    }
  }
}

TEST_F(GatewayTest, WhoIsBoundToAnotherRepositorySeesNothingOfThisOne) {
  const std::string text = "vitana_" + std::string(64, 'a');
  const auto put = world_.store().commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.put({.id = "tok_bound", .hash = Digest::of(text), .name = "bound", .role = Role::admin, .repos = {"elsewhere"}},
               "test");
    return {};
  });
  ASSERT_TRUE(put);
  const auto all = cells();
  for (const auto& route : routes()) {
    if (!route.right) continue;
    const auto response = call(route, text);
    EXPECT_EQ(response.status, all.at(route.operation).elsewhere) << route.operation << response.body;
    if (response.status >= 400) expect_documented(route, response);
    EXPECT_THAT(response.body, Not(HasSubstr("Sidebar"))) << route.operation;
    if (response.stream) {
      EXPECT_THAT(*response.stream->next(), Not(HasSubstr("data:")));
    }
  }
  EXPECT_EQ(parsed(get("/api/v1/tasks", text))["tasks"].size(), 0U);
  EXPECT_EQ(parsed(get("/api/v1/specs", text))["specs"].size(), 0U);
  EXPECT_EQ(parsed(get("/api/v1/events", text))["events"].size(), 0U);
  EXPECT_EQ(parsed(get("/api/v1/repos", text))["repos"].size(), 0U);
  EXPECT_EQ(parsed(get("/api/v1/pipeline/summary", text))["tasks"]["completed"], 0);
  EXPECT_EQ(get("/api/v1/tasks?repo=other", text).status, 404);
}

TEST_F(GatewayTest, AnswersFitTheSchemasOfTheDocument) {
  const auto admin = token(Role::admin);
  for (const auto& route : routes()) {
    const auto response = call(route, admin);
    if (response.status >= 400) {
      if (response.type == "text/html; charset=utf-8") continue;  // a browser's
      ASSERT_EQ(response.type, "application/problem+json") << route.operation;
      EXPECT_TRUE(fits("Problem", parsed(response))) << route.operation;
      expect_documented(route, response);
      continue;
    }
    EXPECT_EQ(response.status, route.status) << route.operation;
    EXPECT_EQ(response.type, route.gives.type) << route.operation;
    if (route.gives.schema.empty()) continue;
    const auto fit = fits(route.gives.schema, parsed(response));
    EXPECT_TRUE(fit) << route.operation << ": " << to_string(fit.error()) << response.body;
  }
  const auto missing = get("/api/v1/tasks/VTID-00077", admin);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.type, "application/problem+json");
  EXPECT_TRUE(fits("Problem", parsed(missing)));
}

TEST_F(GatewayTest, TheDocumentIsWhatIsRouted) {
  std::set<std::string> routed;
  std::set<std::string_view> operations;
  for (const auto& route : routes()) {
    EXPECT_TRUE(routed.insert(fmt::format("{} {}", name_of(route.method), route.path)).second) << route.path;
    EXPECT_TRUE(operations.insert(route.operation).second) << route.operation;
  }
  std::set<std::string> documented;
  std::set<std::string> used;
  for (const auto& [path, methods] : document().at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      documented.insert(method + " " + path);
      const std::regex parameter(R"(\{(\w+)\})");
      std::set<std::string> in_path, declared;
      for (std::sregex_iterator it(path.begin(), path.end(), parameter), end; it != end; ++it) in_path.insert((*it)[1]);
      for (const auto& one : operation.value("parameters", Json::array())) {
        if (one.at("in") == "path") declared.insert(one.at("name"));
      }
      EXPECT_EQ(in_path, declared) << path;
    }
  }
  EXPECT_EQ(documented, routed);
  std::set<std::string_view> named, used_groups;
  for (const auto& group : groups()) named.insert(group.name);
  for (const auto& route : routes()) used_groups.insert(route.group);
  EXPECT_EQ(named, used_groups);
  const auto text = document_text();
  for (const auto& [name, schema] : document().at("components").at("schemas").items()) {
    EXPECT_THAT(text, HasSubstr("#/components/schemas/" + name + "\"")) << "nothing uses it";
  }
}

TEST_F(GatewayTest, WhatIsNotThereSaysSo) {
  const auto viewer = token(Role::viewer);
  EXPECT_EQ(get("/api/v1/nothing", viewer).status, 404);
  EXPECT_EQ(get("/api/v1/tasks/", viewer).status, 404);
  EXPECT_EQ(get("/", viewer).status, 404);
  EXPECT_EQ(get("/api/v1/tasks/VTID-00001/../../..", viewer).status, 404);
  EXPECT_EQ(get("/api/v1/runs/VTID-00001.9", viewer).status, 404);
  EXPECT_EQ(get("/api/v1/specs/VTID-00001/versions/2", viewer).status, 404);
  EXPECT_EQ(get("/api/v1/tasks/VTID-00001/log?attempt=7", viewer).status, 404);
  const auto other = ask(Method::delete_, "/api/v1/tasks", viewer);
  EXPECT_EQ(other.status, 405);
  EXPECT_THAT(other.headers, ::testing::Contains(::testing::Pair("Allow", "GET, POST")));
}

TEST_F(GatewayTest, ABodyThatDoesNotFitIsRefusedWithWhere) {
  const auto viewer = token(Role::viewer);
  const auto post = [&](const std::string& body) { return ask(Method::post, "/api/v1/specs/validate", viewer, body); };
  EXPECT_EQ(post(a_text).status, 200);
  for (const std::string bad : {"{", "[]", "{}", R"({"files":[]})", R"({"files":[{"path":"a"}]})", R"({"files":[{"path":"a","text":1}]})",
                                R"({"files":[{"path":"a","text":"","more":1}]})"}) {
    const auto response = post(bad);
    EXPECT_EQ(response.status, 400) << bad;
    EXPECT_EQ(code_of(response), "REQUEST_INVALID") << bad;
  }
  EXPECT_THAT(post(R"({"files":[{"path":"a","text":1}]})").body, HasSubstr("[text]"));
  Request plain{.method = Method::post, .target = "/api/v1/specs/validate",
                .headers = {{"authorization", "Bearer " + viewer}, {"content-type", "text/plain"}}, .body = a_text};
  EXPECT_EQ(gateway_.answer(plain).status, 400);
  EXPECT_EQ(ask(Method::get, "/api/v1/tasks", viewer, "{}").status, 400);
}

TEST_F(GatewayTest, ATaskIsPagedToItsEnd) {
  for (int i = 2; i <= 5; ++i) {
    world_.repository().commit({{fmt::format("docs/specs/0000{}-page.md", i), testing::sample_spec(fmt::format("Page {}", i))}});
  }
  world_.settle();
  const auto viewer = token(Role::viewer);
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const auto page = parsed(get("/api/v1/tasks?limit=2" + cursor, viewer));
    for (const auto& task : page["tasks"]) seen.push_back(task["vtid"]);
    cursor = page["next_cursor"].is_null() ? "" : "&cursor=" + page["next_cursor"].get<std::string>();
  } while (!cursor.empty());
  EXPECT_THAT(seen, ::testing::ElementsAre("VTID-00005", "VTID-00004", "VTID-00003", "VTID-00002", "VTID-00001"));
}

TEST_F(GatewayTest, AnAnswerThatIsKnownIsNotSentAgain) {
  const auto viewer = token(Role::viewer);
  const auto first = get("/api/v1/tasks/VTID-00001", viewer);
  const auto tag = std::find_if(first.headers.begin(), first.headers.end(), [](const auto& h) { return h.first == "ETag"; });
  ASSERT_NE(tag, first.headers.end());
  Request again{.target = "/api/v1/tasks/VTID-00001",
                .headers = {{"authorization", "Bearer " + viewer}, {"if-none-match", tag->second}}};
  const auto second = gateway_.answer(again);
  EXPECT_EQ(second.status, 304);
  EXPECT_EQ(second.body, "");
}

TEST_F(GatewayTest, ABodyInAnotherEncodingIsRefused) {
  Request request{.method = Method::post, .target = "/api/v1/specs/validate",
                  .headers = {{"authorization", "Bearer " + token(Role::viewer)}, {"content-type", "application/json"},
                              {"content-encoding", "identity"}}, .body = a_text};
  EXPECT_EQ(gateway_.answer(request).status, 200);
  request.headers["content-encoding"] = "gzip";
  EXPECT_EQ(code_of(gateway_.answer(request)), "REQUEST_INVALID");
}

TEST_F(GatewayTest, WhoHasATokenIsNotHeldUpByWhoGuesses) {
  const auto status = [&](const std::string& shown, const std::string& origin) {
    Request request{.target = "/api/v1/tasks", .headers = {{"authorization", "Bearer " + shown}}};
    request.origin = origin;
    return gateway_.answer(request).status;
  };
  const auto viewer = token(Role::viewer);
  std::set<int> statuses;
  for (int i = 0; i < 40; ++i) statuses.insert(status("vitana_" + std::string(64, '0'), "192.0.2.7"));
  EXPECT_THAT(statuses, ::testing::ElementsAre(401, 429));
  EXPECT_EQ(status(viewer, "192.0.2.7"), 200);
  EXPECT_EQ(status("", "192.0.2.8"), 401);
}

// What changes something.

TEST_F(GatewayTest, ARequestThatIsSentTwiceIsDoneOnce) {
  const auto operator_ = token(Role::operator_);
  const auto send = [&](const std::string& target, const Json& body, const std::string& key, const std::string& who) {
    Request request{.method = Method::post, .target = target, .body = body.dump()};
    request.headers = {{"authorization", "Bearer " + who}, {"content-type", "application/json"}, {"idempotency-key", key}};
    return gateway_.answer(request);
  };
  const Json task{{"title", "Once"}};
  const auto first = send("/api/v1/tasks", task, "a", operator_);
  const auto again = send("/api/v1/tasks", task, "a", operator_);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(parsed(first)["tasks"][0]["vtid"], parsed(again)["tasks"][0]["vtid"]);
  EXPECT_NE(parsed(send("/api/v1/tasks", task, "b", operator_))["tasks"][0]["vtid"], parsed(first)["tasks"][0]["vtid"]);
  EXPECT_NE(parsed(send("/api/v1/tasks", task, "a", token(Role::operator_)))["tasks"][0]["vtid"],
            parsed(first)["tasks"][0]["vtid"])
      << "a key is its sender's own";
  const auto other = send("/api/v1/tasks", {{"title", "Other"}}, "a", operator_);
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(code_of(other), "KEY_REUSED");
  EXPECT_EQ(send("/api/v1/tasks", task, std::string(256, 'k'), operator_).status, 400);

  const auto admin = token(Role::admin);
  const Json wanted{{"name", "ci"}, {"role", "viewer"}};
  const auto made = send("/api/v1/tokens", wanted, "t", admin);
  EXPECT_EQ(made.status, 201);
  const auto told = send("/api/v1/tokens", wanted, "t", admin);
  EXPECT_EQ(told.status, 409) << "its text is told once";
  EXPECT_THAT(told.body, HasSubstr(parsed(made)["id"].get<std::string>()));

  world_.clock().advance(std::chrono::hours(25));
  EXPECT_NE(parsed(send("/api/v1/tasks", task, "a", operator_))["tasks"][0]["vtid"], parsed(first)["tasks"][0]["vtid"])
      << "after a day it is a new request";
}

TEST_F(GatewayTest, OfSeveralTasksAllAreMadeOrNone) {
  const auto operator_ = token(Role::operator_);
  const auto before = parsed(get("/api/v1/tasks?limit=200", operator_))["tasks"].size();
  const auto refused = post("/api/v1/tasks", operator_, Json::parse(R"({"tasks":[{"title":"A"},{"title":"B","vtid":"VTID-00001"}]})"));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(parsed(refused)["context"]["index"], "1");
  EXPECT_EQ(parsed(get("/api/v1/tasks?limit=200", operator_))["tasks"].size(), before);
  const auto made = post("/api/v1/tasks", operator_, Json::parse(R"({"tasks":[{"title":"A"},{"title":"B"}]})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(parsed(made)["tasks"].size(), 2U);
}

TEST_F(GatewayTest, TheThreeImmediateActionsBringATaskToItsEnd) {
  const auto operator_ = token(Role::operator_);
  // Registered by hand.
  const auto registered = post("/api/v1/specs", operator_,
                               {{"text", testing::sample_spec("By hand")}, {"vtid", "VTID-01213"}, {"reason", "it was lost"},
                                {"allow_jump", true}});
  ASSERT_EQ(registered.status, 201) << registered.body;
  world_.settle();
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-01213", operator_))["status"], "completed");

  // Failed, and retried.
  fault_ = Error{FailureCode::AGENT_FAILED, "exit 1"};
  ASSERT_EQ(post("/api/v1/specs", operator_,
                 {{"text", testing::sample_spec("Fails")}, {"vtid", "VTID-01214"}, {"reason", "typed"}}).status, 201);
  for (int run = 0; run < 3; ++run) {
    world_.settle();
    world_.clock().advance(std::chrono::hours(1));
  }
  ASSERT_EQ(parsed(get("/api/v1/tasks/VTID-01214", operator_))["status"], "failed");
  fault_.reset();
  const auto retried = post("/api/v1/tasks/VTID-01214/retry", operator_, {{"reason", "the agent was mended"}});
  ASSERT_EQ(retried.status, 200) << retried.body;
  world_.settle();
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-01214", operator_))["status"], "completed");

  // Cancelled, and its approval emitted again.
  ASSERT_EQ(post("/api/v1/specs", operator_,
                 {{"text", testing::sample_spec("Waits")}, {"vtid", "VTID-01215"}, {"reason", "typed"}}).status, 201);
  ASSERT_EQ(post("/api/v1/tasks/VTID-01215/cancel", operator_, {{"reason", "a mistake"}}).status, 200);
  const auto emitted = post("/api/v1/events", operator_,
                            {{"type", "vtid.lifecycle.execution_approved"}, {"vtid", "VTID-01215"}, {"reason", "it was none"}});
  ASSERT_EQ(emitted.status, 202) << emitted.body;
  EXPECT_EQ(parsed(emitted)["task"]["status"], "scheduled");
  world_.settle();
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-01215", operator_))["status"], "completed");
}

TEST_F(GatewayTest, AnEventFromOutsideIsKeptAndMovesNothing) {
  const auto operator_ = token(Role::operator_);
  const auto before = get("/api/v1/tasks/VTID-00001", operator_).body;
  ASSERT_EQ(post("/api/v1/events", operator_,
                 {{"type", "vtid.lifecycle.completed"}, {"vtid", "VTID-00001"}, {"data", {{"build", 7}}}}).status, 202);
  EXPECT_EQ(get("/api/v1/tasks/VTID-00001", operator_).body, before);
  const auto log = parsed(get("/api/v1/events?type=external.recorded", operator_))["events"];
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0]["data"]["type"], "vtid.lifecycle.completed");
  EXPECT_EQ(log[0]["data"]["data"]["build"], 7);
  EXPECT_EQ(post("/api/v1/events", operator_, {{"type", "No Type"}}).status, 400);
}

TEST_F(GatewayTest, NobodyWritesOverWhatHeHasNotSeen) {
  const auto operator_ = token(Role::operator_);
  const auto tag = [](const Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "ETag") return value;
    }
    return std::string();
  };
  const auto edit = [&](const std::string& seen) {
    Request request{.method = Method::put, .target = "/api/v1/oasis/specs/1", .body = R"({"markdown":"# Again\n"})"};
    request.headers = {{"authorization", "Bearer " + operator_}, {"content-type", "application/json"}, {"if-match", seen}};
    return gateway_.answer(request);
  };
  const auto seen = tag(get("/api/v1/oasis/specs/1", operator_));
  const auto edited = edit(seen);
  EXPECT_EQ(edited.status, 200);
  EXPECT_NE(tag(edited), seen);
  EXPECT_EQ(edit(seen).status, 412);
  EXPECT_EQ(code_of(edit(seen)), "CHANGED_MEANWHILE");
  for (const char* never : {"\"nothing\"", "nothing", "\"4294967297.draft\"", "\"", "\"1.draft\", \"1.validated\""}) {
    EXPECT_EQ(edit(never).status, 412) << never;
  }
  EXPECT_EQ(edit("\"1.draft\", " + tag(edited)).status, 200);
  EXPECT_EQ(edit("*").status, 200);
  ASSERT_EQ(post("/api/v1/oasis/specs/1/validate", operator_).status, 200);
  EXPECT_EQ(edit("\"4.draft\"").status, 412) << "it was judged since";
}

TEST_F(GatewayTest, ASwitchThatLapsesHasAnotherTag) {
  const auto admin = token(Role::admin);
  ASSERT_EQ(ask(Method::put, "/api/v1/controls/execution", admin, R"({"on":false,"reason":"night","for":"2h"})").status, 200);
  const auto tag = [&] {
    for (const auto& [name, value] : get("/api/v1/controls/execution", admin).headers) {
      if (name == "ETag") return value;
    }
    return std::string();
  };
  const auto before = tag();
  EXPECT_EQ(tag(), before);
  world_.clock().advance(std::chrono::hours(2));
  EXPECT_NE(tag(), before);
}

TEST_F(GatewayTest, ANumberThatIsNoneNamesNoTask) {
  const auto operator_ = token(Role::operator_);
  const Json task{{"title", "T"}, {"vtid", "VTID-00000"}};
  const Json spec{{"text", testing::sample_spec("T")}, {"vtid", "VTID-00000"}, {"reason", "r"}};
  const Json draft{{"title", "T"}, {"markdown", "# T\n"}, {"vtid", "VTID-00000"}};
  const Json event{{"type", "vtid.lifecycle.execution_approved"}, {"vtid", "VTID-00000"}};
  EXPECT_EQ(code_of(post("/api/v1/tasks", operator_, task)), "VTID_INVALID");
  EXPECT_EQ(code_of(post("/api/v1/specs", operator_, spec)), "VTID_INVALID");
  EXPECT_EQ(code_of(post("/api/v1/oasis/specs", operator_, draft)), "VTID_INVALID");
  EXPECT_EQ(code_of(post("/api/v1/events", operator_, event)), "VTID_INVALID");
}

TEST_F(GatewayTest, TheLastNumberIsNoFaultOfTheStore) {
  const auto admin = token(Role::admin);
  ASSERT_EQ(post("/api/v1/tasks", admin, {{"title", "Last"}, {"vtid", "VTID-999999999"}, {"allow_jump", true}}).status, 201);
  EXPECT_EQ(code_of(post("/api/v1/tasks", admin, {{"title", "One more"}})), "VTID_EXHAUSTED");
}

TEST_F(GatewayTest, AnEventThatIsTooLargeIsRefused) {
  const Json event{{"type", "ci.finished"}, {"data", {{"log", std::string(16'000, 'x')}}}};
  EXPECT_EQ(post("/api/v1/events", token(Role::operator_), event).status, 413);
}

TEST_F(GatewayTest, AnIntakeEndsInATaskThatIsScheduledByTheSameCommit) {
  const auto operator_ = token(Role::operator_);
  const auto begun = parsed(post("/api/v1/intake", operator_));
  const auto at = "/api/v1/intake/" + std::to_string(begun["id"].get<int>());
  EXPECT_EQ(begun["step"], "title");
  EXPECT_EQ(parsed(post(at + "/answers", operator_, {{"text", "Sidebar in the right colour"}}))["step"], "description");
  EXPECT_EQ(post(at + "/answers", operator_, {{"text", " - "}}).status, 422);
  EXPECT_EQ(parsed(post(at + "/answers", operator_, {{"text", "It is red; it should be blue."}}))["step"], "criteria");
  EXPECT_EQ(post(at + "/complete", operator_).status, 409);
  EXPECT_EQ(parsed(post(at + "/answers", operator_, {{"text", "It is blue\ncheck: grep -q blue page.html"}}))["step"], "ready");
  const auto preview = parsed(get(at + "/preview", operator_));
  EXPECT_THAT(preview["text"].get<std::string>(), HasSubstr("grep -q blue page.html"));
  const auto done = post(at + "/complete", operator_);
  ASSERT_EQ(done.status, 201) << done.body;
  EXPECT_EQ(parsed(done)["status"], "scheduled");
  const auto told = parsed(get("/api/v1/events?type=commandhub.task.scheduled", operator_))["events"];
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]["subject"], parsed(done)["vtid"]);
  EXPECT_EQ(told[0]["data"]["spec_registered"], true);
  EXPECT_EQ(post(at + "/complete", operator_).status, 409);
}

TEST_F(GatewayTest, WhoIsBoundToOneRepositoryWritesNoTextOverAnothersTask) {
  const auto bound = token(Role::operator_, {"hub"});
  EXPECT_EQ(post("/api/v1/specs", bound, {{"text", testing::sample_spec("Mine")}, {"vtid", "VTID-00002"}, {"reason", "r"}}).status, 201);
  const auto moved = world_.store().commit([&](store::Ledger& ledger) -> Result<void> {
    auto task = *ledger.task(Vtid(1));
    task.repo = "elsewhere";
    ledger.put(task);
    return {};
  });
  ASSERT_TRUE(moved);
  const auto refused = post("/api/v1/specs", bound, {{"text", testing::sample_spec("Theirs")}, {"vtid", "VTID-00001"}, {"reason", "r"}});
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(post("/api/v1/events", bound, {{"type", "ci.finished"}, {"vtid", "VTID-00001"}}).status, 404);
  EXPECT_EQ(post("/api/v1/specs/sync?repo=elsewhere", bound).status, 404);
  EXPECT_EQ(post("/api/v1/oasis/specs", bound, {{"title", "T"}, {"markdown", "# T\n"}, {"vtid", "VTID-00001"}}).status, 403);
  EXPECT_EQ(post("/api/v1/tasks", bound, {{"title", "Far"}, {"vtid", "VTID-900000000"}, {"allow_jump", true}}).status, 403);
  EXPECT_EQ(post("/api/v1/specs", bound, {{"text", testing::sample_spec("Far")}, {"vtid", "VTID-900000000"}, {"reason", "r"},
                                          {"allow_jump", true}}).status, 403);
}

/// Makes a task as if it had been left so.
void leave(testing::World& world, Vtid vtid, const std::string& repo, const std::function<void(domain::Task&)>& how) {
  const auto done = world.store().commit([&](store::Ledger& ledger) -> Result<void> {
    domain::Task task{.vtid = vtid, .title = "Task of " + repo, .repo = repo};
    task.created_at = task.updated_at = ledger.now();
    task.revision = 1;
    how(task);
    ledger.put(task);
    return {};
  });
  EXPECT_TRUE(done);
}

struct OfTwoRepositories : GatewayTest {
  OfTwoRepositories() {
    int number = 50;
    for (const std::string repo : {"hub", "elsewhere"}) {
      leave(world_, Vtid(number++), repo, [](domain::Task& task) {
        task.status = domain::TaskStatus::failed;
        task.failure = domain::Failure{FailureCode::AGENT_FAILED, "exit 1", "executing"};
        task.next = {domain::NextKind::none, "", std::nullopt};
      });
      leave(world_, Vtid(number++), repo, [](domain::Task& task) {
        task.status = domain::TaskStatus::blocked;
        task.blocked = domain::BlockReason::not_adopted;
        task.waits.adoption = true;
        task.next = {domain::NextKind::person, "vitana spec adopt", std::nullopt};
      });
      leave(world_, Vtid(number++), repo, [](domain::Task& task) {
        task.status = domain::TaskStatus::blocked;
        task.blocked = domain::BlockReason::approval_pending;
        task.waits.approval = true;
        task.next = {domain::NextKind::person, "vitana task approve", std::nullopt};
      });
    }
  }
};

TEST_F(OfTwoRepositories, AttentionIsOfWhatIsWithinReachWorstFirst) {
  const auto kinds = [&](const std::string& token) {
    std::vector<std::string> found;
    for (const auto& item : parsed(get("/api/v1/attention", token))["items"]) {
      found.push_back(item["kind"].get<std::string>() + " " + item["repo"].get<std::string>());
    }
    return found;
  };
  EXPECT_THAT(kinds(token(Role::viewer, {"hub"})), ::testing::ElementsAre("failed hub", "blocked hub", "adoption hub"));
  EXPECT_THAT(kinds(token(Role::viewer)),
              ::testing::ElementsAre("failed elsewhere", "failed hub", "blocked elsewhere", "blocked hub", "adoption elsewhere",
                                     "adoption hub"));
  ASSERT_EQ(ask(Method::put, "/api/v1/controls/execution", token(Role::admin), R"({"on":false,"reason":"night"})").status, 200);
  EXPECT_EQ(kinds(token(Role::viewer, {"hub"})).front(), "paused ");
}

TEST_F(OfTwoRepositories, AdoptionIsOfWhatIsWithinReachAndOnce) {
  const auto bound = token(Role::operator_, {"hub"});
  Request adopt{.method = Method::post, .target = "/api/v1/specs/adopt", .body = R"({"glob":"**","as":"done"})"};
  adopt.headers = {{"authorization", "Bearer " + bound}, {"content-type", "application/json"}, {"idempotency-key", "a"}};
  const auto first = parsed(gateway_.answer(adopt));
  ASSERT_EQ(first["tasks"].size(), 1U) << first;
  EXPECT_EQ(first["tasks"][0]["vtid"], "VTID-00051");
  EXPECT_EQ(parsed(gateway_.answer(adopt))["tasks"][0]["vtid"], "VTID-00051") << "the answer is what it did";
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-00054", token(Role::viewer)))["blocked_reason"], "not_adopted");
}

// Browsers.

struct BrowserTest : GatewayTest {
  using Headers = std::map<std::string, std::string>;
  const Headers own_page_{{"sec-fetch-site", "same-origin"}};

  Response send(Method method, const std::string& target, Headers headers, const std::string& body = {}) {
    return gateway_.answer({.method = method, .target = target, .headers = std::move(headers), .body = body});
  }
  Response log_in(const std::string& code) {
    auto headers = own_page_;
    headers["content-type"] = "application/x-www-form-urlencoded";
    return send(Method::post, "/login", headers, "code=" + code);
  }
  std::string cookie(const Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value;
    }
    return {};
  }
  std::string session(const std::string& code) {
    const auto set = cookie(log_in(code));
    return set.substr(0, set.find(';'));
  }
  std::string link(Role role = Role::operator_) {
    const auto made = world_.engine().access.link({"ann", role}, "test");
    EXPECT_TRUE(made);
    return made->token;
  }
};

TEST_F(BrowserTest, ALinkLogsInOnceWithinTenMinutes) {
  const auto code = link();
  EXPECT_THAT(get("/login?code=" + code, "").body, HasSubstr(code)) << "looking uses nothing up";
  const auto opened = log_in(code);
  EXPECT_EQ(opened.status, 200);
  EXPECT_THAT(cookie(opened), HasSubstr("; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800"));
  EXPECT_THAT(cookie(opened), Not(HasSubstr("Secure"))) << "it was sent without encryption";
  EXPECT_EQ(log_in(code).status, 401);
  const auto late = link();
  world_.clock().advance(std::chrono::minutes(10));
  EXPECT_EQ(log_in(late).status, 401);
  EXPECT_EQ(log_in("").status, 401);
  EXPECT_EQ(log_in("vitana_link_" + std::string(64, '0')).status, 401);
}

TEST_F(BrowserTest, ASessionActsAsItsRoleUntilItsEnd) {
  const auto session = this->session(link(Role::viewer));
  const auto me = send(Method::get, "/api/v1/me", {{"cookie", "theme=dark; " + session}});
  EXPECT_EQ(parsed(me)["name"], "ann");
  EXPECT_EQ(parsed(me)["role"], "viewer");
  auto headers = own_page_;
  headers["cookie"] = session;
  headers["content-type"] = "application/json";
  EXPECT_EQ(send(Method::post, "/api/v1/tasks", headers, R"({"title":"T"})").status, 403);
  EXPECT_EQ(send(Method::get, "/api/v1/me", {{"authorization", "Bearer " + session.substr(session.find('=') + 1)}}).status, 401)
      << "a session is no token";
  world_.clock().advance(std::chrono::hours(24 * 7));
  EXPECT_EQ(send(Method::get, "/api/v1/me", {{"cookie", session}}).status, 401);
}

TEST_F(BrowserTest, AnotherPageCannotUseTheSession) {
  const auto session = this->session(link());
  const auto create = [&](Headers headers) {
    headers["cookie"] = session;
    headers["content-type"] = "application/json";
    headers["host"] = "hub.test:8080";
    return send(Method::post, "/api/v1/tasks", headers, R"({"title":"T"})").status;
  };
  EXPECT_EQ(create({{"sec-fetch-site", "same-origin"}}), 201);
  EXPECT_EQ(create({{"origin", "http://hub.test:8080"}}), 201);
  for (const auto& headers : std::vector<Headers>{{},
                                                  {{"sec-fetch-site", "cross-site"}},
                                                  {{"sec-fetch-site", "same-site"}},
                                                  {{"sec-fetch-site", "none"}},
                                                  {{"sec-fetch-site", "cross-site"}, {"origin", "http://hub.test:8080"}},
                                                  {{"origin", "null"}},
                                                  {{"origin", "http://hub.test"}},
                                                  {{"origin", "http://evil.test/hub.test:8080"}}}) {
    EXPECT_EQ(create(headers), 403);
  }
  Request foreign{.method = Method::post, .target = "/login", .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                  .body = "code=" + link()};
  EXPECT_EQ(gateway_.answer(foreign).status, 403) << "nor log a browser in as somebody else";
}

TEST_F(BrowserTest, ASessionEndsWithItsTokenAndByLoggingOut) {
  const auto issued = world_.engine().access.issue({"ann", Role::operator_}, "test");
  ASSERT_TRUE(issued);
  const auto first = session(issued->token);
  const auto second = session(issued->token);
  const auto of_another = session(link());
  const auto status = [&](const std::string& one) { return send(Method::get, "/api/v1/me", {{"cookie", one}}).status; };
  EXPECT_EQ(status(first), 200);
  auto headers = own_page_;
  headers["cookie"] = first;
  EXPECT_EQ(send(Method::post, "/logout", headers).status, 200);
  EXPECT_EQ(status(first), 401);
  EXPECT_EQ(status(second), 200);
  const auto stream = send(Method::get, "/api/v1/events/stream", {{"cookie", second}});
  ASSERT_TRUE(stream.stream);
  ASSERT_TRUE(world_.engine().access.revoke(issued->row.id, "test"));
  EXPECT_EQ(status(second), 401);
  EXPECT_FALSE(stream.stream->next());
  EXPECT_EQ(status(of_another), 200);
  const auto damage = world_.store().audit(std::nullopt);
  ASSERT_TRUE(damage);
  EXPECT_THAT(*damage, ::testing::IsEmpty());
}

TEST_F(BrowserTest, APageShowsNothingThatSomebodySent) {
  const auto page = get("/login?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  EXPECT_THAT(page.headers, ::testing::Contains(::testing::Pair("Content-Security-Policy", HasSubstr("default-src 'none'"))));
}

// Webhooks.

struct WebhookTest : GatewayTest {
  Gateway hooked_{world_.engine(), {.hook_secrets = [] { return std::vector<HookSecret>{{"hub", "s3cret"}}; }}};

  Response push(const std::string& ref, const std::string& id, const std::string& secret = "s3cret",
                const std::string& event = "push") {
    const auto body = Json{{"ref", ref}}.dump();
    return hooked_.answer({.method = Method::post,
                           .target = "/api/v1/specs/sync",
                           .headers = {{"content-type", "application/json"},
                                       {"x-github-event", event},
                                       {"x-github-delivery", id},
                                       {"x-hub-signature-256", "sha256=" + Digest::keyed(secret, body).hex()}},
                           .body = body});
  }
  std::string outcome(const Response& response) {
    EXPECT_EQ(response.status, 202) << response.body;
    EXPECT_TRUE(fits("SyncReport", parsed(response)));
    return parsed(response)["deliveries"][0]["outcome"];
  }
};

TEST_F(WebhookTest, ADeliveryIsTakenOnceAndOnlyWhenItsSignatureHolds) {
  EXPECT_EQ(outcome(push("refs/heads/main", "1")), "looking");
  EXPECT_EQ(outcome(push("refs/heads/main", "1")), "repeated");
  EXPECT_EQ(outcome(push("refs/heads/topic", "2")), "other_branch");
  EXPECT_EQ(outcome(push("refs/tags/v1", "3")), "other_branch");
  EXPECT_EQ(outcome(push("", "4", "s3cret", "ping")), "ignored");
  const auto head = world_.store().commits();
  const auto forged = push("refs/heads/main", "5", "guessed");
  EXPECT_EQ(forged.status, 401);
  EXPECT_EQ(code_of(forged), "UNAUTHENTICATED");
  EXPECT_EQ(world_.store().commits(), head) << "what is forged leaves nothing";
  const auto told = parsed(get("/api/v1/events?type=repo.webhook.received", token(Role::viewer)))["events"];
  EXPECT_EQ(told.size(), 4U);
  EXPECT_EQ(told[0]["actor"], "forge:github");
}

/// The ids of the events in a piece of a stream, and the last id that it tells.
std::vector<int> ids_of(const std::string& text) {
  std::vector<int> ids;
  const std::regex event(R"(id: (\d+)\ndata: (.*)\n\n)");
  for (std::sregex_iterator it(text.begin(), text.end(), event), end; it != end; ++it) {
    ids.push_back(std::stoi((*it)[1]));
    EXPECT_EQ(Json::parse((*it)[2].str()).at("id"), (*it)[1].str());
  }
  return ids;
}

TEST_F(GatewayTest, AStreamGivesTheWholeLogOnceAndGoesOn) {
  const auto viewer = token(Role::viewer);
  const auto response = get("/api/v1/events/stream", viewer);
  ASSERT_TRUE(response.stream);
  std::vector<int> ids;
  for (auto text = response.stream->next(); text && !text->empty(); text = response.stream->next()) {
    for (const int id : ids_of(*text)) ids.push_back(id);
  }
  std::vector<int> expected(ids.size());
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(ids, expected);
  EXPECT_GT(ids.size(), 20U);
  world_.repository().commit({{"docs/specs/00002-page.md", testing::sample_spec("Another page")}});
  world_.scan();
  const auto more = response.stream->next();
  ASSERT_TRUE(more);
  EXPECT_EQ(ids_of(*more).front(), static_cast<int>(ids.size()) + 1);

  Request resumed{.target = "/api/v1/events/stream",
                  .headers = {{"authorization", "Bearer " + viewer}, {"last-event-id", "5"}}};
  const auto after = gateway_.answer(resumed);
  ASSERT_TRUE(after.stream);
  EXPECT_EQ(ids_of(*after.stream->next()).front(), 6);
  resumed.headers["last-event-id"] = "five";
  EXPECT_EQ(gateway_.answer(resumed).status, 400);
}

TEST_F(GatewayTest, AStreamEndsWithItsToken) {
  const auto issued = world_.engine().access.issue({"reader", Role::viewer}, "test");
  ASSERT_TRUE(issued);
  const auto response = get("/api/v1/events/stream", issued->token);
  ASSERT_TRUE(response.stream);
  EXPECT_TRUE(response.stream->next());
  ASSERT_TRUE(world_.engine().access.revoke(issued->row.id, "test"));
  const auto after = response.stream->next();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, FailureCode::UNAUTHENTICATED);
}

TEST_F(GatewayTest, AStreamOfFewTellsThePlaceOfWhatItPassedOver) {
  const auto response = get("/api/v1/events/stream?type=vtid.lifecycle.allocated", token(Role::viewer));
  ASSERT_TRUE(response.stream);
  const auto text = response.stream->next();
  ASSERT_TRUE(text);
  EXPECT_EQ(ids_of(*text).size(), 1U);
  EXPECT_TRUE(std::regex_search(*text, std::regex(R"(\n\nid: \d+\n\n$)"))) << *text;
  EXPECT_EQ(*response.stream->next(), "");
}

}  // namespace
}  // namespace vitana::gateway
