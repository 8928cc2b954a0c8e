// Commands over the real engine.
#include <nlohmann/json.hpp>

#include "cli/testing.h"

namespace vitana::cli {
namespace {

using testing::CommandTest;
using testing::good_spec;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class Commands : public CommandTest {
 protected:
  std::string registered() {
    const auto file = write("docs/specs/00007-sidebar.md", good_spec);
    const auto outcome = run({"spec", "register", file, "--reason", "a test"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return file;
  }
};

TEST_F(Commands, ValidateNeedsNoConfiguration) {
  application.config_error = Error{FailureCode::NOT_FOUND, "no vitana.toml"};
  const auto file = write("docs/specs/00007-sidebar.md", good_spec);
  const auto outcome = run({"spec", "validate", "--json", file});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  const auto json = Json::parse(outcome.out);
  EXPECT_EQ(json["files"][0]["vtid"], "VTID-00007");
  EXPECT_EQ(json["files"][0]["valid"], true);
  EXPECT_EQ(json["files"][0]["digest"], Digest::of(good_spec).to_string());
}

TEST_F(Commands, ValidatePrintsFindingsAsACompilerDoes) {
  const auto file = write("docs/specs/00008-x.md", "# VTID-00008: Title\n\n## Summary\n\nTBD\n");
  const auto outcome = run({"spec", "validate", file});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr(file + ":"));
  EXPECT_THAT(outcome.out, HasSubstr(": error: "));
  EXPECT_THAT(outcome.out, HasSubstr("    hint: "));
}

TEST_F(Commands, ValidateAnnotatesForGithub) {
  const auto file = write("docs/specs/00008-x.md", "# VTID-00008: Title\n\n## Summary\n\nTBD\n");
  EXPECT_THAT(run({"spec", "validate", "--format", "github", file}).out,
              HasSubstr("::error file=" + file));
}

TEST_F(Commands, ARegisteredSpecIsAScheduledTask) {
  registered();
  const auto json = Json::parse(run({"task", "show", "VTID-00007", "--json"}).out);
  EXPECT_EQ(json["status"], "scheduled");
  EXPECT_EQ(json["spec"]["digest"], Digest::of(good_spec).to_string());
  EXPECT_EQ(json["spec"]["provenance"]["path"], "docs/specs/00007-sidebar.md");
  EXPECT_TRUE(json["failure"].is_null());
}

TEST_F(Commands, ACancelWithoutAReasonHasNoEmptyTail) {
  registered();
  run({"task", "cancel", "VTID-00007"});
  const auto shown = run({"task", "show", "VTID-00007"}).out;
  EXPECT_THAT(shown, AllOf(HasSubstr("failure: CANCELLED (while scheduled)"), Not(HasSubstr("CANCELLED: "))));
}

TEST_F(Commands, WhatNeverHadAValidSpecIsNotToBeRetriedFirst) {
  run({"task", "create", "--title", "Something vague"});
  const auto cancelled = run({"task", "cancel", "VTID-00001"}).out;
  EXPECT_THAT(cancelled, HasSubstr("it has no valid spec: its author mends it, then: vitana task retry"));
  EXPECT_THAT(run({"task", "show", "VTID-00001"}).err, HasSubstr("it has no valid spec"));
  registered();
  EXPECT_THAT(run({"task", "cancel", "VTID-00007"}).out, HasSubstr("a person: vitana task retry VTID-00007"));
}

TEST_F(Commands, AFolderIsNoSpecAndItsFilesAreNamed) {
  write("docs/specs/00007-sidebar.md", good_spec);
  const auto folder = (folder_ / "docs/specs").string();
  const auto outcome = run({"spec", "validate", folder});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("vitana spec validate " + folder + "/*.md"));
}

TEST_F(Commands, AListGoesOnWhereItsCursorStands) {
  for (const char* title : {"one", "two", "three"}) run({"task", "create", "--title", title});
  const auto first = Json::parse(run({"task", "list", "--limit", "2", "--json"}).out);
  ASSERT_EQ(first["tasks"].size(), 2U);
  const auto second = Json::parse(
      run({"task", "list", "--limit", "2", "--json", "--after", first["next_cursor"]}).out);
  ASSERT_EQ(second["tasks"].size(), 1U);
  EXPECT_TRUE(second["next_cursor"].is_null());
}

TEST_F(Commands, ATaskWithoutASpecSaysSo) {
  run({"task", "create", "--title", "Something vague"});
  const auto tasks = Json::parse(run({"task", "list", "--json", "--code", "SPEC_NOT_FOUND"}).out);
  EXPECT_EQ(tasks["tasks"].size(), 1U);
}

TEST_F(Commands, WhyNamesTheVerdictAndTheNextCommand) {
  registered();
  run({"controls", "set", "execution", "off", "--reason", "a pause"});
  const auto outcome = run({"task", "why", "VTID-00007"});
  EXPECT_THAT(outcome.out, HasSubstr("a pause [EXECUTION_PAUSED]"));
  EXPECT_THAT(outcome.err, HasSubstr("next: vitana controls set execution on"));
}

TEST_F(Commands, NoTimeIsPromisedWithoutSayingThatNoEngineRuns) {
  registered();
  const std::string said = "no engine runs: vitana run VTID-00007, or vitana autopilot";
  EXPECT_THAT(run({"task", "show", "VTID-00007"}).err, HasSubstr(said));
  EXPECT_THAT(run({"task", "why", "VTID-00007"}).err, HasSubstr(said));
  EXPECT_THAT(run({"task", "list"}).err, HasSubstr(said));
  run({"task", "cancel", "VTID-00007", "--reason", "a test"});
  EXPECT_THAT(run({"task", "retry", "VTID-00007", "--reason", "a test"}).err, HasSubstr(said));
  EXPECT_THAT(run({"task", "show", "VTID-00007", "--json"}).err, Not(HasSubstr("no engine runs")));
}

TEST_F(Commands, OfATaskThatWaitsForAPersonTheEngineIsNotSpoken) {
  application.repository->files["docs/specs/00007-sidebar.md"] = good_spec;
  run({"spec", "sync"});
  EXPECT_THAT(run({"task", "show", "VTID-00007"}).err, Not(HasSubstr("no engine runs")));
  run({"task", "cancel", "VTID-00007", "--reason", "a test"});
  EXPECT_THAT(run({"task", "list"}).err, Not(HasSubstr("no engine runs")));
}

TEST_F(Commands, AFilterThatMatchesNothingIsNoReasonForASync) {
  EXPECT_THAT(run({"task", "list"}).err, HasSubstr("vitana spec sync"));
  const auto none = run({"task", "list", "--status", "failed"}).err;
  EXPECT_THAT(none, AllOf(HasSubstr("no task matches"), HasSubstr("vitana task list"), Not(HasSubstr("spec sync"))));
}

TEST_F(Commands, TheIntakeReadsItsAnswersFromAPipe) {
  const auto outcome = run({"task", "create", "--intake", "--json"},
                           "Quiet the sidebar please\nIt is too loud to read anything.\n.\nThe "
                           "file a.css is there\ncheck: test -f a.css\n");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const auto vtid = Json::parse(outcome.out)["vtid"].get<std::string>();
  EXPECT_THAT(run({"spec", "show", vtid, "--raw"}).out, HasSubstr("test -f a.css"));
}

TEST_F(Commands, AnIntakeCutShortIsAUsageError) {
  const auto outcome = run({"task", "create", "--intake"}, "Only a title\n");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("before the description"));
}

TEST_F(Commands, ADraftIsRegisteredAfterItsValidation) {
  const auto file = write("draft.md", good_spec);
  EXPECT_EQ(run({"spec", "draft", "create", file, "--title", "Sidebar"}).code, 0);
  EXPECT_EQ(run({"spec", "draft", "approve", "1"}).code, 4);
  EXPECT_EQ(run({"spec", "draft", "validate", "1"}).code, 0);
  EXPECT_EQ(run({"spec", "draft", "approve", "1"}).code, 0);
}

TEST_F(Commands, SyncNamesEveryFileAlsoTheSecondTime) {
  application.repository->files["docs/specs/00007-sidebar.md"] = good_spec;
  application.repository->files["docs/specs/README.md"] = "Nothing but words.\n";
  const auto first = Json::parse(run({"spec", "sync", "--json"}).out);
  ASSERT_EQ(first["repos"][0]["files"].size(), 2U);
  EXPECT_EQ(first["repos"][0]["files"][0]["outcome"], "held");
  EXPECT_EQ(first["repos"][0]["files"][1]["outcome"], "ignored");
  EXPECT_EQ(run({"spec", "sync", "--json"}).out, run({"spec", "sync", "--json"}).out);
}

TEST_F(Commands, AdoptingReleasesWhatWasHeld) {
  application.repository->files["docs/specs/00007-sidebar.md"] = good_spec;
  run({"spec", "sync"});
  EXPECT_EQ(run({"spec", "adopt", "docs/specs/**", "--run"}).code, 0);
  EXPECT_EQ(Json::parse(run({"task", "show", "VTID-00007", "--json"}).out)["status"], "scheduled");
  EXPECT_THAT(run({"spec", "sync", "--json"}).out, HasSubstr("unchanged"));
}

TEST_F(Commands, AdoptingNamesWhatIsInConflictAndLeavesIt) {
  auto& files = application.repository->files;
  files["docs/specs/00007-a.md"] = good_spec;
  files["docs/specs/00007-b.md"] = std::string(good_spec) + "- It is quiet.\n";
  run({"spec", "sync"});
  const auto none = run({"spec", "adopt", "docs/specs/**", "--run"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, AllOf(HasSubstr("VTID-00007"), HasSubstr("docs/specs/00007-b.md"), HasSubstr("--resolve")));
}

TEST_F(Commands, AdoptingGoesOnPastAConflict) {
  auto& files = application.repository->files;
  files["docs/specs/00007-a.md"] = good_spec;
  files["docs/specs/00007-b.md"] = std::string(good_spec) + "- It is quiet.\n";
  files["docs/specs/00009-c.md"] = "# VTID-00009: Menu" + std::string(good_spec).substr(30);
  run({"spec", "sync"});
  const auto adopted = run({"spec", "adopt", "**", "--run", "--json"});
  EXPECT_EQ(adopted.code, 0);
  const auto tasks = Json::parse(adopted.out)["tasks"];
  ASSERT_EQ(tasks.size(), 1U) << adopted.out;
  EXPECT_EQ(tasks[0]["vtid"], "VTID-00009");
  EXPECT_THAT(adopted.err, AllOf(HasSubstr("VTID-00007"), HasSubstr("--resolve")));
}

TEST_F(Commands, ABadAnswerOfTheIntakeIsToBeGivenAgain) {
  const auto empty = run({"task", "create", "--intake"}, "\n");
  EXPECT_THAT(empty.err, AllOf(HasSubstr("title"), HasSubstr("vitana task create --intake"), Not(HasSubstr("FILE"))));
  const auto placeholder = run({"task", "create", "--intake"}, "A quieter sidebar\nIt is loud.\n.\nTBD\n.\n");
  EXPECT_EQ(placeholder.code, 1);
  EXPECT_THAT(placeholder.err, AllOf(HasSubstr("## Acceptance Criteria"), HasSubstr("vitana task create --intake"),
                                     Not(HasSubstr("FILE"))));
}

TEST_F(Commands, EventsAreOneCloudEventALine) {
  registered();
  const auto outcome = run({"events", "--json", "--type", "vtid.spec.*"});
  const auto json = Json::parse(outcome.out);
  EXPECT_EQ(json["specversion"], "1.0");
  EXPECT_EQ(json["subject"], "VTID-00007");
}

TEST_F(Commands, AuditGivesAnAnchorThatItAccepts) {
  registered();
  auto anchor = run({"audit"}).out;
  anchor.pop_back();
  EXPECT_EQ(run({"audit", "--expect", anchor}).code, 0);
}

TEST_F(Commands, InitOverwritesNothing) {
  write("vitana.toml", "# mine\n");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  const auto outcome = run({"init"});
  std::filesystem::current_path(before);
  EXPECT_EQ(outcome.code, 4);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "docs"));
}

