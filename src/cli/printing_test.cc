// Printed text, whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

#include "cli/errors.h"
#include "cli/event_line.h"
#include "cli/sync_report.h"
#include "cli/task_text.h"
#include "cli/text_diff.h"
#include "cli/waiting.h"
#include "domain/retry.h"

namespace vitana::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const Instant noon = *from_rfc3339("2026-01-25T12:00:00Z");

store::EvidenceRow judged(const std::string& id, domain::EvidenceVerdict verdict) {
  return {{Vtid(7), 1}, 1, {id, "text of " + id, domain::CriterionClass::command, verdict}};
}

TaskView running_task() {
  TaskView view{domain::Task{.vtid = Vtid(7)}, std::nullopt, {}, noon};
  view.task.title = "A quieter sidebar";
  view.task.status = domain::TaskStatus::in_progress;
  view.task.repo = "hub";
  view.task.next = {domain::NextKind::worker, "the agent ends, or its time is up", noon + 20min};
  view.task.updated_at = noon - 90s;
  domain::Run run{.id = {Vtid(7), 1}};
  run.state = domain::RunState::executing;
  run.agent = "fixer";
  run.created_at = noon - 2min;
  view.runs.push_back(
      {run, {}, {{"pending_pickup", noon - 2min, noon - 90s}, {"executing", noon - 90s, {}}}});
  return view;
}

TEST(TaskText, SaysStateTimeAndWhatComesNext) {
  EXPECT_EQ(task_text(running_task(), {}),
            "VTID-00007  A quieter sidebar\n"
            "  status:  in_progress, executing for 1 min 30 s\n"
            "  next:    worker: the agent ends, or its time is up (at the latest in 20 min 0 s)\n"
            "  repo:    hub\n"
            "  spec:    none\n"
            "  changed: 1 min 30 s ago\n"
            "runs\n"
            "  VTID-00007.1  executing  2 min 0 s  agent fixer\n"
            "      pending_pickup 30.0 s, executing 1 min 30 s\n");
}

TEST(TaskText, AttestedIsNeverCalledVerified) {
  const std::vector<store::EvidenceRow> rows = {judged("AC-1", domain::EvidenceVerdict::passed),
                                                judged("AC-2", domain::EvidenceVerdict::attested),
                                                judged("AC-3", domain::EvidenceVerdict::vacuous)};
  EXPECT_EQ(tally_text(view::tally(rows)), "1 of 3 verified, 1 attested, 1 vacuous");
}

TEST(TaskText, TheRepositorysOwnChecksAreNoCriteria) {
  EXPECT_EQ(tally_text(view::tally({judged("check:1", domain::EvidenceVerdict::held)})),
            "0 of 0 verified");
}

TEST(TaskText, ALaterRoundReplacesAnEarlierJudgement) {
  auto again = judged("AC-1", domain::EvidenceVerdict::passed);
  again.round = 2;
  const auto rows = view::newest_evidence({judged("AC-1", domain::EvidenceVerdict::failed), again});
  EXPECT_EQ(evidence_text(rows, {}, false), "  + passed   AC-1  text of AC-1\n");
}

TEST(WhyText, ListsTheVerdictsInTheirOrder) {
  auto view = running_task();
  view.task.status = domain::TaskStatus::blocked;
  view.task.blocked = domain::BlockReason::approval_pending;
  view.task.next = {domain::NextKind::person, "task approve", {}};
  view.runs.clear();
  engine::Why why{view.task,
                  {},
                  domain::GatePoint::dispatch,
                  {{"spec", true, {}, "version 1"},
                   {"permission", false, FailureCode::APPROVAL_REQUIRED,
                    "execution needs: vitana task approve"}}};
  EXPECT_EQ(why_text(why, view, {.unicode = true}),
            "VTID-00007  A quieter sidebar\n"
            "  status: blocked: approval_pending\n"
            "  stage:  gate\n"
            "  next:   person: task approve\n"
            "the gate at dispatch\n"
            "  ✓ spec: version 1\n"
            "  ✗ permission: execution needs: vitana task approve [APPROVAL_REQUIRED]\n");
}

