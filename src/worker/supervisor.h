// One small process between the engine and a program that it runs: it enforces the limits, and when
// the engine asks for it, or is gone, it ends everything that the program started.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "process/program.h"

namespace vitana::worker {

/// Bounds on a program and all that it starts; 0 is no bound.
struct Limits {
  Duration wall = std::chrono::minutes(30);
  Duration silence{0};  ///< without a byte of output
  std::uint64_t output_bytes = 64 << 20;
  /// Resident, and in files in memory, over all processes; seen five times a second.
  std::uint64_t memory_bytes = 0;
  int processes = 4096;
  /// Of what lies below `disk_root`, was deleted there and is still open, or lies in the private
  /// file systems of a wrapped program.
  std::uint64_t disk_bytes = 0;
  std::filesystem::path disk_root;
  std::vector<std::string> private_mounts;  ///< where the program sees them
  /// From TERM to KILL; at most a second of it when the caller stops the program.
  Duration grace = std::chrono::seconds(2);
};

struct SupervisedCommand {
  std::vector<std::string> argv;
  std::filesystem::path cwd = "/";
  process::Environment environment;  ///< the whole of it
  std::string input;                 ///< stdin
  Limits limits;
  /// argv is a wrapper (bubblewrap): TERM goes to the processes in it, not to itself.
  bool wrapped = false;
};

/// Why the program is not running any more.
enum class EndCause {
  exited,
  wall,
  silence,
  output,
  memory,
  processes,
  disk,
  stopped,      ///< the caller asked for it
  engine_gone,  ///< never seen by a caller
};

std::string_view name_of(EndCause cause);

struct SupervisedExit {
  EndCause cause = EndCause::exited;
  int exit_code = -1;  ///< -1 when a signal ended it
  int signal = 0;
  std::uint64_t output_bytes = 0;
  std::uint64_t memory_peak = 0;
  std::uint64_t disk_peak = 0;
  Duration duration{0};

  bool ok() const { return cause == EndCause::exited && exit_code == 0; }
};

/// Stdout and stderr as they come, on the thread that called supervise().
using OutputSink = std::function<void(std::string_view)>;

/// The program that becomes the supervisor: this very binary, whose main() hands over to
/// supervise_main() when its first argument is `supervise_argument`.
inline constexpr std::string_view supervise_argument = "__supervise";

/// Runs the program to its end. When this returns, nothing that it started is alive: neither
/// background processes nor such as left its session. Blocks for at most wall + grace + 15 s; a
/// stop ends the tree within 2 s. May be called from several threads.
/// Errors: PROGRAM_FAILED - the program or the supervisor could not be started, or the supervisor
/// was killed. How the program ended is never an error here.
Result<SupervisedExit> supervise(const SupervisedCommand& command, std::stop_token stop,
                                 const OutputSink& sink);

/// The supervisor process itself. REQUIRES: called from main() of a process without threads.
/// Returns its exit code.
int supervise_main(int argc, char** argv);

}  // namespace vitana::worker
