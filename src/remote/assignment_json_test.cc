// The words between a worker and its gateway. A change here is a change of the protocol.
#include "remote/assignment_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "remote/gateway_client.h"
#include "remote/report_json.h"
#include "wire/golden.h"

namespace vitana::remote {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wire::expect_golden;
using wire::Json;
using namespace std::chrono_literals;

const Instant noon = *from_rfc3339("2026-01-25T12:00:00Z");
const std::string text =
    "# VTID-01213: Navy sidebar\n\n## Summary\n\nThe sidebar is navy.\n\n## Problem\n\nIt is red.\n\n"
    "## Acceptance Criteria\n\n- It is navy\n\n  ```check\n  grep -q navy a.css\n  ```\n";

port::Assignment assignment() {
  port::Assignment a{.run = {.id = {Vtid(1213), 2}}};
  a.run.spec_digest = Digest::of(text);
  a.run.spec_version = 3;
  a.run.repo = "hub";
  a.run.base_commit = std::string(40, 'a');
  a.run.agent = "fixer";
  a.run.created_at = noon;
  a.run.fence = 7;
  a.run.lease = domain::Lease{"wrk_1", 7, noon, noon + 30s};
  a.title = "Navy sidebar";
  a.spec_text = text;
  a.spec_path = "docs/specs/VTID-01213-sidebar.md";
  a.answer = "Navy, as in the guide.";
  a.previous = domain::Failure{FailureCode::VERIFICATION_FAILED, "AC-1 is red", "verifying", {"exit 1"},
                               {{"criterion", "AC-1"}}};
  return a;
}

Terms terms() {
  Terms t;
  t.setup = {"npm ci"};
  t.cache = {"node_modules"};
  t.commands = {"npm test"};
  t.command_timeout = 10min;
  t.protected_globs = {"vitana.toml", ".github/**"};
  t.author_name = "Ada";
  t.author_email = "ada@example.org";
  t.wall_max = 1h;
  t.agent.name = "fixer";
  t.agent.command = {"./fix", "--all"};
  t.agent.network = worker::AgentNetwork::hosts;
  t.agent.network_hosts = {"api.example.org"};
  t.agent.secrets = {"API_KEY"};
  t.agent.read = {"/home/ada/secret"};
  t.agent.exits = {{7, FailureCode::AGENT_LOGIN}};
  return t;
}

Json whole() { return assignment_json(assignment(), terms()); }

TEST(AssignmentJson, IsWrittenAsItWas) {
  expect_golden("assignment.json", wire::to_text(whole(), 2) + "\n");
  EXPECT_THAT(wire::to_text(whole()), Not(HasSubstr("/home/ada")));  // paths of the gateway's machine
}

TEST(AssignmentJson, IsReadAsItWasWritten) {
  const auto read = read_assignment(whole(), noon + 5s);
  ASSERT_TRUE(read) << to_string(read.error());
  const auto& [a, t] = *read;
  const auto was = assignment();
  EXPECT_EQ(a.run.id, was.run.id);
  EXPECT_EQ(a.run.spec_digest, was.run.spec_digest);
  EXPECT_EQ(a.run.base_commit, was.run.base_commit);
  EXPECT_EQ(a.run.created_at, noon);
  EXPECT_EQ(a.lease(), (domain::Lease{"wrk_1", 7, noon + 5s, noon + 35s}));
  EXPECT_EQ(a.spec_text, text);
  EXPECT_EQ(a.answer, was.answer);
  EXPECT_EQ(a.previous, was.previous);
  ASSERT_EQ(a.spec.criteria.size(), 1U);
  EXPECT_EQ(a.spec.criteria[0].checks[0].script, "grep -q navy a.css\n");
  EXPECT_EQ(t.agent.command, terms().agent.command);
  EXPECT_EQ(t.agent.network, worker::AgentNetwork::hosts);
  EXPECT_EQ(t.agent.exits, terms().agent.exits);
  EXPECT_THAT(t.agent.read, ::testing::IsEmpty());
  EXPECT_EQ(t.command_timeout, 10min);
  EXPECT_EQ(t.wall_max, 1h);
  EXPECT_THAT(t.protected_globs, ElementsAre("vitana.toml", ".github/**"));
}

Json to_verify() {
  auto a = assignment();
  a.step = domain::Step::verify;
  a.signed_off = {{.criterion = "AC-2", .cls = domain::CriterionClass::human, .verdict = domain::EvidenceVerdict::passed}};
  auto t = terms();
  t.agent = {};
  t.agent.name = "fixer";
  t.judging = {std::string(40, 'b'), false, domain::UnverifiedMode::human};
  return assignment_json(a, t);
}

TEST(AssignmentJson, OfAVerifyStepHasWhatIsJudged) {
  expect_golden("assignment_to_verify.json", wire::to_text(to_verify(), 2) + "\n");
  const auto read = read_assignment(to_verify(), noon);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->assignment.step, domain::Step::verify);
  EXPECT_EQ(read->assignment.run.state, domain::RunState::verifying);
  ASSERT_EQ(read->assignment.signed_off.size(), 1U);
  EXPECT_EQ(read->assignment.signed_off[0].criterion, "AC-2");
  EXPECT_EQ(read->assignment.signed_off[0].verdict, domain::EvidenceVerdict::passed);
  ASSERT_TRUE(read->terms.judging);
  EXPECT_EQ(read->terms.judging->commit, std::string(40, 'b'));
  EXPECT_FALSE(read->terms.judging->nothing_to_deliver);
  EXPECT_EQ(read->terms.judging->unverified, domain::UnverifiedMode::human);
  const std::pair<const char*, Json> bad[] = {
      {"/judging", nullptr},          {"/judging/commit", "--all"}, {"/judging/unverified", "never"},
      {"/judging/nothing_to_deliver", 1}, {"/judging/signed_off", 1},   {"/judging/signed_off", Json::array({1})},
      {"/judging/signed_off/0/met", "yes"}, {"/step", "deliver"}};
  for (const auto& [at, value] : bad) {
    auto json = to_verify();
    json[Json::json_pointer(at)] = value;
    ASSERT_FALSE(read_assignment(json, noon)) << at;
    EXPECT_EQ(read_assignment(json, noon).error().code, FailureCode::REQUEST_INVALID) << at;
  }
}