TEST(WhyText, ShowsWhatTheFailedProgramPrinted) {
  auto view = running_task();
  view.runs.clear();
  view.task.failure = domain::Failure{
      FailureCode::BASE_RED, "make test ended with 2", "executing", {}, {{"output", "a\nb\n"}}};
  const engine::Why why{view.task, {}, domain::GatePoint::dispatch, {}};
  EXPECT_THAT(why_text(why, view, {}), HasSubstr("  last failure: BASE_RED: make test ended with 2\n"
                                                 "  its output:\n    | a\n    | b\n"));
}

TEST(NextText, NamesTheTaskInTheHintOfWhatHoldsIt) {
  auto view = running_task();
  view.held = domain::GateVerdict{"state of the repository", false, FailureCode::BASE_RED, "make test ended with 2"};
  EXPECT_THAT(next_text(view), HasSubstr("what they print: vitana task why VTID-00007"));
}

TEST(NextText, OfAnEndedTaskIsWhatItsNoticeSays) {
  auto view = running_task();
  view.task.status = domain::TaskStatus::failed;
  view.task.next = {domain::NextKind::none, "", {}};
  view.task.failure = domain::Failure{FailureCode::AGENT_FAILED, "exit 2", "executing"};
  EXPECT_EQ(next_text(view), "nothing by itself; a person: " + domain::way_on(view.task));
}

TaskView blocked_task(domain::BlockReason reason) {
  auto view = running_task();
  view.task.status = domain::TaskStatus::blocked;
  view.task.blocked = reason;
  return view;
}

TEST(WaitingText, NamesTheCriteriaThatAreLeftToAPerson) {
  auto view = blocked_task(domain::BlockReason::sign_off);
  view.runs.back().evidence = {judged("AC-1", domain::EvidenceVerdict::passed),
                               judged("AC-2", domain::EvidenceVerdict::skipped)};
  const auto wait = waiting(view);
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->what, "VTID-00007 waits for a person who judges AC-2");
  EXPECT_EQ(wait->next, "vitana task diff VTID-00007, then: vitana task sign-off VTID-00007 --met, or --not-met "
                        "--reason TEXT, then: vitana run VTID-00007");
}

TEST(WaitingText, NamesTheTaskThatIsWaitedFor) {
  auto view = blocked_task(domain::BlockReason::dependency_failed);
  view.dependencies = {{Vtid(3), domain::TaskStatus::completed}, {Vtid(5), domain::TaskStatus::failed}};
  const auto wait = waiting(view);
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->what, "VTID-00007 waits for what it depends on: VTID-00005 failed");
  EXPECT_EQ(wait->next, "vitana task why VTID-00005");
}

TEST(WaitingText, AFaultIsNoWait) {
  EXPECT_FALSE(waiting(blocked_task(domain::BlockReason::spec_conflict)));
  EXPECT_FALSE(waiting(blocked_task(domain::BlockReason::quarantined)));
  EXPECT_FALSE(waiting(running_task()));
}

