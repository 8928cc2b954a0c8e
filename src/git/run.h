// The one place that builds git's command line and environment.
//
// Every call runs without hooks, file-system monitor, pager, prompts, filters, text conversion, the
// system's and the user's configuration, and without helpers that a URL could name (ext::). Paths
// are literal, times are UTC, messages are English.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "process/program.h"

namespace vitana::git {

using ConfigValues = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::chrono::milliseconds push_deadline_default = std::chrono::minutes(8);

/// What the operator decides about git; the same for all calls of one repository.
struct Options {
  std::string program = "git";
  /// PATH of git, of what it starts, and of the hooks of a repository that is pushed to.
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  /// The home whose git configuration counts in a local repository that is delivered to (its
  /// owner's filters and hooks path). Empty: none.
  std::filesystem::path home;
  /// Given only to calls that reach a URL: SSH_AUTH_SOCK, https_proxy; http.extraHeader.
  process::Environment network_environment;
  ConfigValues network_config;
  std::chrono::milliseconds deadline = std::chrono::minutes(2);
  std::chrono::milliseconds network_deadline = std::chrono::minutes(15);
  /// Of a push, with all hooks of the repository that receives it.
  std::chrono::milliseconds push_deadline = push_deadline_default;
};

/// One call. Whatever comes from outside stands in `args` behind `--` or is an Oid or a ref that
/// names.h accepted.
struct Call {
  std::vector<std::string> args;
  /// Empty: git looks for the repository in `cwd` itself, never above it.
  std::filesystem::path git_dir;
  std::filesystem::path cwd = "/";
  std::filesystem::path work_tree;
  std::filesystem::path index_file;
  process::Environment environment;
  ConfigValues config;
  std::string input;
  /// Reaches a URL: with Options::network_environment and network_config.
  bool network = false;
  /// May take as long as Options::network_deadline.
  bool slow = false;
  /// Acts for the owner in a repository of his own: with the configuration of Options::home.
  bool owner = false;
  std::size_t bytes_max = 64 << 20;  ///< of what it prints; beyond it is ended
  /// Of its memory, by util-linux's prlimit: beyond it git ends. 0: no bound.
  std::uint64_t memory_max = 0;
  /// See process::ChildRequest::held. A call that holds a lock is a push: it may outlive the engine, and
  /// Options::push_deadline is kept then, too. Every other ends with the engine.
  int held = -1;
  /// See process::RunRequest::busy.
  std::function<bool()> busy;
};

struct Answer {
  int exit_code = 0;
  std::string out;
  std::string err;
};

/// Thread-safe: each call is a process of its own. A stop of the calling thread (StopScope) ends it.
class Git {
 public:
  explicit Git(Options options) : options_(std::move(options)) {}

  /// The exit code is the caller's to judge.
  /// Errors: PROGRAM_FAILED (no git), GIT_FAILED (deadline, signal, output over `bytes_max`),
  /// CANCELLED.
  Result<Answer> try_run(const Call& call) const;

  /// What it printed. Errors: as above, and GIT_FAILED for every exit code but 0.
  Result<std::string> run(const Call& call) const;

  std::vector<std::string> arguments(const Call& call) const;
  process::Environment environment(const Call& call) const;
  const Options& options() const { return options_; }

 private:
  Options options_;
};

/// GIT_FAILED or `code`, with git's own last words among the causes, credentials removed.
Error git_error(FailureCode code, std::string message, const Answer& answer);

}  // namespace vitana::git
