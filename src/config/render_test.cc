#include "config/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace vitana::config {
namespace {

using namespace std::chrono_literals;

Config unlike_the_defaults() {
  Config c;
  c.server = {"[::1]:0", "https://vitana.example", "/srv/data", "env:DATABASE_URL", "/etc/tls/hub.pem", "/etc/tls/hub.key",
              60, 7, AccessLog::json};
  Repo hub;
  hub.name = "hub";
  hub.path = "/srv/hub";
  hub.branch = "trunk";
  hub.specs = {"a/**", "b \"quoted\""};
  hub.scan_seconds = 5;
  hub.adopt = Adopt::all;
  hub.ids = Ids::local;
  hub.setup = {"printf 'a\tb\n' \"$HOME\" \\"};
  hub.cache = {"node_modules"};
  hub.webhook_secret = {"file:/run/secret"};
  hub.labels = {"site:home"};
  hub.forge = Forge::gitlab;
  hub.forge_url = "https://git.example/api/v4";
  hub.forge_project = "group/team/hub";
  hub.status_token = {"env:HUB_TOKEN"};
  Repo site;
  site.name = "site";
  site.url = "git@git.example:site.git";
  c.repos = {hub, site};
  Agent fixer;
  fixer.command = {"/srv/hub/fixer", "--text", "ä\x7f"};
  fixer.network = {Network::Mode::hosts, {"api.example.com"}};
  fixer.secrets = {{"env:KEY"}};
  fixer.read = {"/opt"};
  fixer.timeout = 90s;
  fixer.silence = 1500ms;
  fixer.memory = std::uint64_t{1536} << 20;
  fixer.disk = std::uint64_t{3} << 30;
  fixer.output = std::uint64_t{5} << 20;
  fixer.processes = 99;
  fixer.labels = {"gpu", "os:linux"};
  fixer.exits = {{7, FailureCode::AGENT_LOGIN}, {255, FailureCode::AGENT_QUOTA}};
  Agent critic;
  critic.kind = AgentKind::acp;
  critic.network.mode = Network::Mode::loopback;
  c.agents = {{"fixer", fixer}, {"critic.v2", critic}};
  c.worker = {"fixer", 1, domain::SandboxMode::off, "/var/w", {"big"}};
  c.verify = {{"make test"}, domain::UnverifiedMode::judge, "critic.v2", 9};
  c.delivery = {domain::DeliveryMode::pull_request, true, "Ann <ann@example.com>"};
  c.policy_rules = {{domain::ApprovalMode::required, domain::SpecProfile::strict}, {"db/**"}};
  c.caps = {0, 0, 0, 0s};
  c.retry = {7,
             2s,
             3min,
             {{FailureCode::AGENT_TIMEOUT, {2, std::nullopt, 1h}},
              {FailureCode::WORKER_LOST, {std::nullopt, 1s, std::nullopt}}}};
  c.dispatch = {0, 1min};
  c.notify = {{"tell"}};
  c.webhooks = {{"chat", "env:CHAT_URL", {"file:/run/chat"}, {"vtid.lifecycle.*", "repo.?*"}, WebhookFormat::chat},
                {"ci", "https://ci.example/hook", {}, {}, WebhookFormat::event}};
  return c;
}

TEST(Render, ReadsBackToAnEqualConfig) {
  for (const Config& config : {Config{}, unlike_the_defaults()}) {
    const auto reading = parse_config(render(config), {.base = ""});
    for (const auto& d : reading.diagnostics) ADD_FAILURE() << to_string(d);
    EXPECT_EQ(reading.config, config);
  }
}

TEST(Render, ReadsBackTheSameWhereverItIsRead) {
  const auto config = unlike_the_defaults();
  EXPECT_EQ(parse_config(render(config), {.base = "/elsewhere"}).config, config);
}

TEST(Render, KeepsSecretsAsPlaces) {
  EXPECT_THAT(render(unlike_the_defaults()), ::testing::HasSubstr("secrets = [\"env:KEY\"]"));
}

TEST(ConfigDigest, ChangesWithAnyValue) {
  Config other = unlike_the_defaults();
  const Digest before = digest(other);
  EXPECT_EQ(before, digest(unlike_the_defaults()));
  other.agents.at("fixer").silence = 2s;
  EXPECT_NE(before, digest(other));
}

}  // namespace
}  // namespace vitana::config
