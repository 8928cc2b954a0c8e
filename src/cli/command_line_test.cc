// Wrong command lines: each is refused with the right code and a message that names the mistake.
#include "cli/errors.h"
#include "cli/suggest.h"
#include "cli/testing.h"

namespace vitana::cli {
namespace {

using testing::CommandTest;
using ::testing::HasSubstr;

struct WrongLine {
  std::vector<std::string> arguments;
  int code;
  std::string says;
};

const WrongLine wrong_lines[] = {
    {{}, 2, "needs a command"},
    {{"tsak"}, 2, "did you mean 'task'?"},
    {{"serve", "--slots", "-1"}, 2, "--slots"},
    {{"serve", "--listen"}, 2, "--listen"},
    {{"mcp"}, 2, "there is no command 'mcp'"},
    {{"openapi"}, 2, "there is no command 'openapi'"},
    {{"move"}, 2, "there is no command 'move'"},
    {{"tokens", "create"}, 2, "--role"},
    {{"tokens", "create", "--role", "king"}, 2, "--role"},
    {{"tokens", "create", "--role", "viewer", "--repo", "nosuch"}, 1, "no repository is called 'nosuch'"},
    {{"tokens", "create", "--role", "viewer", "--expires", "soon"}, 2, "'soon' is no duration"},
    {{"tokens", "revoke", "tok_0"}, 1, "there is no token tok_0"},
    {{"worker"}, 2, "--server"},
    {{"task"}, 2, "vitana task needs a command: list"},
    {{"task", "lsit"}, 2, "did you mean 'list'?"},
    {{"task", "list", "--jsno"}, 2, "did you mean '--json'?"},
    {{"task", "list", "--status", "running"}, 2, "--status"},
    {{"task", "list", "--code", "unknown_error"}, 2, "unknown_error is no failure code"},
    {{"task", "list", "--limit", "0"}, 2, "--limit"},
    {{"task", "list", "--limit", "many"}, 2, "--limit"},
    {{"task", "list", "--repo", "nosuch"}, 1, "no repository is called 'nosuch'"},
    {{"task", "list", "--after", "7x"}, 1, "VTID_INVALID"},
    {{"task", "show"}, 2, "VTID"},
    {{"task", "show", "VTID-00001", "VTID-00002"}, 2, "VTID-00002"},
    {{"task", "show", "VTID-0526-D"}, 1, "VTID_LEGACY_FORM"},
    {{"task", "show", "VTID-00000"}, 1, "VTID_INVALID"},
    {{"task", "show", "VTID-00042"}, 1, "there is no task VTID-00042"},
    {{"task", "why", "sidebar"}, 1, "VTID_INVALID"},
    {{"task", "show", "00042"}, 1, "there is no task VTID-00042"},
    {{"run", "00042"}, 1, "there is no task VTID-00042"},
    {{"task", "show", "42"}, 1, "did you mean VTID-00042?"},
    {{"task", "show", "0"}, 1, "VTID_INVALID"},
    {{"task", "show", "0123456789"}, 1, "VTID_INVALID"},
    {{"task", "create"}, 2, "--title"},
    {{"task", "create", "--intake", "--title", "x"}, 2, "--intake"},
    {{"task", "create", "--title", "x", "--description", "/nowhere/at/all"}, 1, "/nowhere/at/all"},
    {{"task", "sign-off", "VTID-00001"}, 2, "--met and --not-met"},
    {{"task", "sign-off", "VTID-00001", "--met", "--not-met"}, 2, "--met and --not-met"},
    {{"task", "sign-off", "VTID-00001", "--not-met"}, 2, "needs --reason TEXT"},
    {{"task", "answer", "VTID-00001"}, 2, "TEXT"},
    {{"task", "answer", "VTID-00001", "  "}, 2, "the answer is empty"},
    {{"task", "log", "VTID-00001", "--run", "zero"}, 2, "--run"},
    {{"task", "log", "VTID-00042", "--json"}, 1, "there is no task VTID-00042"},
    {{"task", "approve", "VTID-00042"}, 1, "there is no task VTID-00042"},
    {{"spec"}, 2, "vitana spec needs a command: validate"},
    {{"spec", "validate"}, 2, "FILE"},
    {{"spec", "validate", ""}, 2, "FILE: it is empty"},
    {{"spec", "diff", "VTID-00042"}, 1, "commit a spec file"},
    {{"spec", "validate", "--format", "xml", "a.md"}, 2, "--format"},
    {{"spec", "validate", "/nowhere/at/all.md"}, 1, "/nowhere/at/all.md"},
    {{"spec", "adopt", "docs/**"}, 2, "--run and --done"},
    {{"spec", "adopt", "docs/**", "--run"}, 1, "no held spec matches 'docs/**'"},
    {{"spec", "register", "a.md"}, 2, "--reason"},
    {{"spec", "sync", "elsewhere"}, 1, "no repository is called 'elsewhere'"},
    {{"spec", "show", "VTID-00042"}, 1, "VTID-00042 has no registered spec"},
    {{"spec", "show", "VTID-00042", "--version", "-1"}, 2, "--version"},
    {{"spec", "draft", "edit", "one", "a.md"}, 2, "ID"},
    {{"spec", "draft", "approve", "99"}, 1, "99"},
    {{"run"}, 2, "SPEC"},
    {{"run", "/nowhere/at/all.md"}, 1, "/nowhere/at/all.md"},
    {{"run", "a.md", "--delivery", "mail"}, 2, "--delivery"},
    {{"run", "a.md", "--slots", "1"}, 2, "has no flag --slots"},
    {{"autopilot", "--slots", "0"}, 2, "--slots"},
    {{"autopilot", "--until-idel"}, 2, "did you mean '--until-idle'?"},
    {{"autopilot"}, 1, "SANDBOX_UNAVAILABLE"},
    {{"events", "--after", "-1"}, 2, "--after"},
    {{"events", "--vtid", "x"}, 1, "VTID_INVALID"},
    {{"stats", "--by", "mood"}, 2, "--by"},
    {{"stats", "--since", "yesterday"}, 2, "'yesterday' is no duration"},
    {{"controls", "set", "execution"}, 2, "STATE"},
    {{"controls", "set", "execution", "maybe", "--reason", "x"}, 2, "maybe"},
    {{"controls", "set", "execution", "on"}, 2, "--reason"},
    {{"controls", "set", "execution", "on", "--reason", ""}, 2, "--reason: it is empty"},
    {{"spec", "register", "a.md", "--reason", " "}, 2, "--reason: it is empty"},
    {{"task", "cancel", "VTID-00001", "--reason", ""}, 2, "--reason: it is empty"},
    {{"controls", "set", "teleport", "on", "--reason", "x"}, 2, "there is no control 'teleport'"},
    {{"controls", "set", "execution", "off", "--reason", "x", "--until", "2001-01-01T00:00:00Z"},
     2,
     "no time to come"},
    {{"audit", "--expect", "7"}, 2, "'7' is no anchor"},
    {{"audit", "--expect", "7:abc"}, 2, "no anchor"},
    {{"restore", "/nowhere/at/all"}, 1, "/nowhere/at/all"},
    {{"completion", "tcsh"}, 2, "tcsh"},
    {{"config", "chek"}, 2, "did you mean 'check'?"},
    {{"version", "--verbose"}, 2, "has no flag --verbose"},
};

class WrongCommandLine : public CommandTest, public ::testing::WithParamInterface<WrongLine> {};

TEST_P(WrongCommandLine, IsRefusedByName) {
  const auto outcome = run(GetParam().arguments);
  EXPECT_EQ(outcome.code, GetParam().code) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.err + outcome.out, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(Table, WrongCommandLine, ::testing::ValuesIn(wrong_lines),
                         [](const auto& line) {
                           std::string name = std::to_string(line.index);
                           for (const auto& word : line.param.arguments) {
                             name += '_';
                             for (const char c : word) {
                               if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                             }
                           }
                           return name;
                         });

class CommandLine : public CommandTest {};

TEST_F(CommandLine, AnErrorAsJsonIsDataOnStdout) {
  const auto outcome = run({"task", "show", "VTID-00042", "--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(
      outcome.out,
      HasSubstr(R"({"error":{"code":"NOT_FOUND","message":"there is no task VTID-00042","hint":)"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(CommandLine, AUsageErrorHonoursJsonToo) {
  EXPECT_THAT(run({"tsak", "--json"}).out, HasSubstr(R"("code":"USAGE")"));
}

TEST_F(CommandLine, CommonFlagsStandBeforeAndAfterTheCommand) {
  EXPECT_EQ(run({"--json", "version"}).out, run({"version", "--json"}).out);
}

TEST_F(CommandLine, HelpIsDataAndListsTheCommands) {
  const auto outcome = run({"task", "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("sign-off"));
}

TEST_F(CommandLine, HelpOfACommandNamesItWholeAndTellsNoFirstSteps) {
  const auto outcome = run({"task", "watch", "--help"});
  EXPECT_THAT(outcome.out, HasSubstr("Usage: vitana task watch [OPTIONS] VTID"));
  EXPECT_THAT(outcome.out, HasSubstr("of the task"));
  EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("First steps")));
  EXPECT_THAT(run({"--help"}).out, HasSubstr("First steps"));
}

TEST_F(CommandLine, InAFolderThatIsGoneSaysSo) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directory(folder_ / "gone");
  std::filesystem::current_path(folder_ / "gone");
  std::filesystem::remove(folder_ / "gone");
  const auto outcome = run({"doctor"});
  std::filesystem::current_path(before);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is gone"));
  EXPECT_THAT(outcome.err, HasSubstr("[FILE_UNREADABLE]"));
}

TEST_F(CommandLine, CompletionKnowsTheCommandsOfAGroup) {
  EXPECT_THAT(run({"completion", "bash"}).out, HasSubstr("\"task\") offered=\"list show"));
}

TEST(Suggest, ASwapIsOneEdit) { EXPECT_EQ(edit_distance("tsak", "task"), 1U); }

TEST(Suggest, AFarWordIsNotOffered) { EXPECT_EQ(nearest("frobnicate", {"task", "spec"}), ""); }

TEST(ExitCode, FollowsTheClass) {
  EXPECT_EQ(exit_code(FailureCode::STORE_FULL), 3);
  EXPECT_EQ(exit_code(FailureCode::REPO_UNAVAILABLE), 3);
  EXPECT_EQ(exit_code(FailureCode::APPROVAL_REQUIRED), 4);
  EXPECT_EQ(exit_code(FailureCode::SPEC_INVALID), 1);
  EXPECT_EQ(exit_code(FailureCode::USAGE), 2);
  EXPECT_EQ(exit_code(FailureCode::INTERRUPTED), 3);
}

TEST(Hint, IsFilledInOnlyWithinItsCommand) {
  const Error unknown{FailureCode::DEPENDENCY_UNKNOWN, "x"};
  EXPECT_THAT(hint_of(unknown, {.vtid = "VTID-00007"}), HasSubstr("no task has that VTID;"));
  const Error asked{FailureCode::APPROVAL_REQUIRED, "x"};
  EXPECT_EQ(hint_of(asked, {.vtid = "VTID-00007"}), "vitana task approve VTID-00007");
}

}  // namespace
}  // namespace vitana::cli
