#include "gateway/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/digest.h"

namespace vitana::gateway {
namespace {

using ::testing::ElementsAre;

const Instant now = from_us(1'614'265'330'000'000);
const std::string push = R"({"ref":"refs/heads/main","repository":{"name":"hub","clone_url":"https://forge.test/team/hub.git"}})";

Request github(const std::string& body, const std::string& secret, const std::string& event = "push") {
  return {.method = Method::post,
          .headers = {{"x-github-event", event},
                      {"x-github-delivery", "72d3162e"},
                      {"x-hub-signature-256", "sha256=" + Digest::keyed(secret, body).hex()}},
          .body = body};
}

TEST(Webhook, TheExampleOfGitHubsManualHolds) {
  Request request{.headers = {{"x-hub-signature-256",
                               "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
                  .body = "Hello, World!"};
  const std::vector<HookSecret> secrets{{"hub", "It's a Secret to Everybody"}};
  EXPECT_TRUE(read_delivery(request, secrets, "", now));
  request.body += "!";
  const auto refused = read_delivery(request, secrets, "", now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::UNAUTHENTICATED);
}

TEST(Webhook, TheExampleOfStandardWebhooksHoldsForFiveMinutes) {
  const Request request{.headers = {{"x-gitlab-event", "Push Hook"},
                                    {"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                                    {"webhook-timestamp", "1614265330"},
                                    {"webhook-signature", "v1,xxx v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
                        .body = R"({"test": 2432232314})"};
  const std::vector<HookSecret> secrets{{"hub", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  const auto taken = read_delivery(request, secrets, "", now);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->forge, "gitlab");
  EXPECT_EQ(taken->id, "msg_p5jXN8AQM9LWM0D4loKWxJek");
  EXPECT_TRUE(taken->pushed);
  EXPECT_TRUE(read_delivery(request, secrets, "", now + std::chrono::minutes(5)));
  EXPECT_FALSE(read_delivery(request, secrets, "", now + std::chrono::seconds(301)));
  EXPECT_FALSE(read_delivery(request, secrets, "", now - std::chrono::seconds(301)));
  EXPECT_FALSE(read_delivery(request, {{"hub", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"}}, "", now));
  EXPECT_FALSE(read_delivery(request, {{"hub", "whsec_!"}}, "", now));
  Request unkeyed = request;
  const auto mac = Digest::keyed("", "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + request.body);
  unkeyed.headers["webhook-signature"] =
      "v1," + to_base64({reinterpret_cast<const char*>(mac.bytes().data()), mac.bytes().size()});
  EXPECT_FALSE(read_delivery(unkeyed, {{"hub", "whsec_"}}, "", now)) << "no secret is no secret";
  unkeyed.headers["webhook-timestamp"] = "-9223372036854775808";
  EXPECT_FALSE(read_delivery(unkeyed, secrets, "", now));
}

TEST(Webhook, EachForgeSaysWhatItHas) {
  const auto mac = Digest::keyed("s3cret", push).hex();
  const std::vector<HookSecret> secrets{{"hub", "s3cret"}};
  struct {
    std::string forge;
    std::map<std::string, std::string> headers;
    bool pushed;
  } const deliveries[] = {
      {"github", {{"x-hub-signature-256", "sha256=" + mac}, {"x-github-event", "push"}, {"x-github-delivery", "1"}}, true},
      {"github", {{"x-hub-signature-256", "sha256=" + mac}, {"x-github-event", "ping"}, {"x-github-delivery", "1"}}, false},
      {"gitea",
       {{"x-gitea-signature", mac}, {"x-gitea-event", "push"}, {"x-gitea-delivery", "1"},
        {"x-hub-signature-256", "sha256=" + mac}, {"x-github-event", "push"}, {"x-github-delivery", "2"}}, true},
      {"forgejo",
       {{"x-forgejo-signature", mac}, {"x-forgejo-event", "push"}, {"x-forgejo-delivery", "1"},
        {"x-gitea-signature", mac}, {"x-gitea-event", "push"}, {"x-gitea-delivery", "2"}}, true},
      {"gitlab", {{"x-gitlab-token", "s3cret"}, {"x-gitlab-event", "Push Hook"}, {"x-gitlab-event-uuid", "1"}}, true},
      {"gitlab", {{"x-gitlab-token", "s3cret"}, {"x-gitlab-event", "Tag Push Hook"}, {"idempotency-key", "1"}}, false},
  };
  for (const auto& [forge, headers, pushed] : deliveries) {
    const Request request{.headers = headers, .body = push};
    ASSERT_TRUE(is_signed(request));
    const auto taken = read_delivery(request, secrets, "", now);
    ASSERT_TRUE(taken) << forge;
    EXPECT_EQ(taken->forge, forge);
    EXPECT_EQ(taken->id, "1") << forge;
    EXPECT_EQ(taken->pushed, pushed) << forge;
    EXPECT_EQ(taken->ref, pushed ? "refs/heads/main" : "") << forge;
  }
}

TEST(Webhook, AGoodSignatureBesideTheForgesOwnBadOneDoesNotCount) {
  const auto mac = Digest::keyed("s3cret", push).hex();
  const Request request{.headers = {{"x-forgejo-signature", std::string(64, '0')}, {"x-gitea-signature", mac},
                                    {"x-hub-signature-256", "sha256=" + mac}},
                        .body = push};
  EXPECT_FALSE(read_delivery(request, {{"hub", "s3cret"}}, "", now));
}

TEST(Webhook, WhoSignedItTellsWhoseItIs) {
  const std::vector<HookSecret> secrets{{"hub", "one"}, {"docs", "two"}};
  EXPECT_THAT(read_delivery(github(push, "two"), secrets, "", now)->repos, ElementsAre("docs"));
  EXPECT_FALSE(read_delivery(github(push, "two"), secrets, "hub", now));
  EXPECT_FALSE(read_delivery(github(push, "three"), secrets, "", now));
  EXPECT_FALSE(read_delivery(github(push, ""), {{"hub", ""}}, "", now)) << "no secret is no secret";
}

TEST(Webhook, SeveralWithOneSecretAreToldApartByAddressThenByName) {
  const std::vector<HookSecret> shared{{"docs", "s", "git@forge.test:team/docs"},
                                       {"mirror", "s", "ssh://git@FORGE.test/team/hub"},
                                       {"hub", "s"}};
  EXPECT_THAT(read_delivery(github(push, "s"), shared, "", now)->repos, ElementsAre("mirror"));
  EXPECT_THAT(read_delivery(github(push, "s"), {{"docs", "s"}, {"hub", "s"}}, "", now)->repos, ElementsAre("hub"));
  EXPECT_THAT(read_delivery(github(push, "s"), {{"a", "s"}, {"b", "s"}}, "", now)->repos, ElementsAre("a", "b"));
  EXPECT_THAT(read_delivery(github(push, "s"), shared, "hub", now)->repos, ElementsAre("hub"));
}

TEST(Webhook, ABodyThatIsNoneIsAHintAllTheSame) {
  for (const std::string body : {"", "payload=%7B%7D", "[]", R"({"ref":7,"repository":[]})", "\xff\xfe"}) {
    const auto taken = read_delivery(github(body, "s"), {{"a", "s"}, {"b", "s"}}, "", now);
    ASSERT_TRUE(taken) << body;
    EXPECT_THAT(taken->repos, ElementsAre("a", "b"));
    EXPECT_EQ(taken->ref, "");
    EXPECT_TRUE(taken->pushed);
  }
}

}  // namespace
}  // namespace vitana::gateway
