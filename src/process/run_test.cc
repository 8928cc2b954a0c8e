#include "process/run.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <thread>
#include <vector>

#include "process/fd.h"

namespace vitana::process {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

RunRequest shell(std::string script) {
  RunRequest request;
  request.argv = {"sh", "-c", std::move(script)};
  request.environment = {{"PATH", "/usr/bin:/bin"}};
  request.deadline = 30s;
  return request;
}

RunOutput run_or_die(const RunRequest& request) {
  auto output = run(request);
  if (!output) throw std::runtime_error(to_string(output.error()));
  return std::move(*output);
}

bool gone(const std::string& pid) { return ::kill(std::stoi(pid), 0) == -1; }

TEST(Run, ReportsTheExitCodeAndBothOutputs) {
  const auto output = run_or_die(shell("echo to out; echo to err >&2; exit 3"));
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_EQ(output.signal, 0);
  EXPECT_EQ(output.out.text, "to out\n");
  EXPECT_EQ(output.err.text, "to err\n");
  EXPECT_FALSE(output.ok());
}

TEST(Run, ReportsTheSignal) {
  const auto output = run_or_die(shell("kill -SEGV $$"));
  EXPECT_EQ(output.signal, SIGSEGV);
  EXPECT_EQ(output.exit_code, -1);
}

TEST(Run, TheEnvironmentIsExactlyTheOneGiven) {
  ::setenv("VITANA_TEST_LEAK", "1", 1);
  RunRequest request;
  request.argv = {"/usr/bin/env"};
  request.environment = {{"ONLY", "this"}};
  EXPECT_EQ(run_or_die(request).out.text, "ONLY=this\n");
}

TEST(Run, NoDescriptorIsInherited) {
  const int leak = ::open("/dev/null", O_RDONLY);  // without CLOEXEC, as a careless library would
  const auto output = run_or_die(shell("ls /proc/self/fd | wc -l"));
  ::close(leak);
  EXPECT_EQ(output.out.text, "4\n");  // the three, and ls's own of the folder
}

TEST(Run, StartsInTheFolderGiven) {
  auto request = shell("pwd");
  request.cwd = "/usr";
  EXPECT_EQ(run_or_die(request).out.text, "/usr\n");
}

TEST(Run, AProgramGetsTheUsualSignalsEvenWhenWeIgnoreThem) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const auto output = run_or_die(shell("(yes; echo $? >&2) | head -1"));
  ::signal(SIGPIPE, before);
  EXPECT_EQ(output.err.text, "141\n");
}

TEST(Run, LargeInputAndOutputDoNotBlockEachOther) {
  auto request = shell("cat");
  request.input = std::string(9 << 20, 'a') + "end";
  request.out.bytes_max = 16 << 20;
  const auto output = run_or_die(request);
  EXPECT_EQ(output.out.text, request.input);
  EXPECT_FALSE(output.out.truncated);
}

TEST(Run, AProgramThatDoesNotReadItsInputIsNoTrouble) {
  auto request = shell("echo done");
  request.input = std::string(4 << 20, 'a');
  EXPECT_EQ(run_or_die(request).out.text, "done\n");
}

TEST(Run, KeepsTheTailOfALongOutput) {
  auto request = shell("seq 1 200000; echo end");
  request.out = {.bytes_max = 20, .keep = Keep::tail};
  const auto output = run_or_die(request);
  EXPECT_EQ(output.out.text, "8\n199999\n200000\nend\n");
  EXPECT_TRUE(output.out.truncated);
}

TEST(Run, KeepsTheHeadOfALongOutput) {
  auto request = shell("seq 1 200000");
  request.out = {.bytes_max = 6, .keep = Keep::head};
  const auto output = run_or_die(request);
  EXPECT_EQ(output.out.text, "1\n2\n3\n");
  EXPECT_EQ(output.out.bytes_total, 1288895U);
  EXPECT_TRUE(output.out.truncated);
}

TEST(Run, OutputIsHandedOverAsItComes) {
  auto request = shell("echo first; exec sleep 60");
  std::string seen;
  std::stop_source stop;
  request.stop = stop.get_token();
  request.on_output = [&](Stream stream, std::string_view data) {
    EXPECT_EQ(stream, Stream::out);
    seen += data;
    stop.request_stop();
  };
  EXPECT_TRUE(run_or_die(request).stopped);
  EXPECT_EQ(seen, "first\n");
}

TEST(Run, TheDeadlineEndsAProgramThatWouldGoOn) {
  auto request = shell("sleep 60");
  request.deadline = 50ms;
  const auto output = run_or_die(request);
  EXPECT_TRUE(output.timed_out);
  EXPECT_EQ(output.signal, SIGTERM);
  EXPECT_LT(output.duration, 20s);
}

TEST(Run, AProgramMayCleanUpWithinTheGrace) {
  auto request = shell("trap 'echo cleaned; exit 7' TERM; while :; do sleep 0.01; done");
  request.deadline = 200ms;
  request.grace = 20s;
  const auto output = run_or_die(request);
  EXPECT_TRUE(output.timed_out);
  EXPECT_EQ(output.exit_code, 7);
  EXPECT_EQ(output.out.text, "cleaned\n");
}

