#include "config/parse.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitana::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config good(std::string_view text, const ConfigOptions& options = {}) {
  auto reading = parse_config(text, options);
  for (const auto& d : reading.diagnostics) ADD_FAILURE() << to_string(d);
  return reading.config;
}

constexpr std::string_view every_key = R"(
[server]
listen = "[::1]:9000"
url = "https://vitana.example"
data = "state"
database = "postgresql://db.example/vitana"
tls_certificate = "tls/hub.pem"
tls_key = "tls/hub.key"
requests_per_minute = 60
connections_per_address = 7
access_log = "json"

[[repos]]
name = "hub"
path = "."
branch = "main"
specs = ["docs/specs/**/*.md", "specs/*.md"]
scan_seconds = 30
adopt = "all"
ids = "local"
setup = ["npm ci"]
cache = ["node_modules"]
webhook_secret = "env:HUB_SECRET"
labels = ["site:home"]

[[repos]]
url = "https://git.example/team/site.git"

[agents.fixer]
kind = "command"
command = ["./tools/fixer.sh", "--fast"]
network = ["api.example.com", "*.example.org"]
secrets = ["env:API_KEY", "file:key.txt"]
read = ["../shared"]
timeout = "20m"
silence = "2m"
memory = "512M"
disk = "2G"
output = "1M"
processes = 64
labels = ["gpu"]
exits = { 41 = "AGENT_LOGIN", 42 = "AGENT_QUOTA" }

[agents.critic]
kind = "claude"
network = "loopback"

[worker]
agent = "fixer"
slots = 4
sandbox = "prefer"
workspaces = "/var/tmp/w"
labels = ["big", "os:linux"]

[verify]
commands = ["make test"]
unverified = "judge"
judge = "critic"
slots = 3

[delivery]
mode = "merge"
allow_attested_merge = true
author = "Vitana <vitana@example.com>"

[policy]
approval = "required"
profile = "strict"
protect = ["db/**"]

[caps]
runs_per_task = 5
runs_per_repo_day = 0
concurrent = 7
wall = "2h"

[retry]
runs = 4
delay = "1s"
delay_max = "1m"

[retry.AGENT_FAILED]
runs = 2
delay = "5s"
delay_max = "30s"

[dispatch]
route_retries = 2
pickup_deadline = "5m"

[notify]
command = ["./tools/tell.sh"]
)";

/// The example of the reference documentation; its values are the defaults where there are any.
constexpr std::string_view reference = R"(
[server]
listen = "127.0.0.1:8080"
data = ".vitana"                     # holds a .gitignore of "*"

[[repos]]
name = "hub"
path = "."
branch = "main"
specs = ["docs/specs/**/*.md"]
scan_seconds = 60
adopt = "new"
ids = "vtid"
setup = ["npm ci"]
cache = ["node_modules"]
webhook_secret = "env:HUB_SECRET"

[agents.fixer]
kind = "command"
command = ["./tools/fixer.sh"]
network = "none"
secrets = ["env:ANTHROPIC_API_KEY"]
read = []
timeout = "30m"
silence = "5m"
memory = "4G"

[worker]
agent = "fixer"
slots = 2
sandbox = "require"

[verify]
commands = ["make test"]
unverified = "attest"
judge = ""
slots = 2

[delivery]
mode = "branch"
allow_attested_merge = false

[policy]
approval = "auto"
profile = "standard"

[caps]
runs_per_task = 3
runs_per_repo_day = 100
concurrent = 2
wall = "60m"

[retry]
runs = 3
delay = "10s"
delay_max = "10m"

[dispatch]
route_retries = 5
pickup_deadline = "15m"

[notify]
command = ["./tools/tell.sh"]
)";

TEST(ParseConfig, TheReferencesValuesAreTheDefaults) {
  Config c = good(reference);
  EXPECT_EQ(c.policy(), domain::Policy{});
  EXPECT_EQ(c.server, Server{});
  Agent fixer;
  fixer.command = {"./tools/fixer.sh"};
  fixer.secrets = {{"env:ANTHROPIC_API_KEY"}};
  EXPECT_EQ(c.agents.at("fixer"), fixer);
  Worker worker;
  worker.agent = "fixer";
  EXPECT_EQ(c.worker, worker);
}

TEST(ParseConfig, AnEmptyTextIsTheDefaults) { EXPECT_EQ(good(""), Config{}); }

TEST(ParseConfig, ReadsServer) {
  const auto c = good(every_key).server;
  EXPECT_EQ(c, (Server{"[::1]:9000", "https://vitana.example", "state", "postgresql://db.example/vitana", "tls/hub.pem",
                       "tls/hub.key", 60, 7, AccessLog::json}));
}