TEST_F(Commands, TheFirstSpecIsValid) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  EXPECT_EQ(run({"init"}).code, 0);
  const auto outcome = run({"spec", "validate", "--strict", "docs/specs/00001-first-task.md"});
  std::filesystem::current_path(before);
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("VTID-00001, 2 criteria"));
}

TEST_F(Commands, ValidateNamesTheCriteriaThatWereTaken) {
  const auto file = write("docs/specs/00008-x.md",
                          "# VTID-00008: Title\n\n## Summary\n\nThe page becomes blue.\n\n## Acceptance Criteria\n\n"
                          "- it is blue\n\n  ```check\n  true\n  ```\n- [human] it is fine\n- it is " +
                              std::string(200, 'x') + "\n");
  const auto out = run({"spec", "validate", file}).out;
  EXPECT_THAT(out, HasSubstr("3 criteria, 1 with a check\n  AC-1  it is blue  [check]\n  AC-2  it is fine  [human]\n"));
  EXPECT_THAT(out, ::testing::Not(HasSubstr(std::string(100, 'x'))));
  EXPECT_THAT(run({"spec", "validate", file, file}).out, ::testing::Not(HasSubstr("AC-1")));
}

TEST_F(Commands, RunRefusesAnInvalidFileBeforeAnythingIsStored) {
  const auto file = write("docs/specs/00008-x.md", "# VTID-00008: Title\n\n## Summary\n\nTBD\n");
  const auto outcome = run({"run", file});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("SPEC_INVALID"));
  EXPECT_EQ(Json::parse(run({"task", "list", "--json"}).out)["tasks"].size(), 0U);
}

