// The gateway on a whole engine, without a socket: who may call what, what is answered, and does the document say so?
#include <gmock/gmock.h>

#include <numeric>
#include <regex>
#include <set>

#include "gateway/event_stream.h"
#include "gateway/fixture.h"

namespace vitana::gateway {
namespace {

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
  for (const int i : {2, 4, 5, 3}) {
    if (i == 3) {
      world_.settle();
      world_.clock().advance(std::chrono::minutes(1));
    }
    world_.repository().commit({{fmt::format("docs/specs/0000{}-page.md", i), testing::sample_spec(fmt::format("Page {}", i))}});
  }
  world_.settle();
  const auto viewer = token(Role::viewer);
  const auto paged = [&](const std::string& sort) {
    std::string seen;
    std::string cursor;
    do {
      const auto page = parsed(get("/api/v1/tasks?limit=2" + sort + cursor, viewer));
      for (const auto& task : page["tasks"]) seen += task["vtid"].get<std::string>().back();
      cursor = page["next_cursor"].is_null() ? "" : "&cursor=" + page["next_cursor"].get<std::string>();
    } while (!cursor.empty());
    return seen;
  };
  EXPECT_EQ(paged(""), "54321");
  EXPECT_EQ(paged("&sort=oldest"), "12345");
  EXPECT_EQ(paged("&sort=changed").front(), '3');
  EXPECT_EQ(paged("&sort=changed").size(), 5U);
  EXPECT_EQ(get("/api/v1/tasks?sort=changed&cursor=VTID-00003", viewer).status, 422) << "a cursor of another order";
  EXPECT_EQ(get("/api/v1/tasks?cursor=VTID-00003@5", viewer).status, 422);
  EXPECT_EQ(get("/api/v1/tasks?sort=priority", viewer).status, 400);
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
