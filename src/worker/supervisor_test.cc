#include "worker/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "process/child.h"
#include "worker/process_tree.h"
#include "worker/supervisor_wire.h"

namespace vitana::worker {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

SupervisedCommand shell(std::string script) {
  SupervisedCommand command;
  command.argv = {"/bin/sh", "-c", std::move(script)};
  command.environment = {{"PATH", "/usr/bin:/bin"}};
  command.limits.wall = 30s;
  command.limits.grace = 300ms;
  return command;
}

struct Outcome {
  Result<SupervisedExit> exit;
  std::string output;
};

Outcome run(const SupervisedCommand& command, std::stop_token stop = {}) {
  std::string output;
  auto exit = supervise(command, stop, [&](std::string_view text) { output += text; });
  return {std::move(exit), std::move(output)};
}

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// Stops the run as soon as its output holds a line, and gives that line.
Outcome stop_at_first_line(const SupervisedCommand& command) {
  std::stop_source stop;
  std::string output;
  auto exit = supervise(command, stop.get_token(), [&](std::string_view text) {
    output += text;
    if (output.find('\n') != output.npos) stop.request_stop();
  });
  return {std::move(exit), std::move(output)};
}

TEST(Supervisor, RelaysOutputInputAndExitCode) {
  auto command = shell("cat; echo err >&2; exit 7");
  command.input = "hello\n";
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit) << to_string(exit.error());
  EXPECT_EQ(exit->cause, EndCause::exited);
  EXPECT_EQ(exit->exit_code, 7);
  EXPECT_THAT(output, HasSubstr("hello"));
  EXPECT_THAT(output, HasSubstr("err"));
}

TEST(Supervisor, TellsTheSignalThatEndedTheProgram) {
  const auto [exit, output] = run(shell("kill -SEGV $$"));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit_code, -1);
  EXPECT_EQ(exit->signal, SIGSEGV);
}

TEST(Supervisor, ProgramThatIsNotThereIsAnError) {
  SupervisedCommand command;
  command.argv = {"/nowhere/agent"};
  const auto [exit, output] = run(command);
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().code, FailureCode::PROGRAM_FAILED);
}

TEST(Supervisor, WallEndsAProgramThatIgnoresTerm) {
  auto command = shell("trap '' TERM; while :; do sleep 0.05; done");
  command.limits.wall = 200ms;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::wall);
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(Supervisor, TermComesFirstSoThatAProgramCanTidyUp) {
  auto command = shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
  command.limits.wall = 300ms;
  command.limits.grace = 10s;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::wall);
  EXPECT_THAT(output, HasSubstr("bye"));
}

TEST(Supervisor, SilenceIsItsOwnCause) {
  auto command = shell("echo start; sleep 60");
  command.limits.silence = 300ms;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::silence);
}

TEST(Supervisor, OutputBeyondTheLimitEndsTheProgramAndIsNotRelayed) {
  auto command = shell("yes");
  command.limits.output_bytes = 100'000;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::output);
  EXPECT_EQ(output.size(), 100'000U);
}

TEST(Supervisor, MemoryOfTheWholeTreeIsBounded) {
  auto command = shell("head -c 120000000 /dev/zero | tail -c 110000000 | sleep 60");
  command.limits.memory_bytes = 50'000'000;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::memory);
  EXPECT_GT(exit->memory_peak, 50'000'000U);
}

TEST(Supervisor, MemoryThatForkedProcessesShareIsCountedOnce) {
  if (::access("/usr/bin/perl", X_OK) != 0) GTEST_SKIP() << "NO PERL HERE, NOT TESTED";
  auto command = shell("");
  command.argv = {"/usr/bin/perl", "-e",
                  "my $x = 'x' x 30_000_000; for (1..5) { fork or do { sleep 1; exit } } sleep 1"};
  command.limits.memory_bytes = 100'000'000;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::exited);
  EXPECT_GT(exit->memory_peak, 100'000'000U);
}

TEST(Supervisor, NumberOfProcessesIsBounded) {
  auto command = shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; wait");
  command.limits.processes = 5;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::processes);
}

// It ends by itself at two thousand, should nobody else end it.
TEST(Supervisor, ProcessesThatForkAsFastAsTheyCanAreCountedInTime) {
  auto command = shell("bomb() { [ $1 = 0 ] || { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; sleep 20; }; bomb 10");
  command.limits.processes = 50;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::processes);
}

