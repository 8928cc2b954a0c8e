#include "config/repository_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace vitana::config {
namespace {

using domain::ApprovalMode;
using domain::SpecProfile;
using domain::UnverifiedMode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config of_operator() {
  return parse_config(R"(
[agents.fixer]
kind = "codex"
[agents.critic]
kind = "claude"
[worker]
agent = "fixer"
[verify]
commands = ["make test"]
unverified = "judge"
judge = "critic"
slots = 2
[policy]
approval = "required"
profile = "strict"
protect = ["db/**"]
)")
      .config;
}

RepositoryPolicy policy(std::string_view text) {
  const auto reading = parse_repository_policy(text);
  for (const auto& d : reading.diagnostics) ADD_FAILURE() << to_string(d);
  return reading.policy;
}

TEST(RepositoryPolicy, ReadsOnlyVerifyAndPolicy) {
  const auto p = policy(R"(
[server]
nonsense = 1
[agents.evil]
command = ["rm"]
[verify]
commands = ["make lint"]
[policy]
approval = "required"
)");
  EXPECT_THAT(p.verify.commands, ElementsAre("make lint"));
  EXPECT_EQ(p.rules.specs.approval, ApprovalMode::required);
}

TEST(RepositoryPolicy, AFaultInItsOwnTablesIsFound) {
  const auto reading = parse_repository_policy("[verify]\ncomands = []\n", "x/vitana.toml");
  EXPECT_FALSE(reading.valid());
  EXPECT_EQ(reading.diagnostics[0].file, "x/vitana.toml");
}

TEST(RepositoryPolicy, AFileThatIsNoTomlIsNotValid) {
  EXPECT_FALSE(parse_repository_policy("[verify\n").valid());
}

TEST(Tightened, ChecksAndProtectedPathsAreAdded) {
  const auto c = tightened(of_operator(), policy(R"(
[verify]
commands = ["make lint", "make test"]
[policy]
protect = ["infra/**"]
)"));
  EXPECT_THAT(c.verify.commands, ElementsAre("make test", "make lint"));
  EXPECT_THAT(c.policy_rules.protect, ElementsAre("db/**", "infra/**"));
}

TEST(RepositoryPolicy, TheMachinesSlotsAreNoPartOfIt) {
  EXPECT_EQ(policy("[verify]\nslots = 200\n"), policy(""));
}

TEST(Tightened, NothingIsLoosened) {
  const auto c = tightened(of_operator(), policy(R"(
[verify]
commands = []
unverified = "attest"
judge = ""
slots = 200
[policy]
approval = "auto"
profile = "standard"
protect = []
)"));
  EXPECT_EQ(c, of_operator());
}

TEST(Tightened, StricterModesHold) {
  const auto c = tightened(Config{}, policy(R"(
[verify]
unverified = "human"
[policy]
approval = "required"
profile = "strict"
)"));
  EXPECT_EQ(c.verify.unverified, UnverifiedMode::human);
  EXPECT_EQ(c.policy_rules.specs.approval, ApprovalMode::required);
  EXPECT_EQ(c.policy_rules.specs.profile, SpecProfile::strict);
}

TEST(Tightened, TheOperatorsJudgeStays) {
  Config config = of_operator();
  config.agents["other"] = {};
  const auto c = tightened(config, policy("[verify]\njudge = \"other\"\n"));
  EXPECT_EQ(c.verify.judge, "critic");
}

TEST(Tightened, AJudgeThatCannotBeLeavesItToAPerson) {
  Config config = of_operator();
  config.verify = {};
  for (const std::string name : {"unheard-of", "fixer"}) {
    const auto c =
        tightened(config, policy("[verify]\nunverified = \"judge\"\njudge = \"" + name + "\"\n"));
    EXPECT_EQ(c.verify.unverified, UnverifiedMode::human) << name;
    EXPECT_EQ(c.verify.judge, "") << name;
  }
}

TEST(Committed, WhatIsCommittedHoldsWhateverTheWorkingCopySays) {
  const auto c = committed(of_operator(), policy("[verify]\ncommands = [\"make all\"]\n"), {});
  EXPECT_THAT(c.verify.commands, ElementsAre("make all"));
  EXPECT_EQ(c.policy_rules.specs.approval, ApprovalMode::automatic);
  EXPECT_THAT(c.policy_rules.protect, IsEmpty());
  EXPECT_EQ(c.worker, of_operator().worker);
}

TEST(Committed, TheEnvironmentStillComesFirst) {
  const auto c = committed(of_operator(), policy(""), {{"VITANA_POLICY__APPROVAL", "required"}});
  EXPECT_EQ(c.policy_rules.specs.approval, ApprovalMode::required);
}

}  // namespace
}  // namespace vitana::config