TEST(ParseConfig, ReadsEveryKeyOfARepository) {
  const auto c = good(every_key);
  ASSERT_EQ(c.repos.size(), 2u);
  Repo hub;
  hub.name = "hub";
  hub.path = ".";
  hub.branch = "main";
  hub.specs = {"docs/specs/**/*.md", "specs/*.md"};
  hub.scan_seconds = 30;
  hub.adopt = Adopt::all;
  hub.ids = Ids::local;
  hub.setup = {"npm ci"};
  hub.cache = {"node_modules"};
  hub.webhook_secret = {"env:HUB_SECRET"};
  hub.labels = {"site:home"};
  EXPECT_EQ(c.repos[0], hub);
}

TEST(ParseConfig, ARepositoryWithoutANameIsCalledAsItsAddressEnds) {
  const auto c = good(every_key);
  ASSERT_NE(c.repo("site"), nullptr);
  EXPECT_THAT(c.repo("site")->specs, ElementsAre("docs/specs/**/*.md"));
}

TEST(ParseConfig, ReadsEveryKeyOfAnAgent) {
  const auto c = good(every_key);
  Agent fixer;
  fixer.command = {"./tools/fixer.sh", "--fast"};
  fixer.network = {Network::Mode::hosts, {"api.example.com", "*.example.org"}};
  fixer.secrets = {{"env:API_KEY"}, {"file:key.txt"}};
  fixer.read = {"../shared"};
  fixer.timeout = 20min;
  fixer.silence = 2min;
  fixer.memory = std::uint64_t{512} << 20;
  fixer.disk = std::uint64_t{2} << 30;
  fixer.output = std::uint64_t{1} << 20;
  fixer.processes = 64;
  fixer.exits = {{41, FailureCode::AGENT_LOGIN}, {42, FailureCode::AGENT_QUOTA}};
  fixer.labels = {"gpu"};
  ASSERT_NE(c.agent("fixer"), nullptr);
  EXPECT_EQ(*c.agent("fixer"), fixer);
}

TEST(ParseConfig, AKnownKindOfAgentNeedsNoCommand) {
  const auto c = good(every_key);
  ASSERT_NE(c.agent("critic"), nullptr);
  EXPECT_EQ(c.agent("critic")->kind, AgentKind::claude);
  EXPECT_EQ(c.agent("critic")->network.mode, Network::Mode::loopback);
}

TEST(ParseConfig, ReadsWorkerVerifyDeliveryAndNotify) {
  const auto c = good(every_key);
  EXPECT_EQ(c.worker, (Worker{"fixer", 4, domain::SandboxMode::prefer, "/var/tmp/w", {"big", "os:linux"}}));
  EXPECT_EQ(c.verify, (Verify{{"make test"}, domain::UnverifiedMode::judge, "critic", 3}));
  EXPECT_EQ(c.delivery,
            (Delivery{domain::DeliveryMode::merge, true, "Vitana <vitana@example.com>"}));
  EXPECT_EQ(c.notify, (Notify{{"./tools/tell.sh"}}));
}

TEST(ParseConfig, ThePolicyGathersWhatTransitionsAskFor) {
  const auto p = good(every_key).policy();
  domain::Policy wanted;
  wanted.specs.approval = domain::ApprovalMode::required;
  wanted.specs.profile = domain::SpecProfile::strict;
  wanted.unverified = domain::UnverifiedMode::judge;
  wanted.delivery = domain::DeliveryMode::merge;
  wanted.allow_attested_merge = true;
  wanted.retry = {4, 1s, 1min, {{FailureCode::AGENT_FAILED, {2, 5s, 30s}}}};
  wanted.caps = {5, 0, 7, 2h};
  wanted.dispatch = {2, 5min};
  EXPECT_EQ(p, wanted);
}

TEST(ParseConfig, DefaultsOfThePolicyAreTheDomains) {
  domain::Policy silent;
  silent.tells = false;
  EXPECT_EQ(good("").policy(), silent);
  EXPECT_EQ(good("[notify]\ncommand = [\"tell\"]\n").policy(), domain::Policy{});
}

