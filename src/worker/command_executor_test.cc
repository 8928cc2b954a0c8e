#include "worker/command_executor.h"

#include <gmock/gmock.h>

#include <thread>

#include "git/tree.h"
#include "worker/bench_for_test.h"

namespace vitana::worker {
namespace {

using namespace std::chrono_literals;
using test::must;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class CommandExecutorTest : public test::WorkshopTest {
 protected:
  void expect_failure(const std::string& script, FailureCode code) {
    const auto executed = execute(script);
    ASSERT_FALSE(executed) << log();
    EXPECT_EQ(executed.error().code, code) << to_string(executed.error());
    error = executed.error();
  }
  std::string result_file(const domain::Executed& executed, const std::string& path) {
    return must(git::read_file(*rules.mirror, executed.result_tree, path, 1000)).value_or("(none)");
  }
  Error error{FailureCode::USAGE, ""};
};

TEST_F(CommandExecutorTest, ChangedFileBecomesTheResult) {
  const auto executed = execute("echo 'color: navy;' > src/sidebar.css");
  ASSERT_TRUE(executed) << to_string(executed.error());
  EXPECT_TRUE(executed->changed);
  EXPECT_FALSE(executed->unsandboxed);
  EXPECT_EQ(executed->fence, 7);
  EXPECT_EQ(result_file(*executed, "src/sidebar.css"), "color: navy;\n");
  EXPECT_EQ(must(rules.mirror->run({"rev-parse", executed->result_commit + "^{tree}"})),
            executed->result_tree + "\n");
}

TEST_F(CommandExecutorTest, AgentsOwnCommitsCountAsChange) {
  const auto executed = execute("echo x > new; git add new; git commit -qm mine");
  ASSERT_TRUE(executed) << to_string(executed.error()) << log();
  EXPECT_TRUE(executed->changed);
  EXPECT_EQ(result_file(*executed, "new"), "x\n");
}

TEST_F(CommandExecutorTest, NothingChangedIsSaid) {
  const auto executed = execute("true");
  ASSERT_TRUE(executed);
  EXPECT_FALSE(executed->changed);
}

TEST_F(CommandExecutorTest, PromptSpecAndNamesReachTheAgent) {
  const auto executed = execute(
      "cat > stdin.txt; cmp stdin.txt $VITANA_PROMPT_FILE; cp $VITANA_SPEC_FILE spec.txt; "
      "echo $VITANA_VTID $VITANA_RUN_ID > names.txt");
  ASSERT_TRUE(executed) << to_string(executed.error());
  EXPECT_EQ(result_file(*executed, "spec.txt"), "# VTID-01213: Navy sidebar\n");
  EXPECT_EQ(result_file(*executed, "names.txt"), "VTID-01213 VTID-01213.2\n");
}

TEST_F(CommandExecutorTest, OtherExitCodesAreFailuresWithTheLastWords) {
  expect_failure("echo x > new; echo 'cannot go on'; exit 3", FailureCode::AGENT_FAILED);
  EXPECT_EQ(error.context.at("exit_code"), "3");
  EXPECT_THAT(error.context.at("output"), HasSubstr("cannot go on"));
  EXPECT_TRUE(fs::exists(tree() / "new"));
}

TEST_F(CommandExecutorTest, HangingAgentIsEnded) {
  agent.timeout = 1s;
  expect_failure("sleep 100", FailureCode::AGENT_TIMEOUT);
}

TEST_F(CommandExecutorTest, SilentAgentIsEnded) {
  agent.silence = 500ms;
  expect_failure("sleep 100", FailureCode::AGENT_TIMEOUT);
  EXPECT_THAT(error.message, HasSubstr("silent"));
}

TEST_F(CommandExecutorTest, FloodOfOutputIsEnded) {
  agent.output_bytes = 1'000'000;
  expect_failure("yes", FailureCode::AGENT_OUTPUT_LIMIT);
}

TEST_F(CommandExecutorTest, MemoryIsBounded) {
  agent.memory_bytes = 60'000'000;
  expect_failure("head -c 200000000 /dev/zero | tail -c 190000000 | sleep 50",
                 FailureCode::AGENT_MEMORY_LIMIT);
}

TEST_F(CommandExecutorTest, WorkspaceIsBounded) {
  agent.disk_bytes = 2'000'000;
  expect_failure("head -c 9000000 /dev/zero > big; sleep 50", FailureCode::AGENT_DISK_LIMIT);
}

TEST_F(CommandExecutorTest, ItsPrivateFoldersAreBoundedToo) {
  agent.disk_bytes = 2'000'000;
  expect_failure("head -c 9000000 /dev/zero > /tmp/big; sleep 50", FailureCode::AGENT_DISK_LIMIT);
  expect_failure("i=0; while [ $i -lt 2000 ]; do : > $HOME/$i; i=$((i+1)); done; sleep 50",
                 FailureCode::AGENT_DISK_LIMIT);
}

TEST_F(CommandExecutorTest, FoldersThatAreTooDeepToBeCountedAreSaid) {
  expect_failure("mkdir -p $(printf 'd/%.0s' $(seq 400)); sleep 50", FailureCode::AGENT_DISK_LIMIT);
  EXPECT_THAT(error.message, HasSubstr("deep"));
}

TEST_F(CommandExecutorTest, StopEndsTheAgent) {
  std::stop_source stop;
  stop.request_stop();
  const auto executed = execute("sleep 100", stop.get_token());
  ASSERT_FALSE(executed);
  EXPECT_EQ(executed.error().code, FailureCode::CANCELLED);
}

TEST_F(CommandExecutorTest, StopEndsTheReadingOfWhatTheAgentLeft) {
  agent.disk_bytes = std::uint64_t{16} << 40;
  std::stop_source stop;
  // The agent has ended, and git reads eight terabytes.
  const std::jthread stopper([&](const std::stop_token& over) {
    while (!over.stop_requested() && log().find("ended with exit code 0") == std::string::npos) {
      std::this_thread::yield();
    }
    stop.request_stop();
  });
  const auto started = std::chrono::steady_clock::now();
  const auto executed = execute("truncate -s 8T big.bin", stop.get_token());
  ASSERT_FALSE(executed);
  EXPECT_EQ(executed.error().code, FailureCode::CANCELLED);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
}

TEST_F(CommandExecutorTest, MissingProgramIsTheOperatorsMatter) {
  agent.command = {"no-such-agent"};
  const auto executed = executor().execute(assignment(domain::Step::execute), {});
  ASSERT_FALSE(executed);
  EXPECT_EQ(executed.error().code, FailureCode::AGENT_MISSING);
}

TEST_F(CommandExecutorTest, UnknownAgent) {
  auto other = assignment(domain::Step::execute);
  other.run.agent = "nobody";
  const auto executed = executor().execute(other, {});
  ASSERT_FALSE(executed);
  EXPECT_EQ(executed.error().code, FailureCode::AGENT_UNKNOWN);
}

TEST_F(CommandExecutorTest, DataDirectoryAndUsersRepositoryAreOutOfReach) {
  git::test::write_file(temp.path() / "data/vitana.db", "ledger");
  const auto root = temp.path().string();
  const auto executed = execute("ls " + root + "/data/vitana.db " + root +
                                "/user /root/.. || true;"
                                "touch " +
                                root + "/user/x || true; echo done > done");
  ASSERT_TRUE(executed) << to_string(executed.error());
  EXPECT_THAT(log(), HasSubstr("cannot access '" + root + "/data/vitana.db'"));
  EXPECT_THAT(log(), HasSubstr("cannot access '" + root + "/user'"));
  EXPECT_FALSE(fs::exists(temp.path() / "user/x"));
}

TEST_F(CommandExecutorTest, MirrorCannotBeWritten) {
  const auto objects = rules.mirror->objects().string();
  const auto executed = execute("touch " + objects + "/x || echo refused; echo y > y");
  ASSERT_TRUE(executed);
  EXPECT_THAT(log(), HasSubstr("refused"));
}

TEST_F(CommandExecutorTest, WhatTheAgentPutIntoGitsConfigurationNeverRuns) {
  const auto mark = temp.path() / "mark";
  const auto touch = "touch " + mark.string();
  const auto executed = execute(
      "printf '#!/bin/sh\\n" + touch +
      "\\n' > hook.sh; chmod +x hook.sh;"
      "for h in pre-commit post-checkout post-index-change reference-transaction; do"
      "  mkdir -p .git/hooks; cp hook.sh .git/hooks/$h; done;"
      "git config core.fsmonitor \"$PWD/hook.sh\"; git config core.hooksPath .git/hooks;"
      "git config filter.evil.clean '" +
      touch +
      "; cat';"
      "git config filter.evil.smudge '" +
      touch +
      "; cat'; git config diff.external ./hook.sh;"
      "echo '* filter=evil diff=evil' > .gitattributes; echo 'color: navy;' > src/sidebar.css");
  ASSERT_TRUE(executed) << to_string(executed.error());
  auto next = assignment(domain::Step::verify);
  next.run.result_commit = executed->result_commit;
  const auto found = verifier().verify(next, {});
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(CommandExecutorTest, LinkOutOfTheTreeIsForbidden) {
  expect_failure("ln -s /etc/passwd leak", FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(error.context.at("path"), "leak");
}

TEST_F(CommandExecutorTest, FifoIsForbidden) {
  expect_failure("mkfifo src/pipe", FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(error.context.at("path"), "src/pipe");
}

TEST_F(CommandExecutorTest, AConfiguredExitCodeIsTheAccountsFault) {
  agent.exits = {{41, FailureCode::AGENT_LOGIN}};
  expect_failure("exit 41", FailureCode::AGENT_LOGIN);
  expect_failure("exit 42", FailureCode::AGENT_FAILED);
}

TEST_F(CommandExecutorTest, TheReportOfAFailedAgentMaySayThatItsAccountIsTheFault) {
  expect_failure("echo '{\"failure\":\"quota\"}' > $VITANA_REPORT_FILE; exit 1",
                 FailureCode::AGENT_QUOTA);
  const auto executed = execute("echo '{\"failure\":\"quota\"}' > $VITANA_REPORT_FILE; echo x > x");
  EXPECT_TRUE(executed) << "exit 0 is a result, whatever the report says";
}

TEST_F(CommandExecutorTest, SecretsAreGivenAndRedacted) {
  agent.secrets = {"API_KEY"};
  secrets = {{"fixer/API_KEY", "sk-very-secret"}, {"fixer/OTHER", "not-granted"}};
  expect_failure("echo key=$API_KEY other=$OTHER; exit 1", FailureCode::AGENT_FAILED);
  EXPECT_THAT(log(), HasSubstr("key=[secret] other=\n"));
  EXPECT_THAT(error.context.at("output"), Not(HasSubstr("sk-very-secret")));
}

TEST_F(CommandExecutorTest, SecretInTheNameOfAForbiddenFileIsNotInTheError) {
  agent.secrets = {"API_KEY"};
  secrets = {{"fixer/API_KEY", "sk-very-secret"}};
  expect_failure("ln -s /etc/$API_KEY link-$API_KEY", FailureCode::PATH_FORBIDDEN);
  EXPECT_THAT(to_string(error), HasSubstr("link-[secret]"));
  EXPECT_THAT(to_string(error), Not(HasSubstr("sk-very-secret")));
  EXPECT_EQ(error.context.at("path"), "link-[secret]");
  EXPECT_THAT(log(), Not(HasSubstr("sk-very-secret")));
}

TEST_F(CommandExecutorTest, SecretIsTheOneOfThisAgent) {
  agent.secrets = {"API_KEY"};
  secrets = {{"critic/API_KEY", "sk-of-another"}, {"fixer/API_KEY", "sk-of-the-fixer"}};
  const auto executed = execute("printf %s $API_KEY | sha256sum > seen");
  ASSERT_TRUE(executed) << to_string(executed.error());
  const auto digest = Digest::of("sk-of-the-fixer").to_string();
  EXPECT_THAT(result_file(*executed, "seen"), HasSubstr(digest.substr(digest.find(':') + 1)));
}

TEST_F(CommandExecutorTest, SecretThatIsNotThereIsSaidBeforeAnythingIsRun) {
  agent.secrets = {"API_KEY"};
  secrets = {{"critic/API_KEY", "sk-of-another"}};
  expect_failure("true", FailureCode::SECRET_MISSING);
  EXPECT_EQ(error.context.at("secret"), "API_KEY");
  EXPECT_FALSE(fs::exists(workspaces()));
  EXPECT_EQ(log(), "");
}

TEST_F(CommandExecutorTest, QuestionOfTheReportIsHandedOn) {
  const auto executed = execute("echo '{\"question\":\"which blue?\"}' > $VITANA_REPORT_FILE");
  ASSERT_TRUE(executed);
  EXPECT_EQ(executed->question, "which blue?");
}

TEST_F(CommandExecutorTest, RedBaseIsSaidBeforeTheAgentRuns) {
  rules.commands = {"grep -q color src/sidebar.css", "echo broken; false"};
  expect_failure("true", FailureCode::BASE_RED);
  EXPECT_THAT(error.context.at("output"), HasSubstr("broken"));
  EXPECT_THAT(log(), Not(HasSubstr("starts")));
}

TEST_F(CommandExecutorTest, RedBaseIsAskedAgain) {
  const auto tool = (temp.path() / "tool-of-the-machine").string();
  rules.commands = {"test -e " + tool};
  expect_failure("true", FailureCode::BASE_RED);
  expect_failure("true", FailureCode::BASE_RED);
  EXPECT_THAT(error.context.at("command"), HasSubstr("tool-of-the-machine"));
  EXPECT_TRUE(bases.commits.empty());
}

TEST_F(CommandExecutorTest, BaseChecksRunOncePerCommit) {
  rules.commands = {"true"};
  ASSERT_TRUE(execute("echo x > x"));
  rules.commands = {"false"};  // would be red if it were run again for this commit
  EXPECT_TRUE(execute("echo x > x"));
}

TEST_F(CommandExecutorTest, WhatSetupMakesIsNotTheAgentsChange) {
  rules.setup = {"echo lock >> tools/check.sh; mkdir -p deps; echo d > deps/d"};
  const auto nothing = execute("test -f deps/d");
  ASSERT_TRUE(nothing) << to_string(nothing.error());
  EXPECT_FALSE(nothing->changed);

  const auto executed = execute("echo 'color: navy;' > src/sidebar.css");
  ASSERT_TRUE(executed);
  EXPECT_TRUE(executed->changed);
  EXPECT_EQ(result_file(*executed, "deps/d"), "(none)");
  EXPECT_EQ(result_file(*executed, "tools/check.sh"), "grep -q color src/sidebar.css\n");
  EXPECT_EQ(result_file(*executed, "src/sidebar.css"), "color: navy;\n");
}

TEST_F(CommandExecutorTest, RedSetupIsItsOwnFailure) {
  rules.setup = {"echo no network; exit 9"};
  expect_failure("true", FailureCode::SETUP_FAILED);
  EXPECT_THAT(error.context.at("output"), HasSubstr("no network"));
}

TEST_F(CommandExecutorTest, PreviousFailureAndAnswerAreInThePrompt) {
  agent.command = {"/bin/sh", "-c", "cat"};
  auto again = assignment(domain::Step::execute);
  again.previous = domain::Failure{FailureCode::VERIFICATION_FAILED, "AC-2 is red", "verifying"};
  again.answer = "the dark one";
  ASSERT_TRUE(executor().execute(again, {}));
  EXPECT_THAT(log(), HasSubstr("VERIFICATION_FAILED: AC-2 is red"));
  EXPECT_THAT(log(), HasSubstr("the dark one"));
}

TEST(CommandExecutorWithoutSandbox, IsRecorded) {
  test::Workshop workshop;
  Sandbox none({.mode = domain::SandboxMode::off});
  workshop.agent.command = {"/bin/sh", "-c", "echo x > new"};
  CommandExecutor executor(none, {.agent = [&](const std::string&) { return workshop.agent; },
                                  .rules = workshop.rule_source(),
                                  .workspaces = workshop.workspaces(),
                                  .logs = workshop.temp.path() / "logs"});
  const auto executed = executor.execute(workshop.assignment(domain::Step::execute), {});
  ASSERT_TRUE(executed) << to_string(executed.error());
  EXPECT_TRUE(executed->unsandboxed);
  EXPECT_TRUE(executed->changed);
}

}  // namespace
}  // namespace vitana::worker
