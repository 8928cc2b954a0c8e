// All processes below one: also those that left its session and process group.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace vitana::worker {

struct TreeProcess {
  pid_t pid = 0;
  /// A thread of it that lives: what /proc shows of a process whose first thread ended while others
  /// go on, it shows under this number alone.
  pid_t thread = 0;
  pid_t parent = 0;
  std::uint64_t started = 0;  ///< in ticks since boot: with `pid` it names one process for ever
  std::uint64_t memory = 0;   ///< resident bytes
  bool zombie = false;        ///< no thread of it lives
};

/// The descendants of `root`, without itself, as /proc shows them now. A process of an inner PID
/// namespace is among them under its outer number.
std::vector<TreeProcess> tree_of(pid_t root);

/// What the processes really hold: pages that several of them share are counted once. `in_files`:
/// bytes of files in memory, whether a process has mapped them or not. Slow; where a process lives and
/// does not show it, its resident bytes count. While processes end, what they shared may count more
/// than once.
std::uint64_t shared_out_memory(const std::vector<TreeProcess>& processes, std::uint64_t in_files);

/// Sends `signal` to exactly that process; nothing when it is gone, whoever has its number now.
void signal_process(const TreeProcess& process, int signal);

}  // namespace vitana::worker
