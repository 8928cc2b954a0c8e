// The shapes that users and programs read. A change here is a change of an interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "wire/diagnostic_json.h"
#include "wire/error_json.h"
#include "wire/event_json.h"
#include "wire/event_text.h"
#include "wire/golden.h"
#include "wire/task_json.h"

namespace vitana::wire {
namespace {

using namespace std::chrono_literals;
using domain::RunState;
using domain::TaskStatus;

const Instant noon = *from_rfc3339("2026-01-25T12:00:00Z");
const Vtid vtid{1213};

domain::Task task() {
  domain::Task t{.vtid = vtid};
  t.title = "Sidebar colour";
  t.status = TaskStatus::scheduled;
  t.repo = "hub";
  t.spec = domain::SpecPin{1, Digest::of("spec")};
  t.next = {domain::NextKind::gate, "the gate lets it pass and a run is allocated", std::nullopt};
  t.created_at = noon;
  t.updated_at = noon + 5s;
  return t;
}

SpecView spec() {
  domain::Provenance p;
  p.source = domain::SpecSource::git;
  p.author = "Ann <ann@example.com>";
  p.at = noon;
  p.repo = "hub";
  p.path = "docs/specs/VTID-01213-sidebar.md";
  p.commit = "c0ffee";
  p.blob = "b10b";
  return {1, Digest::of("spec"), p};
}

RunView failed_run() {
  domain::Run r{.id = {vtid, 1}};
  r.state = RunState::failed;
  r.spec_digest = Digest::of("spec");
  r.base_commit = "base1";
  r.agent = "fixer";
  r.worker = "embedded:1";
  r.started_at = noon + 1s;
  r.ended_at = noon + 2s;
  r.failure = domain::Failure{FailureCode::VERIFICATION_FAILED,
                              "AC-1 is red",
                              "verifying",
                              {"exit 1"},
                              {{"criterion", "AC-1"}}};
  domain::Evidence e{.criterion = "AC-1", .text = "the sidebar is green"};
  e.cls = domain::CriterionClass::command;
  e.verdict = domain::EvidenceVerdict::failed;
  e.exit_code = 1;
  return {r, {e}};
}

RunView completed_run() {
  domain::Run r{.id = {vtid, 2}};
  r.state = RunState::completed;
  r.spec_digest = Digest::of("spec");
  r.base_commit = "base2";
  r.agent = "fixer";
  r.worker = "embedded:1";
  r.result_commit = "result2";
  r.deliverable = domain::Deliverable{"refs/heads/main", "base2", "new2", "tree2"};
  r.started_at = noon + 3s;
  r.ended_at = noon + 4s;
  domain::Evidence human{.criterion = "AC-2", .text = "it looks right"};
  human.cls = domain::CriterionClass::none;
  human.verdict = domain::EvidenceVerdict::attested;
  return {r, {human}};
}

TEST(TaskShow, OfACompletedTask) {
  auto t = task();
  t.status = TaskStatus::completed;
  t.attempt = 2;
  t.next = {domain::NextKind::none, "", std::nullopt};
  expect_golden("task_show_completed.json",
                to_text(task_json({t, spec(), {failed_run(), completed_run()}}), 2) + "\n");
}

TEST(TaskShow, OfADraftWithoutASpec) {
  domain::Task t{.vtid = vtid};
  t.failure = domain::Failure{FailureCode::SPEC_NOT_FOUND, "no source has a spec", "draft"};
  t.next = {domain::NextKind::spec, "commit a spec file", noon + 24h};
  t.created_at = t.updated_at = noon;
  expect_golden("task_show_draft.json", to_text(task_json({t}), 2) + "\n");
}

TEST(TaskList, HasACursorWhileThereIsMore) {
  auto blocked = task();
  blocked.status = TaskStatus::blocked;
  blocked.blocked = domain::BlockReason::approval_pending;
  auto running = task();
  running.status = TaskStatus::in_progress;
  auto run = completed_run().run;
  run.state = RunState::executing;
  expect_golden("task_list.json",
                to_text(task_list_json({{blocked}, {running, run}}, "VTID-01213"), 2) + "\n");
}

TEST(TaskList, OfNothingIsAnEmptyPage) {
  EXPECT_EQ(to_text(task_list_json({}, std::nullopt)), R"({"tasks":[],"next_cursor":null})");
}

TEST(Stage, FollowsTheWayOfATask) {
  auto t = task();
  EXPECT_EQ(stage_of(t, std::nullopt), "gate");
  auto run = completed_run().run;
  EXPECT_EQ(stage_of(t, run), "gate");
  run.state = RunState::verifying;
  EXPECT_EQ(stage_of(t, run), "verifying");
  t.status = TaskStatus::draft;
  EXPECT_EQ(stage_of(t, std::nullopt), "spec");
  t.status = TaskStatus::cancelled;
  EXPECT_EQ(stage_of(t, run), "done");
}

TEST(EvidenceJson, IsWhole) {
  domain::Evidence e{.criterion = "AC-1", .text = "green"};
  e.cls = domain::CriterionClass::command;
  e.verdict = domain::EvidenceVerdict::passed;
  e.command = "make test";
  e.exit_code = 0;
  e.base_exit_code = 2;
  e.output = "ok\n";
  e.tree = "tree";
  e.at = noon;
  expect_golden("evidence.json", to_text(evidence_json(e), 2) + "\n");
}

TEST(Validation, NamesEachFileWithItsFindings) {
  const domain::Diagnostic finding{
      "SPEC_SUMMARY_MISSING", domain::Severity::error, "no summary", "b.md", 3, 1,
      "add a Summary section"};
  expect_golden(
      "spec_validate.json",
      to_text(validation_json({{"a.md", true, vtid, "Sidebar colour", Digest::of("a"), {}},
                               {"b.md", false, std::nullopt, "", Digest::of("b"), {finding}},
                               {"c.md", false}}),
              2) +
          "\n");
}

TEST(Sync, NamesEachFilesOutcome) {
  expect_golden(
      "spec_sync.json",
      to_text(sync_json({{"hub",
                          "c0ffee",
                          {{"a.md", vtid, "registered", "", Digest::of("a").to_string()},
                           {"n.md", std::nullopt, "ignored", "no headings of a spec", ""}}},
                         {"empty", ""}}),
              2) +
          "\n");
}

TEST(EventJson, IsACloudEvent) {
  EventView e;
  e.seq = 17;
  e.time = noon;
  e.type = "vtid.lifecycle.completed";
  e.status = "success";
  e.vtid = vtid;
  e.run = RunId{vtid, 2};
  e.actor = "engine";
  e.data = R"({"commit":"new2","depth":{"n":1}})";
  expect_golden("event.json", to_text(event_json(e, "store-1"), 2) + "\n");
}

TEST(EventJson, WithoutATaskHasNoSubject) {
  EventView e;
  e.data = "{}";
  const auto json = event_json(e, "s");
  EXPECT_FALSE(json.contains("subject"));
  EXPECT_FALSE(json.contains("run"));
}

TEST(EventJson, DataThatIsNoObjectIsCarriedAsText) {
  for (const std::string data : {"", "{", "[1]", "\"x\""}) {
    EventView e;
    e.data = data;
    EXPECT_EQ(event_json(e, "s")["data"], (Json{{"text", data}}));
  }
}

TEST(ErrorJson, CarriesCodeMessageAndHint) {
  expect_golden("error.json", to_text(error_json({FailureCode::SPEC_NOT_FOUND,
                                                  "no spec",
                                                  {"looked in git"},
                                                  {{"vtid", "VTID-01213"}}}),
                                      2) +
                                  "\n");
}

TEST(ToText, ABadByteBecomesAReplacementCharacter) {
  EXPECT_EQ(to_text(Json("a\xff")), "\"a\xEF\xBF\xBD\"");
}

TEST(EventText, IsOneSentenceWithWhatToDo) {
  EventView event{.seq = 7, .type = "vtid.lifecycle.failed", .status = "error", .vtid = Vtid(1213)};
  event.data = R"({"code":"AGENT_FAILED","message":"exit 3\nafter a while","for_person":{"reason":"failed","next":"vitana task retry"}})";
  EXPECT_EQ(event_text(event, "Make it blue"),
            "VTID-01213 (Make it blue): the task failed – AGENT_FAILED: exit 3 after a while. What to do: vitana task retry");
  const auto json = announcement_json(event, "store", "Make it blue");
  auto same = json;
  same.erase("text");
  EXPECT_EQ(same, event_json(event, "store"));
}

TEST(EventText, HoldsNoMentionLinkOrLineOfAnothers) {
  const EventView event{.seq = 7, .type = "vtid.lifecycle.completed", .status = "success", .vtid = Vtid(1)};
  const auto text = event_text(event, "<!channel> @all [x](http://y) `code`\n\x1b[31m" + std::string(5000, 'x'));
  for (const char* bad : {"<", "@all", "](", "`", "\n", "\x1b"}) EXPECT_EQ(text.find(bad), std::string::npos) << bad;
  EXPECT_LE(text.size(), event_text_bytes_max);
}

TEST(EventText, OfNoTaskSaysOfWhat) {
  const EventView event{.seq = 7, .type = "repo.unavailable", .status = "error", .data = R"({"repo":"shop","code":"GIT_FAILED"})"};
  EXPECT_EQ(event_text(event, ""), "shop: a repository could not be read – GIT_FAILED");
  EXPECT_EQ(event_text({.seq = 7, .type = "a.type.of.tomorrow", .status = "info", .data = "no object"}, ""), "a.type.of.tomorrow");
}

}  // namespace
}  // namespace vitana::wire
