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

/// Bodies that fit; of the others `a_text` does.
const std::map<std::string_view, std::string> bodies{
    {"registerWorker", R"({"name":"w","slots":1,"protocol":1})"},
    {"claimRuns", R"({"request_id":"1","max":1,"wait_seconds":0})"},
    {"renewRuns", R"({"runs":[]})"},
    {"appendRunLog", "said\n"},
    {"putResultBundle", "# v2 git bundle\n"},
    {"completeRun", R"({"fence":1,"result_commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})"},
    {"failRun", R"({"fence":1,"code":"AGENT_FAILED","message":"x"})"},
    {"releaseRun", R"({"fence":1})"}};

/// A run of the test's that is over: nobody holds it.
bool needs_a_lease(const Route& route) {
  return route.group == "workers" && route.path.find("{run}") != std::string_view::npos;
}

struct GatewayTest : ::testing::Test {
  testing::World world_;
  Gateway gateway_{world_.engine(),
                   {.log = [](const RunId&, std::size_t, std::size_t) { return Result<std::string>("said\n"); },
                    .diff = [](const RunId&) { return Result<std::string>("--- a\n"); },
                    .runs = run_files()}};
  std::string worker_;  ///< registered by "somebody"

  GatewayTest() {
    world_.repository().commit({{"docs/specs/00001-page.md", testing::sample_spec()}});
    world_.settle();
    const auto worker = world_.engine().workers.enter({.name = "w"}, {.actor = "somebody"});
    EXPECT_TRUE(worker);
    worker_ = worker->id;
  }

  static RunFiles run_files() {
    remote::Terms terms;
    terms.agent.name = "fixer";
    terms.agent.command = {"true"};
    return {.terms = [terms](const auto&) { return Result<remote::Terms>(terms); },
            .base_bundle = [](const auto&, const auto&) { return Result<std::string>("# v2 git bundle\n"); },
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

  /// A call of the route that has something to answer.
  Response call(const Route& route, const std::string& token) {
    auto target = std::string(route.path);
    const std::map<std::string, std::string> values{
        {"{vtid}", "VTID-00001"}, {"{run}", "VTID-00001.1"}, {"{version}", "1"}, {"{worker}", worker_}};
    for (const auto& [name, value] : values) {
      if (const auto at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
    }
    if (!route.takes) return ask(route.method, target, token);
    const auto body = bodies.find(route.operation);
    return ask(route.method, target, token, body == bodies.end() ? a_text : body->second, route.takes->type);
  }
};

Json parsed(const Response& response) { return Json::parse(response.body); }
std::string code_of(const Response& response) { return parsed(response).value("code", ""); }

TEST_F(GatewayTest, EachRouteAnswersEachRoleAsTheTableSays) {
  for (const auto& route : routes()) {
    for (const auto role : domain::all_roles) {
      const bool allowed = !route.right || domain::may(role, *route.right);
      const auto response = call(route, token(role));
      const int good = needs_a_lease(route) ? 409 : 200;
      EXPECT_EQ(response.status, allowed ? good : 403) << route.operation << " as " << name_of(role) << response.body;
      EXPECT_EQ(allowed ? "" : code_of(response), allowed ? "" : "NOT_ALLOWED");
    }
  }
}

TEST_F(GatewayTest, WithoutATokenThatHoldsNothingIsAnswered) {
  const auto expiring = token(Role::admin, {}, std::chrono::hours(1));
  const auto taken_back = world_.engine().access.issue({"gone", Role::admin}, "test");
  ASSERT_TRUE(taken_back);
  EXPECT_EQ(get("/api/v1/tasks", expiring).status, 200);
  ASSERT_TRUE(world_.engine().access.revoke(taken_back->row.id, "test"));
  world_.clock().advance(std::chrono::hours(1));
  const std::set<std::string_view> open{"/healthz", "/readyz", "/openapi.json"};
  for (const auto& route : routes()) {
    EXPECT_EQ(!route.right, open.contains(route.path)) << route.path;
    for (const auto& bad : {std::string(), std::string("vitana_"), "vitana_" + std::string(64, '0'), expiring,
                            taken_back->token}) {
      const auto response = call(route, bad);
      EXPECT_EQ(response.status, route.right ? 401 : 200) << route.operation;
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
  for (const auto& route : routes()) {
    if (!route.right) continue;
    const auto response = call(route, text);
    const bool names_a_task = route.path.find("{vtid}") != std::string_view::npos ||
                              route.path.find("{run}") != std::string_view::npos;
    const bool somebody_elses = route.path.find("{worker}") != std::string_view::npos && route.right == domain::Right::work;
    EXPECT_EQ(response.status, names_a_task || somebody_elses ? 404 : 200) << route.operation << response.body;
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
    if (needs_a_lease(route)) continue;  // below
    const auto response = call(route, admin);
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

TEST_F(GatewayTest, WhatAWorkerIsToldFitsTheDocument) {
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
  post("runs/VTID-00002.1/complete", bodies.at("completeRun"), "Taken");
  EXPECT_EQ(world_.runs(Vtid(2)).at(0).state, domain::RunState::verifying);
  post("runs/VTID-00002.1/complete", bodies.at("completeRun"), "Taken");  // its answer may have been lost
  EXPECT_EQ(code_of(ask(Method::post, run + "fail", worker, bodies.at("failRun"))), "LEASE_STALE");
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

TEST_F(GatewayTest, ALargeBodyIsTakenFromThoseAloneWhomTheRouteLetsIn) {
  const auto most = [&](Method method, const std::string& target, const std::string& token) {
    Request head{.method = method, .target = target};
    if (!token.empty()) head.headers["authorization"] = "Bearer " + token;
    return gateway_.body_bytes_max(head);
  };
  const std::string path = "/api/v1/runs/VTID-00001.1/result.bundle?fence=1";
  EXPECT_EQ(most(Method::put, path, token(Role::worker)), std::size_t{64} << 20);
  EXPECT_EQ(most(Method::put, path, token(Role::viewer)), 0U);
  EXPECT_EQ(most(Method::put, path, ""), 0U);
  EXPECT_EQ(most(Method::post, "/api/v1/workers", token(Role::worker)), 0U);
  EXPECT_EQ(most(Method::put, "/%zz", token(Role::worker)), 0U);
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
  EXPECT_THAT(other.headers, ::testing::Contains(::testing::Pair("Allow", "GET")));
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
