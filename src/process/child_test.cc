#include "process/child.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>

namespace vitana::process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

ChildRequest shell(std::string script) {
  return {.argv = {"/bin/sh", "-c", std::move(script)},
          .cwd = "/",
          .environment = {{"PATH", "/usr/bin:/bin"}},
          .input = Input::connected,
          .input_text = ""};
}

std::string read_line(Child& child) {
  std::string line;
  char c = 0;
  while (!line.ends_with('\n')) {
    pollfd readable{child.out().get(), POLLIN, 0};
    if (::poll(&readable, 1, 10'000) <= 0 || ::read(child.out().get(), &c, 1) != 1) break;
    line += c;
  }
  return line;
}

TEST(Child, AnswersWhileItsInputStaysOpen) {
  auto child = Child::start(shell("while read -r line; do echo \"got $line\"; done"));
  ASSERT_TRUE(child) << to_string(child.error());
  ASSERT_TRUE(child->write("one\n", steady_clock::now() + 10s));
  EXPECT_EQ(read_line(*child), "got one\n");
  ASSERT_TRUE(child->write("two\n", steady_clock::now() + 10s));
  EXPECT_EQ(read_line(*child), "got two\n");
}

TEST(Child, SeesTheEndOfItsInput) {
  auto child = Child::start(shell("cat; echo over"));
  ASSERT_TRUE(child);
  child->close_input();
  EXPECT_EQ(read_line(*child), "over\n");
}

TEST(Child, WritingToAChildThatIsGoneFailsAndDoesNotKillUs) {
  auto child = Child::start(shell("exit 0"));
  ASSERT_TRUE(child);
  pollfd ended{child->exit_fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 10'000), 1);
  EXPECT_FALSE(child->write("anybody there?\n", steady_clock::now() + 10s));
}

TEST(Child, WritingToAChildThatDoesNotReadEndsAtTheDeadline) {
  auto child = Child::start(shell("sleep 60"));
  ASSERT_TRUE(child);
  EXPECT_FALSE(child->write(std::string(8 << 20, 'x'), steady_clock::now() + 50ms));
}

TEST(Child, IsDeadAndReapedWhenItsOwnerForgetsIt) {
  pid_t pid = -1;
  {
    auto child = Child::start(shell("sleep 60"));
    ASSERT_TRUE(child);
    pid = child->pid();
    ASSERT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Child, EndTellsTheSignal) {
  auto child = Child::start(shell("sleep 60"));
  ASSERT_TRUE(child);
  const auto exit = child->end();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_EQ(exit->code, -1);
}

}  // namespace
}  // namespace vitana::process