TEST_F(Commands, RunWithoutAnAgentSaysHowToGetOne) {
  application.agents.clear();
  const auto outcome = run({"run", write("docs/specs/00007-sidebar.md", good_spec)});
  EXPECT_THAT(outcome.err, HasSubstr("no agent is configured"));
}

TEST_F(Commands, RunOutsideOfARepositoryAsksForOne) {
  std::filesystem::remove_all(folder_ / ".git");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  const auto outcome = run({"run", write("x.md", good_spec)});
  std::filesystem::current_path(before);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--repo DIR"));
}

TEST_F(Commands, RunRegistersAnUncommittedFileAsTheSameOrigin) {
  const auto file = write("docs/specs/00007-sidebar.md", good_spec);
  EXPECT_EQ(run({"run", file}).code, 1);  // there is no sandbox here
  const auto spec = Json::parse(run({"task", "show", "VTID-00007", "--json"}).out)["spec"];
  EXPECT_EQ(spec["source"], "manual");
  EXPECT_EQ(spec["provenance"]["path"], "docs/specs/00007-sidebar.md");
}

TEST_F(Commands, RunTakesACommittedFileAsGitHasItAndAdoptsIt) {
  application.repository->files["docs/specs/00007-sidebar.md"] = good_spec;
  run({"run", write("docs/specs/00007-sidebar.md", good_spec)});
  const auto task = Json::parse(run({"task", "show", "VTID-00007", "--json"}).out);
  EXPECT_EQ(task["spec"]["source"], "git");
  EXPECT_EQ(task["status"], "scheduled");
}

TEST_F(Commands, StoredTextCannotMoveTheCursor) {
  run({"task", "create", "--title", "evil\x1b[2Jtitle"});
  EXPECT_THAT(run({"task", "list"}).out, ::testing::Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace vitana::cli
