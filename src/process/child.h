// One child process: started, signalled, reaped. `run.h` is what most callers want.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "process/fd.h"
#include "process/program.h"

namespace vitana::process {

/// What the child reads on stdin.
enum class Input {
  text,       ///< `input_text`, then the end; never blocks either side
  connected,  ///< what write() sends
};

struct ChildRequest {
  /// No shell. argv[0] without `/` is looked up in the PATH of `environment`; with one it is taken
  /// relative to `cwd`.
  std::vector<std::string> argv;
  std::filesystem::path cwd = "/";
  Environment environment;
  Input input = Input::text;
  std::string input_text;
  /// A lock's descriptor that the child and what it starts hold too, as number 3: the lock lives as
  /// long as any of them, also when this process dies. Stays the caller's. -1: none.
  int held = -1;
  /// The kernel sends it TERM when the thread that starts it ends, however this process dies.
  bool leashed = false;
};

/// How a process ended: by exit(code), or by a signal (then `code` is -1).
struct Exit {
  int code = -1;
  int signal = 0;
};

/// A running child in a session and process group of its own, with empty signal mask, default
/// signal actions, no inherited descriptor and no controlling terminal. Not for use by two threads
/// at once; children of different threads do not disturb each other. REQUIRES: SIGCHLD is not
/// ignored, and nobody else reaps this process's children.
class Child {
 public:
  /// Errors: PROGRAM_FAILED - not found, not executable, no such cwd, no descriptor left.
  static Result<Child> start(const ChildRequest& request);

  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) = delete;
  /// Kills the process group if end() was not called, and reaps the child.
  ~Child();

  pid_t pid() const { return pid_; }
  /// Readable once the child has ended. Valid until end().
  int exit_fd() const { return pidfd_.get(); }
  /// Non-blocking read ends; the owner may close them early.
  Fd& out() { return out_; }
  Fd& err() { return err_; }

  /// Sends all of `data` to stdin, waiting at most until `deadline`. Never raises SIGPIPE.
  /// REQUIRES: Input::connected. False when the child does not read in time or is gone.
  bool write(std::string_view data, std::chrono::steady_clock::time_point deadline);
  void close_input() { in_.reset(); }

  /// To every process of the group.
  void signal_group(int signal) const;

  /// Kills what is left of the group and reaps the child, waiting at most 5 s for a child that the
  /// kernel does not let go. Nothing when it is still there then (it stays a zombie).
  std::optional<Exit> end();

 private:
  Child() = default;

  struct Pid {
    pid_t value = -1;
    Pid() = default;
    Pid(Pid&& other) noexcept : value(std::exchange(other.value, -1)) {}
  };

  Pid running_;  // -1 once reaped or moved from
  pid_t pid_ = -1;
  Fd pidfd_, in_, out_, err_;
};

}  // namespace vitana::process