TEST(ParseConfig, PathsStartAtTheFilesFolder) {
  const auto c = good(R"(
[[repos]]
path = "."
webhook_secret = "file:secrets/hook"
[[repos]]
path = "../site/"
[agents.fixer]
command = ["./tools/fixer.sh"]
read = ["data/../shared", "/etc/ssl"]
[worker]
workspaces = "w"
[notify]
command = ["tools/tell.sh", "./kept"]
[server]
tls_certificate = "tls/hub.pem"
tls_key = "/etc/tls/hub.key"
)",
                      {.base = "/srv/hub"});
  EXPECT_EQ(c.server.data, "/srv/hub/.vitana");
  EXPECT_EQ(c.server.tls_certificate, "/srv/hub/tls/hub.pem");
  EXPECT_EQ(c.server.tls_key, "/etc/tls/hub.key");
  ASSERT_EQ(c.repos.size(), 2u);
  EXPECT_EQ(c.repos[0].path, "/srv/hub");
  EXPECT_EQ(c.repos[0].name, "hub");
  EXPECT_EQ(c.repos[0].webhook_secret.reference, "file:/srv/hub/secrets/hook");
  EXPECT_EQ(c.repos[1].path, "/srv/site");
  EXPECT_THAT(c.agents.at("fixer").command, ElementsAre("/srv/hub/tools/fixer.sh"));
  EXPECT_THAT(c.agents.at("fixer").read, ElementsAre("/srv/hub/shared", "/etc/ssl"));
  EXPECT_EQ(c.worker.workspaces, "/srv/hub/w");
  EXPECT_THAT(c.notify.command, ElementsAre("/srv/hub/tools/tell.sh", "./kept"));
}

TEST(ParseConfig, AProgramWithoutAFolderIsLeftToPath) {
  const auto c = good("[agents.a]\ncommand = [\"fixer\"]\n", {.base = "/srv"});
  EXPECT_THAT(c.agents.at("a").command, ElementsAre("fixer"));
}

TEST(ParseConfig, TheOnlyAgentIsTheWorkers) {
  EXPECT_EQ(good("[agents.a]\nkind = \"codex\"\n").worker.agent, "a");
}

TEST(ParseConfig, OfSeveralAgentsNoneIsChosen) {
  EXPECT_EQ(good("[agents.a]\nkind = \"codex\"\n[agents.b]\nkind = \"gemini\"\n").worker.agent, "");
}

TEST(ParseConfig, TheDatabaseMayBeASecretsPlace) {
  EXPECT_EQ(good("[server]\ndatabase = \"env:DATABASE_URL\"\n").server.database,
            "env:DATABASE_URL");
}

TEST(ParseConfig, NoWallIsZero) {
  EXPECT_EQ(good("[caps]\nwall = 0\n").caps.wall, 0s);
  EXPECT_EQ(good("[caps]\nwall = \"0s\"\n").caps.wall, 0s);
}

TEST(ParseConfig, AnEmptyNetworkListIsNone) {
  EXPECT_EQ(good("[agents.a]\nkind = \"codex\"\nnetwork = []\n").agents.at("a").network, Network{});
}

TEST(ParseConfig, ARuleForACodeThatIsNeverRetriedIsAWarning) {
  const auto reading = parse_config("[retry.DELIVERY_REFUSED]\nruns = 3\n");
  ASSERT_EQ(reading.diagnostics.size(), 1u);
  EXPECT_EQ(reading.diagnostics[0].rule, "CONFIG_NO_EFFECT");
  EXPECT_TRUE(reading.valid());
}

TEST(ParseConfig, FindsAllFaultsInOrderOfLine) {
  const auto reading = parse_config("[server]\nlisten = 1\n[caps]\nconcurrent = -1\n[wroker]\n");
  std::vector<std::string> found;
  for (const auto& d : reading.diagnostics) found.push_back(fmt::format("{}:{}", d.line, d.rule));
  EXPECT_THAT(found, ElementsAre("2:CONFIG_TYPE", "4:CONFIG_RANGE", "5:CONFIG_UNKNOWN_KEY"));
}

TEST(ParseConfig, ASyntaxErrorStandsWhereItIs) {
  const auto reading = parse_config("[server]\nlisten = \n", {.file = "a/vitana.toml"});
  ASSERT_EQ(reading.diagnostics.size(), 1u);
  EXPECT_EQ(reading.diagnostics[0].rule, "CONFIG_SYNTAX");
  EXPECT_EQ(reading.diagnostics[0].file, "a/vitana.toml");
  EXPECT_EQ(reading.diagnostics[0].line, 2);
}

TEST(ParseConfig, AHostileTextIsRefusedNotRead) {
  EXPECT_FALSE(parse_config(std::string("a = \"\0\"", 7)).valid());
  EXPECT_FALSE(parse_config("a = \"\xff\"").valid());
  EXPECT_FALSE(parse_config(std::string((1u << 20) + 1, ' ')).valid());
  EXPECT_FALSE(parse_config("a = " + std::string(100'000, '[')).valid());
}

TEST(ParseConfig, EveryPrefixOfAFileIsReadWithoutHarm) {
  for (std::size_t n = 0; n < every_key.size(); ++n) {
    const auto reading = parse_config(every_key.substr(0, n));
    for (const auto& d : reading.diagnostics) ASSERT_GE(d.line, 1);
  }
  EXPECT_THAT(parse_config(every_key).diagnostics, IsEmpty());
}

}  // namespace
}  // namespace vitana::config
