#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace vitana::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ConfigReading read(std::string_view text, std::map<std::string, std::string> environment) {
  return parse_config(text, {.environment = std::move(environment)});
}

TEST(Environment, ComesBeforeTheFile) {
  const auto reading =
      read("[server]\nlisten = \"a:1\"\ndata = \"kept\"\n", {{"VITANA_SERVER__LISTEN", "b:2"}});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.config.server.listen, "b:2");
  EXPECT_EQ(reading.config.server.data, "kept");
}

TEST(Environment, ReadsEveryTypeFromText) {
  const auto reading = read("", {{"VITANA_WORKER__SLOTS", "7"},
                                 {"VITANA_DELIVERY__ALLOW_ATTESTED_MERGE", "true"},
                                 {"VITANA_CAPS__WALL", "5m"},
                                 {"VITANA_DELIVERY__MODE", "merge"},
                                 {"VITANA_VERIFY__COMMANDS", "make test"},
                                 {"VITANA_NOTIFY__COMMAND", "[\"tell\", \"--json\"]"}});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.config.worker.slots, 7);
  EXPECT_TRUE(reading.config.delivery.allow_attested_merge);
  EXPECT_EQ(reading.config.caps.wall, 5min);
  EXPECT_EQ(reading.config.delivery.mode, domain::DeliveryMode::merge);
  EXPECT_THAT(reading.config.verify.commands, ElementsAre("make test"));
  EXPECT_THAT(reading.config.notify.command, ElementsAre("tell", "--json"));
}

TEST(Environment, FindsAgentsAndCodesWhateverTheirCase) {
  const auto reading =
      read("[agents.Fixer]\nkind = \"codex\"\n",
           {{"VITANA_AGENTS__FIXER__TIMEOUT", "1m"}, {"VITANA_RETRY__AGENT_FAILED__RUNS", "5"}});
  EXPECT_TRUE(reading.valid());
  EXPECT_EQ(reading.config.agents.at("Fixer").timeout, 1min);
  EXPECT_EQ(reading.config.retry.by_code.at(FailureCode::AGENT_FAILED).runs, 5);
}

TEST(Environment, NamesWithoutADoubleUnderscoreAreNotLookedAt) {
  EXPECT_TRUE(read("", {{"VITANA_TOKEN", "x"}, {"VITANA_RUN_ID", "y"}, {"OTHER__KEY", "z"}})
                  .diagnostics.empty());
}

TEST(Environment, AnUnknownNameIsRefusedWithASuggestion) {
  const auto reading = read("", {{"VITANA_SERVER__LISEN", "a:1"}});
  ASSERT_EQ(reading.diagnostics.size(), 1u);
  EXPECT_EQ(reading.diagnostics[0].file, "environment");
  EXPECT_THAT(reading.diagnostics[0].message, HasSubstr("VITANA_SERVER__LISEN"));
  EXPECT_THAT(reading.diagnostics[0].hint, HasSubstr("\"listen\""));
}

TEST(Environment, AnUnknownSectionIsRefusedWithItsVariable) {
  const auto reading = read("", {{"VITANA_SEVER__LISTEN", "a:1"}});
  ASSERT_EQ(reading.diagnostics.size(), 1u);
  EXPECT_THAT(reading.diagnostics[0].message, HasSubstr("VITANA_SEVER__LISTEN"));
}

TEST(Environment, RepositoriesCannotBeSet) {
  const auto reading = read("", {{"VITANA_REPOS__0__NAME", "x"}});
  EXPECT_FALSE(reading.valid());
  EXPECT_THAT(reading.diagnostics[0].message, HasSubstr("[[repos]] cannot be set"));
}

TEST(Environment, AWrongValueNamesItsVariable) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"VITANA_WORKER__SLOTS", "many"},
                                          {"VITANA_WORKER__SLOTS", "2x"},
                                          {"VITANA_DELIVERY__MODE", "mail"},
                                          {"VITANA_CAPS__WALL", "soon"},
                                          {"VITANA_SERVER__", "x"},
                                          {"VITANA_A__B__C__D", "x"},
                                          {"VITANA_SERVER__DATA", "\xff"},
                                          {"VITANA_SERVER__DATA__X", "x"},
                                          {"VITANA_VERIFY__COMMANDS", "[1, 2]"}}) {
    const auto reading = read("", {{name, value}});
    ASSERT_FALSE(reading.valid()) << name;
    EXPECT_THAT(reading.diagnostics[0].message, HasSubstr(name));
  }
}

TEST(Environment, AValueCannotSmuggleInOtherKeys) {
  const auto reading = read("", {{"VITANA_VERIFY__COMMANDS", "[]\n[worker]\nslots = 9"}});
  EXPECT_EQ(reading.config.worker.slots, 2);
}

TEST(Environment, ANameThatIsNoTextIsStillQuotedAsText) {
  const auto reading = parse_config("", {.environment = {{"VITANA_POLICY__\xB8\n", "x"}}});
  ASSERT_FALSE(reading.valid());
  EXPECT_EQ(reading.diagnostics.front().message.find_first_of("\xB8\n"), std::string::npos);
}

TEST(Environment, AnEmptyCommandIsNone) {
  const auto reading = parse_config("[agents.fixer]\ncommand = [\"x\"]\n",
                                    {.environment = {{"VITANA_AGENTS__FIXER__COMMAND", ""}}});
  ASSERT_FALSE(reading.valid());
  EXPECT_EQ(reading.diagnostics.front().rule, "CONFIG_MISSING");
}

}  // namespace
}  // namespace vitana::config
