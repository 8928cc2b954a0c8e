#include "worker/process_tree.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace vitana::worker {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t held_bytes = 40'000'000;

/// A process below this one; it is gone when this ends.
class Child {
 public:
  explicit Child(const std::function<void()>& body) : pid_(::fork()) {
    if (pid_ != 0) return;
    body();
    ::_exit(0);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// As the tree shows it, once it shows it so.
  std::optional<TreeProcess> when(const std::function<bool(const TreeProcess&)>& so) const {
    const auto until = steady_clock::now() + 20s;
    while (steady_clock::now() < until) {
      const auto tree = tree_of(::getpid());
      const auto found = std::ranges::find(tree, pid_, &TreeProcess::pid);
      if (found != tree.end() && so(*found)) return *found;
      std::this_thread::yield();
    }
    return std::nullopt;
  }

 private:
  pid_t pid_;
};

TEST(ProcessTree, AProcessLivesOnWithoutItsFirstThread) {
  const Child child([] {
    std::thread([] {
      const std::vector<char> held(held_bytes, 'x');
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);
  });
  const auto seen = child.when([](const TreeProcess& process) {
    return process.thread != process.pid && process.memory >= held_bytes;
  });
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->zombie);
  EXPECT_GE(shared_out_memory({*seen}, 0), held_bytes / 2);
  signal_process(*seen, SIGKILL);
  EXPECT_TRUE(child.when([](const TreeProcess& process) { return process.zombie; }));
}

TEST(ProcessTree, AProcessThatEndedSinceItWasSeenHoldsNothing) {
  const Child child([] {
    const std::vector<char> held(held_bytes, 'x');
    for (;;) ::pause();
  });
  const auto seen = child.when([](const TreeProcess& process) { return process.memory >= held_bytes; });
  ASSERT_TRUE(seen);
  EXPECT_GE(shared_out_memory({*seen}, 0), held_bytes / 2);
  signal_process(*seen, SIGKILL);
  ASSERT_TRUE(child.when([](const TreeProcess& process) { return process.zombie; }));
  EXPECT_EQ(shared_out_memory({*seen}, 0), 0U);
}

}  // namespace
}  // namespace vitana::worker