TEST(AssignmentJson, WhatANewerGatewayAddsIsPassedOver) {
  auto json = whole();
  json["later"] = 1;
  json["run"]["later"] = Json::array({1, 2});
  EXPECT_TRUE(read_assignment(json, noon));
}

TEST(AssignmentJson, AnotherTextThanTheRunsIsRefused) {
  auto json = whole();
  json["spec_text"] = text + " ";
  EXPECT_EQ(read_assignment(json, noon).error().code, FailureCode::CHECKSUM_MISMATCH);
}

TEST(AssignmentJson, EachMemberIsBounded) {
  const std::pair<const char*, Json> bad[] = {
      {"/step", "verify"},
      {"/step", 1},
      {"/run", nullptr},
      {"/run", "x"},
      {"/run/id", "../../etc"},
      {"/run/id", std::string(300, 'V')},
      {"/run/fence", 0},
      {"/run/fence", -1},
      {"/run/fence", 1.5},
      {"/run/fence", "7"},
      {"/run/fence", 18446744073709551615ULL},
      {"/run/lease_seconds", 1'000'000},
      {"/run/base_commit", "--upload-pack=x"},
      {"/run/spec_digest", "sha256:00"},
      {"/run/created_at", "yesterday"},
      {"/run/agent", "other"},
      {"/spec_text", Json::array()},
      {"/spec_text", std::string(2 << 20, 'x')},
      {"/title", std::string("a\0b", 3)},
      {"/previous", 1},
      {"/previous/code", "NO_SUCH_CODE"},
      {"/agent/command", Json::array()},
      {"/agent/command", Json::array({1})},
      {"/agent/command", "sh"},
      {"/agent/network", "everything"},
      {"/agent/secrets", Json::array({"A=B"})},
      {"/agent/timeout_seconds", -5},
      {"/agent/memory_bytes", -1},
      {"/agent/processes", 0},
      {"/agent/exits", Json{{"999", "AGENT_LOGIN"}}},
      {"/agent/exits", Json{{"7", "STORE_DAMAGED"}}},
      {"/rules/setup", Json{{"a", 1}}},
      {"/rules/author_name", "Ada <x>"},
      {"/rules/author_email", "a\nb"},
      {"/rules/command_timeout_seconds", 0},
      {"/rules/cache", Json(std::vector<std::string>(2'000, "x"))},
  };
  for (const auto& [at, value] : bad) {
    auto json = whole();
    json[Json::json_pointer(at)] = value;
    const auto read = read_assignment(json, noon);
    ASSERT_FALSE(read) << at << " " << wire::to_text(value).substr(0, 100);
    EXPECT_EQ(read.error().code, FailureCode::REQUEST_INVALID) << at;
  }
}

TEST(AssignmentJson, NothingThatIsLeftOutThrows) {
  const auto flat = whole().flatten();
  for (const auto& [at, _] : flat.items()) {
    auto json = whole();
    const Json::json_pointer pointer(at);
    if (json[pointer.parent_pointer()].is_array()) continue;
    json[pointer.parent_pointer()].erase(pointer.back());
    (void)read_assignment(json, noon).has_value();
    json = whole();
    json[pointer] = Json{{"x", Json::array({nullptr, 1, "y"})}};
    (void)read_assignment(json, noon).has_value();
  }
  for (const auto* other : {"null", "1", "[]", "\"x\"", "{}"}) {
    EXPECT_FALSE(read_assignment(Json::parse(other), noon)) << other;
  }
}

TEST(ReportJson, IsReadAsItWasWritten) {
  const domain::Executed executed{.fence = 7, .result_commit = std::string(40, 'b'), .result_tree = "t", .unsandboxed = true,
                                  .question = "which?", .workspace = "here", .usage = {1, 2, 3, 0.5}};
  expect_golden("executed.json", wire::to_text(executed_json(executed), 2) + "\n");
  const auto back = read_executed(executed_json(executed));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->result_commit, executed.result_commit);
  EXPECT_EQ(back->usage, executed.usage);
  EXPECT_EQ(back->question, "which?");
  EXPECT_TRUE(back->unsandboxed);
  EXPECT_EQ(back->result_tree, "");  // who takes it looks
  EXPECT_EQ(back->workspace, "");

  const domain::StepFailed failed{7, Error{FailureCode::AGENT_FAILED, "exit 3", {"why"}, {{"exit_code", "3"}}}};
  expect_golden("failed.json", wire::to_text(failed_json(failed), 2) + "\n");
  const auto reason = read_failed(failed_json(failed));
  ASSERT_TRUE(reason);
  EXPECT_EQ(reason->fence, 7);
  EXPECT_EQ(to_string(reason->error), to_string(failed.error));
  EXPECT_EQ(reason->error.context, failed.error.context);
  EXPECT_EQ(read_release(release_json({9}))->fence, 9);
}

TEST(ReportJson, OfAVerdictIsWhatWasSeen) {
  const std::vector<domain::Evidence> seen{
      {.criterion = "check:1", .text = "make", .verdict = domain::EvidenceVerdict::held, .exit_code = 0, .output = "fine\n"},
      {.criterion = "AC-1", .verdict = domain::EvidenceVerdict::passed, .exit_code = 0, .base_exit_code = 1},
      {.criterion = "AC-2", .verdict = domain::EvidenceVerdict::attested}};
  domain::Verified verified{.fence = 7};
  verified.deliverable.new_commit = std::string(40, 'b');
  const auto json = verified_json(verified, seen);
  expect_golden("verified.json", wire::to_text(json, 2) + "\n");
  const auto back = read_verified(json);
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(back->fence, 7);
  EXPECT_EQ(back->commit, std::string(40, 'b'));
  ASSERT_EQ(back->evidence.size(), 3U);
  EXPECT_EQ(back->evidence[0].output, "fine\n");
  EXPECT_EQ(back->evidence[1].base_exit_code, 1);
  EXPECT_EQ(back->evidence[2].exit_code, std::nullopt);
  EXPECT_EQ(back->evidence[0].text, "");  // who takes it knows

  const std::vector<domain::Evidence> large(900, {.criterion = "AC-1", .output = std::string(20'000, 'x')});
  const auto cut = verified_json(verified, large);
  EXPECT_LE(wire::to_text(cut).size(), port::verdict_bytes_max);
  EXPECT_TRUE(read_verified(cut));
  const std::pair<const char*, Json> bad[] = {
      {"/commit", "HEAD"}, {"/fence", 0}, {"/evidence", 1}, {"/evidence/0", 1}, {"/evidence/0/verdict", "fine"},
      {"/evidence/0/exit_code", 256}, {"/evidence/0/exit_code", "0"}, {"/evidence/0/criterion", nullptr},
      {"/evidence/0/output", std::string(40'000, 'x')}, {"/evidence", Json(std::vector<int>(1'001))}};
  for (const auto& [at, value] : bad) {
    auto changed = json;
    changed[Json::json_pointer(at)] = value;
    EXPECT_FALSE(read_verified(changed)) << at;
  }
}

TEST(ReportJson, WhatIsTooLongIsCutBeforeItIsSent) {
  const std::vector<std::string> causes(500, std::string(50'000, 'y'));
  const domain::StepFailed failed{1, Error{FailureCode::AGENT_FAILED, std::string(100'000, 'x'), causes,
                                           {{"output", std::string(100'000, 'z')}}}};
  EXPECT_TRUE(read_failed(failed_json(failed)));
}

TEST(ReportJson, HostileOnesAreRefused) {
  for (const auto* json : {"null", "{}", R"({"fence":0})", R"({"fence":1})", R"({"fence":1,"result_commit":"HEAD"})",
                           R"({"fence":1,"result_commit":"--all"})", R"({"fence":1e400,"result_commit":""})"}) {
    const auto parsed = Json::parse(json, nullptr, false);
    EXPECT_FALSE(read_executed(parsed)) << json;
  }
  const auto usage = [](const char* used) {
    auto json = executed_json({.fence = 1, .result_commit = std::string(40, 'b')});
    json["usage"] = Json::parse(used);
    return read_executed(json).has_value();
  };
  EXPECT_TRUE(usage(R"({"input_tokens":1,"output_tokens":1,"turns":1})"));
  EXPECT_FALSE(usage(R"({"input_tokens":-1,"output_tokens":1,"turns":1})"));
  EXPECT_FALSE(usage(R"({"input_tokens":1,"output_tokens":1,"turns":1,"cost_usd":-1})"));
  EXPECT_FALSE(usage("[]"));
  for (const auto* json : {R"({"fence":1,"code":"X"})", R"({"fence":1,"code":"AGENT_FAILED","causes":[1]})",
                           R"({"fence":1,"code":"AGENT_FAILED","context":{"a":1}})",
                           R"({"fence":1,"code":"AGENT_FAILED","context":[]})"}) {
    EXPECT_FALSE(read_failed(Json::parse(json))) << json;
  }
}

TEST(Problem, IsWhatTheGatewaySaidOrWhatItsStatusDoes) {
  EXPECT_EQ(to_string(read_problem(409, R"({"code":"LEASE_STALE","detail":"late"})")), "LEASE_STALE: late");
  EXPECT_EQ(read_problem(401, "<html>").code, FailureCode::UNAUTHENTICATED);
  EXPECT_EQ(read_problem(502, "").code, FailureCode::NETWORK_UNREACHABLE);
  EXPECT_EQ(read_problem(500, R"({"code":"NO_SUCH","detail":1})").code, FailureCode::NETWORK_UNREACHABLE);
}

TEST(GatewayUrl, IsAnAddressThatATokenMayGoTo) {
  EXPECT_EQ(*gateway_url("https://vitana.example.org/", false), "https://vitana.example.org");
  EXPECT_EQ(*gateway_url("http://127.0.0.1:8080", false), "http://127.0.0.1:8080");
  EXPECT_EQ(*gateway_url("http://[::1]:8080/x/", false), "http://[::1]:8080/x");
  EXPECT_EQ(*gateway_url("http://build.example.org", true), "http://build.example.org");
  EXPECT_EQ(gateway_url("http://build.example.org", false).error().code, FailureCode::NOT_ALLOWED);
  EXPECT_EQ(gateway_url("http://127.0.0.1.example.org", false).error().code, FailureCode::NOT_ALLOWED);
  for (const auto* url : {"", "x", "ftp://x", "https://", "https://a:b@x", "https://x?y", "https://x#y", "https://x y"}) {
    EXPECT_EQ(gateway_url(url, true).error().code, FailureCode::USAGE) << url;
  }
}

}  // namespace
}  // namespace vitana::remote
