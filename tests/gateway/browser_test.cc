// Sessions of browsers, and webhooks of forges: who is let in without a token.
#include <gmock/gmock.h>

#include <set>

#include "gateway/fixture.h"

namespace vitana::gateway {
namespace {

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

TEST_F(BrowserTest, BehindAProxyThatEncryptsTheAddressOfOthersCounts) {
  Gateway behind(world_.engine(), Files{}, {}, "https://vitana.example");
  const Headers headers{{"host", "127.0.0.1:8080"}, {"origin", "https://vitana.example"},
                        {"content-type", "application/x-www-form-urlencoded"}};
  const auto opened = behind.answer({.method = Method::post, .target = "/login", .headers = headers, .body = "code=" + link()});
  EXPECT_EQ(opened.status, 200);
  EXPECT_THAT(cookie(opened), HasSubstr("; Secure"));
  const auto made = behind.answer({.method = Method::post, .target = "/api/v1/links",
                                   .headers = {{"authorization", "Bearer " + token(Role::admin)},
                                               {"content-type", "application/json"}},
                                   .body = R"({"name":"ann","role":"viewer"})"});
  EXPECT_THAT(parsed(made)["url"].get<std::string>(), ::testing::StartsWith("https://vitana.example/login?code="));
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

TEST_F(BrowserTest, WhoGuessesCodesIsHeldUp) {
  std::set<int> statuses;
  for (int i = 0; i < 40; ++i) {
    Request guess{.method = Method::post, .target = "/login", .headers = own_page_, .body = "code=x"};
    guess.headers["content-type"] = "application/x-www-form-urlencoded";
    guess.origin = "192.0.2.9";
    statuses.insert(gateway_.answer(guess).status);
  }
  EXPECT_THAT(statuses, ::testing::ElementsAre(401, 429));
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

}  // namespace
}  // namespace vitana::gateway
