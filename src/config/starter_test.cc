#include "config/starter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "config/parse.h"

namespace vitana::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Config read(const StarterFacts& facts) {
  const auto text = starter_config(facts);
  const auto reading = parse_config(text, {.base = "/srv/hub"});
  for (const auto& d : reading.diagnostics) ADD_FAILURE() << to_string(d) << "\n" << text;
  return reading.config;
}

TEST(StarterConfig, WithoutAnyFactIsValid) {
  const auto c = read({});
  ASSERT_EQ(c.repos.size(), 1u);
  EXPECT_EQ(c.repos[0].path, "/srv/hub");
  EXPECT_EQ(c.worker.agent, "");
}

TEST(StarterConfig, CarriesWhatWasFound) {
  StarterFacts facts;
  facts.repo_name = "hub";
  facts.branch = "trunk";
  facts.specs = {"specs/**/*.md"};
  facts.setup = {"npm ci"};
  facts.cache = {"node_modules"};
  facts.checks = {"make test", "npm test"};
  facts.agents = {
      {"claude", AgentKind::claude, {}, {"api.anthropic.com"}, {"env:ANTHROPIC_API_KEY"}},
      {"fixer", AgentKind::command, {"./tools/fixer.sh"}, {}, {}}};
  const auto c = read(facts);
  EXPECT_EQ(c.repos[0].name, "hub");
  EXPECT_EQ(c.repos[0].branch, "trunk");
  EXPECT_THAT(c.repos[0].specs, ElementsAre("specs/**/*.md"));
  EXPECT_THAT(c.repos[0].setup, ElementsAre("npm ci"));
  EXPECT_THAT(c.repos[0].cache, ElementsAre("node_modules"));
  EXPECT_THAT(c.verify.commands, ElementsAre("make test", "npm test"));
  EXPECT_EQ(c.worker.agent, "claude");
  EXPECT_EQ(c.agents.size(), 2u);
  EXPECT_EQ(c.worker.sandbox, domain::SandboxMode::require);
}

TEST(StarterConfig, NamesTheKeyOfAnAgentThatHasNoneYet) {
  StarterFacts facts;
  facts.agents = {{"claude", AgentKind::claude, {}, {"api.anthropic.com"}, {}, "ANTHROPIC_API_KEY"}};
  EXPECT_TRUE(read(facts).agents.at("claude").secrets.empty());
  EXPECT_THAT(starter_config(facts), HasSubstr("\n# secrets = [\"env:ANTHROPIC_API_KEY\"]\n"));
}

TEST(StarterConfig, TheCommentsBesideItsLinesStandInOneColumn) {
  StarterFacts facts;
  facts.branch = "trunk";
  facts.setup = {"npm ci"};
  facts.agents = {{"fixer", AgentKind::command, {"./fix"}, {}, {}}};
  std::istringstream text(starter_config(facts) + starter_config({}));
  for (std::string one; std::getline(text, one);) {
    const auto comment = one.find(" # ", 1);
    if (comment == std::string::npos) continue;
    const auto words = one.find_last_not_of(' ', comment) + 1;
    EXPECT_EQ(comment + 1, std::max(words + 1, std::size_t{31})) << one;
  }
}

TEST(StarterConfig, PrefersTheSandboxWhereItDoesNotWorkAndSaysWhy) {
  StarterFacts facts;
  facts.sandbox_works = false;
  facts.sandbox_reason = "user namespaces are switched off\n[worker]";
  EXPECT_EQ(read(facts).worker.sandbox, domain::SandboxMode::prefer);
  EXPECT_THAT(starter_config(facts),
              HasSubstr("# The sandbox does not work on this machine: user names"));
}

TEST(StarterConfig, OddFactsDoNotBreakIt) {
  StarterFacts facts;
  facts.repo_name = "my \"repo\"\n";
  facts.branch = "-x";
  facts.checks = {"sh -c \"echo 'a\\b'\"\n"};
  facts.agents = {{"bad name", AgentKind::claude, {}, {}, {}},
                  {"fixer", AgentKind::command, {}, {}, {}},
                  {"codex", AgentKind::codex, {}, {}, {}},
                  {"codex", AgentKind::codex, {}, {}, {}}};
  const auto c = read(facts);
  EXPECT_THAT(c.verify.commands, ElementsAre(facts.checks[0]));
  EXPECT_EQ(c.worker.agent, "codex");
}

}  // namespace
}  // namespace vitana::config
