// Runs one program to its end: bounded in time, in output, and in what it leaves behind.
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
#include "process/program.h"

namespace vitana::process {

/// Which part of an output is kept when it is larger than its limit.
enum class Keep { head, tail };

struct OutputLimit {
  std::size_t bytes_max = 1 << 20;
  Keep keep = Keep::tail;
};

enum class Stream { out, err };

struct RunRequest {
  /// No shell. argv[0] without `/` is looked up in the PATH of `environment`; with one it is taken
  /// relative to `cwd`.
  std::vector<std::string> argv;
  std::filesystem::path cwd = "/";
  /// The whole environment of the child.
  Environment environment;
  /// What the child reads on stdin.
  std::string input;
  /// From the start; then the group gets TERM, after `grace` KILL.
  std::chrono::milliseconds deadline = std::chrono::seconds(60);
  std::chrono::milliseconds grace = std::chrono::seconds(2);
  OutputLimit out;
  OutputLimit err;
  /// Called with each piece of output as it comes, on the thread that called run(), whatever the
  /// limits keep.
  std::function<void(Stream, std::string_view)> on_output;
  /// See ChildRequest::held.
  int held = -1;
  /// See ChildRequest::leashed. run() waits for the child, so its thread does not end before.
  bool leashed = false;
  /// A request to stop acts as the deadline does.
  std::stop_token stop;
  /// Asked, again and again, before a stop or the deadline ends it: while it is at what may not be cut
  /// in two, that waits, for a minute at most. Empty: it never is.
  std::function<bool()> busy;
};

struct Captured {
  std::string text;
  std::uint64_t bytes_total = 0;
  bool truncated = false;
};

struct RunOutput {
  /// -1 when a signal ended it.
  int exit_code = -1;
  int signal = 0;
  Captured out;
  Captured err;
  std::chrono::microseconds duration{0};
  bool timed_out = false;
  bool stopped = false;

  bool ok() const { return exit_code == 0 && !timed_out && !stopped; }
};

/// Starts the program, reads its output, waits for its end. The child runs in a process group of
/// its own; what is left of that group when the child has ended is killed, and a process that left
/// the group and still holds the output is waited for half a second at most. A request to stop
/// that came before the start starts nothing (`stopped`, exit code -1).
/// May be called from several threads at once. Blocks for at most deadline + grace + 6 s
/// (and the minute of `busy`).
/// Errors: PROGRAM_FAILED - it could not be started. How it ended is never an error here.
Result<RunOutput> run(const RunRequest& request);

}  // namespace vitana::process