TEST(Run, ATreeThatIgnoresTermIsKilled) {
  auto request = shell("trap '' TERM; sh -c 'sleep 60; sleep 60' & wait");
  request.deadline = 200ms;
  request.grace = 50ms;
  const auto output = run_or_die(request);
  EXPECT_TRUE(output.timed_out);
  EXPECT_EQ(output.signal, SIGKILL);
  EXPECT_LT(output.duration, 20s);
}

TEST(Run, AGrandchildThatHoldsTheOutputDoesNotHoldUs) {
  const auto output = run_or_die(shell("setsid sleep 30 & echo started"));
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.out.text, "started\n");
  EXPECT_FALSE(output.timed_out);
  EXPECT_LT(output.duration, 20s);
}

TEST(Run, WhatIsLeftOfTheGroupIsKilled) {
  auto request = shell("sh -c 'exec >/dev/null 2>&1; exec sleep 60' & echo $!");
  const auto output = run_or_die(request);
  const auto pid = output.out.text;
  for (int i = 0; i < 1000 && !gone(pid); ++i) std::this_thread::yield();
  std::string state;
  if (!gone(pid)) {  // a zombie until init reaps it
    auto look = shell("cut -d' ' -f3 /proc/" + std::to_string(std::stoi(pid)) + "/stat");
    state = run_or_die(look).out.text;
  }
  EXPECT_THAT(state, testing::AnyOf("", "Z\n", "X\n"));
}

TEST(Run, AStopFromAnotherThreadEndsIt) {
  std::stop_source stop;
  auto request = shell("echo ready; exec sleep 60");
  request.stop = stop.get_token();
  std::jthread stopper;
  request.on_output = [&](Stream, std::string_view) {
    stopper = std::jthread([&] { stop.request_stop(); });
  };
  const auto output = run_or_die(request);
  EXPECT_TRUE(output.stopped);
  EXPECT_FALSE(output.timed_out);
  EXPECT_FALSE(output.ok());
}

TEST(Run, AStopBeforeTheStartStartsNothing) {
  std::stop_source stop;
  stop.request_stop();
  RunRequest request;
  request.argv = {"/no/such/program"};
  request.stop = stop.get_token();
  EXPECT_TRUE(run_or_die(request).stopped);
}

TEST(Run, SeveralThreadsRunAtOnce) {
  std::vector<std::jthread> threads;
  std::array<std::string, 8> seen;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        auto request = shell("cat");
        request.input = std::to_string(i);
        seen[i] += run_or_die(request).out.text;
      }
    });
  }
  threads.clear();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i], std::string(5, static_cast<char>('0' + i)));
  }
}

TEST(Run, NamesTheProgramThatIsMissing) {
  RunRequest request;
  request.argv = {"/no/such/program"};
  const auto output = run(request);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, FailureCode::PROGRAM_FAILED);
  EXPECT_THAT(output.error().message, HasSubstr("/no/such/program"));
}

TEST(Run, AFileThatIsNotExecutableIsRefused) {
  RunRequest request;
  request.argv = {"/etc/passwd"};
  const auto output = run(request);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, FailureCode::PROGRAM_FAILED);
}

TEST(Run, NamesTheFolderThatIsMissing) {
  auto request = shell("true");
  request.cwd = "/no/such/folder";
  const auto output = run(request);
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("/no/such/folder"));
}

TEST(Run, AnArgumentWithANulIsRefusedAndNotCut) {
  RunRequest request;
  request.argv = {"/bin/echo", std::string("a\0b", 3)};
  EXPECT_FALSE(run(request));
}

// A process of its own runs the program and is killed: what it started is gone soon after.
void leave_running(bool leashed, pid_t& left) {
  std::array<int, 2> told{};
  ASSERT_EQ(::pipe(told.data()), 0);
  const pid_t starter = ::fork();
  if (starter == 0) {
    (void)run({.argv = {"/bin/sh", "-c", "echo $$; exec sleep 60"},
               .environment = {{"PATH", "/usr/bin:/bin"}},
               .on_output = [&](Stream, std::string_view text) {
                 [[maybe_unused]] const auto sent = ::write(told[1], text.data(), text.size());
               },
               .leashed = leashed});
    ::_exit(0);
  }
  ::close(told[1]);
  std::array<char, 32> text{};
  ASSERT_GT(::read(told[0], text.data(), text.size() - 1), 0);
  ::close(told[0]);
  left = static_cast<pid_t>(std::stol(text.data()));
  ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
}

TEST(Run, ALeashedProgramEndsWithTheProcessThatRunsIt) {
  pid_t left = -1;
  leave_running(true, left);
  ASSERT_GT(left, 0);
  const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, left, 0)));
  pollfd wait{ended.get(), POLLIN, 0};
  EXPECT_TRUE(!ended.open() || ::poll(&wait, 1, 10'000) == 1);
}

TEST(Run, AnyOtherProgramOutlivesIt) {
  pid_t left = -1;
  leave_running(false, left);
  ASSERT_GT(left, 0);
  EXPECT_EQ(::kill(left, SIGKILL), 0);
}

TEST(Run, ALeashedProgramThatIsNotThereIsAnError) {
  const auto output = run({.argv = {"/no/such/program"}, .leashed = true});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, FailureCode::PROGRAM_FAILED);
}

}  // namespace
}  // namespace vitana::process