TEST(Supervisor, DiskBelowTheWorkspaceIsBounded) {
  char name[] = "/tmp/vitana-disk-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  auto command = shell("head -c 3000000 /dev/zero > big; sleep 60");
  command.cwd = name;
  command.limits.disk_root = name;
  command.limits.disk_bytes = 1'000'000;
  const auto [exit, output] = run(command);
  std::filesystem::remove_all(name);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::disk);
}

TEST(Supervisor, DeletedFileThatIsStillOpenCountsAsDisk) {
  char name[] = "/tmp/vitana-disk-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  auto command = shell("exec 3> big; rm big; head -c 3000000 /dev/zero >&3; sleep 60");
  command.cwd = name;
  command.limits.disk_root = name;
  command.limits.disk_bytes = 1'000'000;
  const auto [exit, output] = run(command);
  std::filesystem::remove_all(name);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::disk);
}

TEST(Supervisor, FileInMemoryThatNobodyMapsCountsAsMemory) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "NO PYTHON HERE, NOT TESTED";
  auto command = shell("");
  command.argv = {"/usr/bin/python3", "-c",
                  "import os, time\nf = os.memfd_create('x')\n"
                  "for _ in range(200): os.write(f, bytes(1_000_000))\ntime.sleep(60)"};
  command.limits.memory_bytes = 100'000'000;
  const auto [exit, output] = run(command);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::memory);
}

TEST(Supervisor, GrandchildInASessionOfItsOwnIsDeadAfterwards) {
  const auto [exit, output] =
      run(shell("setsid sh -c 'sleep 300 & echo $!' </dev/null & wait; exit 0"));
  ASSERT_TRUE(exit);
  const pid_t escaped = std::atoi(output.c_str());
  ASSERT_GT(escaped, 1);
  EXPECT_FALSE(alive(escaped));
}

TEST(Supervisor, StopEndsTheTreeWithinTwoSeconds) {
  auto command =
      shell("trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done'");
  command.limits.grace = 2s;
  std::stop_source stop;
  std::string output;
  steady_clock::time_point asked;
  const auto exit = supervise(command, stop.get_token(), [&](std::string_view text) {
    output += text;
    asked = steady_clock::now();
    stop.request_stop();
  });
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::stopped);
  EXPECT_LT(steady_clock::now() - asked, 2s);
  EXPECT_FALSE(alive(std::atoi(output.c_str())));
}

TEST(Supervisor, StopBeforeTheStartEndsAtOnce) {
  std::stop_source stop;
  stop.request_stop();
  const auto [exit, output] = run(shell("sleep 60"), stop.get_token());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::stopped);
}

TEST(Supervisor, EngineThatIsGoneTakesTheWholeTreeWithIt) {
  auto child = process::Child::start({.argv = {"/proc/self/exe", std::string(supervise_argument)},
                                      .cwd = "/",
                                      .environment = {},
                                      .input = process::Input::connected,
                                      .input_text = {}});
  ASSERT_TRUE(child);
  const auto request = wire::pack(shell("setsid sh -c 'sleep 300 & echo $!; wait' & wait"));
  const auto soon = steady_clock::now() + 5s;
  ASSERT_TRUE(child->write(wire::frame(wire::FrameKind::request, request), soon));
  std::string answer;
  while (answer.find('\n') == answer.npos && steady_clock::now() < soon) {
    char byte = 0;
    if (::read(child->out().get(), &byte, 1) == 1) answer += byte;
  }
  const pid_t escaped = std::atoi(answer.c_str() + wire::frame_header);
  ASSERT_GT(escaped, 1);
  ASSERT_TRUE(alive(escaped));

  child->close_input();
  child->out().reset();
  const auto until = steady_clock::now() + 5s;
  while (alive(escaped) && steady_clock::now() < until) std::this_thread::yield();
  EXPECT_FALSE(alive(escaped));
}

TEST(Supervisor, BackgroundProcessesDoNotHoldTheEndBack) {
  const auto begun = steady_clock::now();
  const auto [exit, output] = stop_at_first_line(shell("sleep 300 & exit 0"));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, EndCause::exited);
  EXPECT_LT(steady_clock::now() - begun, 5s);
}

}  // namespace
}  // namespace vitana::worker