TEST(TaskText, ALongQuestionIsCut) {
  auto view = running_task();
  view.task.failure = domain::Failure{FailureCode::AGENT_QUESTION, std::string(90'000, 'q'), "executing"};
  const auto text = task_text(view, {});
  EXPECT_LT(text.size(), 5'000U);
  EXPECT_THAT(text, HasSubstr("qqq ... (90000 bytes; all of it: --json)"));
}

engine::RepoSync forty_held() {
  engine::RepoSync report{"hub", "0123456789abcdef", true, {}};
  for (std::uint32_t i = 1; i <= 40; ++i) {
    report.files.push_back(
        {"docs/specs/" + std::to_string(i) + ".md", Vtid(i), "held", "was there before", ""});
  }
  report.files.push_back(
      {"docs/specs/x.md", std::nullopt, "invalid", "SPEC_SUMMARY_MISSING: no summary", ""});
  return report;
}

TEST(SyncText, FitsOnASmallTerminalAndPutsTheWorstFirst) {
  Terminal terminal{.out_is_terminal = true, .width = 60, .height = 24};
  const auto text = sync_text(forty_held(), terminal);
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 24);
  EXPECT_THAT(text, HasSubstr("hub at 0123456789ab: 1 invalid, 40 held\n"));
  EXPECT_LT(text.find("docs/specs/x.md"), text.find("docs/specs/1.md"));
  EXPECT_THAT(text, HasSubstr("and 23 more; all of them: vitana spec sync --json\n"));
  EXPECT_THAT(text, HasSubstr("next: vitana spec validate docs/specs/x.md\n"));
}

TEST(SyncText, AtFirstContactEveryFileIsNamed) {
  Terminal terminal{.out_is_terminal = true, .width = 60, .height = 24};
  const auto text = sync_text(forty_held(), terminal, first_contact_rows_max);
  EXPECT_THAT(text, HasSubstr("docs/specs/40.md"));
  EXPECT_THAT(text, Not(HasSubstr("more; all of them")));
  EXPECT_THAT(sync_text(forty_held(), terminal, 40), HasSubstr("and 23 more"));
}

TEST(SyncText, TheNextCommandCanBePasted) {
  const engine::RepoSync report{
      "hub", "0123456789abcdef", true, {{"b/task-3 - It's.md", std::nullopt, "invalid", "x", ""}}};
  EXPECT_THAT(sync_text(report, {}), HasSubstr("next: vitana spec validate 'b/task-3 - It'\\''s.md'\n"));
}

TEST(SyncText, ARegisteredFileWithAWarningIsShown) {
  const engine::RepoSync report{
      "hub", "0123456789abcdef", true, {{"a.md", Vtid(1), "registered", "SPEC_DEPENDENCY_UNKNOWN: x", ""}}};
  EXPECT_THAT(sync_text(report, {}), HasSubstr("SPEC_DEPENDENCY_UNKNOWN"));
}

TEST(SyncText, OnlyCountsWhereNobodyIsNeeded) {
  const engine::RepoSync report{
      "hub", "0123456789abcdef", true, {{"a.md", Vtid(1), "registered", "", ""}}};
  EXPECT_EQ(sync_text(report, {}), "hub at 0123456789ab: 1 registered\n");
}

TEST(Table, CutsTheLastColumnOnATerminalOnly) {
  Table table({"A", "B"});
  const std::string words = "a long text\n" + std::string(60, 'x');
  table.add({"1", words});
  EXPECT_EQ(table.text({.out_is_terminal = true, .unicode = true, .width = 60}),
            "A  B\n1  a long text " + std::string(44, 'x') + "…\n");
  EXPECT_EQ(table.text({}), "A  B\n1  a long text " + std::string(60, 'x') + "\n");
}

TEST(Table, WhoseLastColumnWouldHardlyBeSeenIsCutNowhere) {
  Table table({"A", "B"});
  table.add({std::string(50, 'a'), "what the row is about"});
  EXPECT_THAT(table.text({.out_is_terminal = true, .unicode = true, .width = 64}), HasSubstr("what the row is about"));
}

TEST(Table, OnANarrowTerminalNothingIsCut) {
  Table table({"A", "B"});
  table.add({"1", std::string(60, 'x')});
  EXPECT_THAT(table.text({.out_is_terminal = true, .unicode = true, .width = 40}),
              HasSubstr(std::string(60, 'x')));
}

TEST(Fit, CountsCharactersNotBytes) {
  EXPECT_EQ(fit("äöü", 3, {.unicode = true}), "äöü");
  EXPECT_EQ(fit("äöüß", 3, {.unicode = true}), "äö…");
}

TEST(EventLine, ShowsTheCodeAndKeepsToOneLine) {
  const store::StoredEvent event{3,
                                 noon,
                                 "autopilot.state.failed",
                                 "error",
                                 Vtid(7),
                                 RunId{Vtid(7), 2},
                                 "engine",
                                 R"({"code":"AGENT_FAILED","message":"exit 1\nbye"})",
                                 {}};
  EXPECT_EQ(event_line(event, false),
            "12:00:00  VTID-00007.2  autopilot.state.failed  AGENT_FAILED  exit 1 bye\n");
}

TEST(EventLine, AnyDataIsSurvived) {
  store::StoredEvent event{3, noon, "x", "info", {}, {}, "engine", "[1", {}};
  EXPECT_EQ(event_line(event, false), "12:00:00  -             x\n");
}

TEST(ErrorText, SaysWhatWhyAndTheNextCommand) {
  const Error error{FailureCode::STORE_TOO_OLD,
                    "the store has schema 1",
                    {"table x is missing"},
                    {{"data", "/d"}}};
  EXPECT_EQ(error_text(error, {}),
            "error: the store has schema 1 [STORE_TOO_OLD]\n"
            "  data: /d\n"
            "  because: table x is missing\n"
            "  next: vitana migrate\n");
}

TEST(Diff, ShowsChangedLinesWithTheirSurroundings) {
  EXPECT_EQ(unified_diff("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", "old", "new"),
            "--- old\n+++ new\n@@ -1,5 +1,5 @@\n a\n b\n-c\n+X\n d\n e\n");
}

TEST(Diff, KeepsFarChangesInHunksOfTheirOwn) {
  std::string before;
  for (int i = 1; i <= 30; ++i) before += std::to_string(i) + "\n";
  std::string after = before;
  after.replace(after.find("2\n"), 1, "two");
  after.replace(after.find("28\n"), 2, "x");
  const auto text = unified_diff(before, after, "old", "new");
  EXPECT_THAT(text, HasSubstr("@@ -1,5 +1,5 @@\n"));
  EXPECT_THAT(text, HasSubstr("@@ -25,6 +25,6 @@\n"));
  EXPECT_THAT(text, Not(HasSubstr(" 15\n")));
}

TEST(Diff, EqualTextsHaveNone) { EXPECT_EQ(unified_diff("a\n", "a\n", "old", "new"), ""); }

TEST(Wrapped, BreaksBetweenWordsAndIndents) {
  EXPECT_EQ(wrapped("  next: a person looks at it and decides\nshort\n", 20),
            "  next: a person\n      looks at it\n      and decides\nshort\n");
}

TEST(Wrapped, AWordThatIsTooLongStaysWhole) {
  const std::string word(50, 'x');
  EXPECT_EQ(wrapped("see " + word + " there", 20), "see\n    " + word + "\n    there\n");
}

TEST(Wrapped, BlankAndEmptyLinesStay) { EXPECT_EQ(wrapped("a\n\nb\n", 20), "a\n\nb\n"); }

TEST(Table, OneLongCellDoesNotPushTheOthersAway) {
  Table table({"A", "B"});
  table.add({std::string(500, 'x'), "1"});
  table.add({"y", "2"});
  const auto text = table.text({});
  EXPECT_THAT(text, HasSubstr(std::string(500, 'x') + "  1\n"));
  EXPECT_THAT(text, HasSubstr("\ny" + std::string(61, ' ') + "2\n"));
}

TEST(Console, WhatStdoutDidNotTakeIsKnown) {
  std::istringstream in;
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  {
    Console console(full, stderr, in, {});
    console.print("words\n");
    EXPECT_FALSE(console.lost().has_value());
    console.flush();
    EXPECT_EQ(console.lost(), "No space left on device");
  }
  std::fclose(full);
}

}  // namespace
}  // namespace vitana::cli
