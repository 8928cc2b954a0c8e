// Where agents, checks and repository commands run: bubblewrap, with a read-only system and nothing
// of the machine's own data.
//
// What a program sees: /usr, /bin, /lib* and a part of /etc (read-only), private /proc (the kernel's
// settings in it read-only), /dev, /tmp and home, its workspace at /workspace (writable), an exchange
// folder at /run/vitana (writable), and what the caller names (read-only, at its own path). No host
// network unless granted; loopback always works.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/policy.h"
#include "process/program.h"
#include "worker/supervisor.h"

namespace vitana::worker {

struct SandboxOptions {
  domain::SandboxMode mode = domain::SandboxMode::require;
  std::string bubblewrap = "bwrap";
  /// Where a program without `/` is looked up, on this machine.
  std::string path = "/usr/bin:/bin";
  /// Never visible, whatever is named readable: the data directory, the database's folder.
  std::vector<std::filesystem::path> masked;
  std::uint64_t tmp_bytes = std::uint64_t{1} << 30;  ///< of /tmp, of the home, of /dev/shm, each
};

struct SandboxProbe {
  bool available = false;
  std::string reason;  ///< why not, in bubblewrap's own words where it has some
  /// Programs inside may make user namespaces of their own, with mounts that nobody counts: this
  /// system does not let bubblewrap forbid it. `reason` says why.
  bool nests = false;
};

/// Really runs a program in a sandbox as they are made here, and looks that it could not write the kernel's
/// settings. Takes a few milliseconds.
SandboxProbe probe_sandbox(const SandboxOptions& options);

/// One program and what it may touch. Folders are absolute paths of this machine and exist.
struct Confinement {
  std::vector<std::string> argv;  ///< argv[0]: in PATH, absolute, or `./…` in the workspace
  std::filesystem::path workspace;
  std::filesystem::path exchange;  ///< empty: none
  /// Home and temporary files when there is no sandbox.
  std::filesystem::path scratch;
  std::filesystem::path objects;  ///< the mirror's, that the workspace borrows; empty: none
  std::vector<std::filesystem::path> read;
  process::Environment environment;  ///< beside PATH, HOME, TMPDIR, LANG, USER
  bool network = false;
  std::string input;
  Limits limits;
};

class Sandbox {
 public:
  explicit Sandbox(SandboxOptions options) : options_(std::move(options)) {}

  /// The command for supervise(). Thread-safe.
  /// Errors: SANDBOX_UNAVAILABLE (mode require; the reason is in the message); PROGRAM_FAILED -
  /// argv[0] is not there; WORKSPACE_FAILED - the scratch folder cannot be made.
  Result<SupervisedCommand> prepare(const Confinement& confinement) const;

  /// Will programs be confined? False for mode off, and for prefer where it does not work.
  bool active() const;
  /// The first call probes; later ones give the same answer.
  const SandboxProbe& probe() const;

  /// Where the program finds the folders, given their places on this machine.
  std::filesystem::path workspace_inside(const std::filesystem::path& outside) const;
  std::filesystem::path exchange_inside(const std::filesystem::path& outside) const;

  const SandboxOptions& options() const { return options_; }

 private:
  SandboxOptions options_;
  mutable std::once_flag probed_;
  mutable SandboxProbe probe_;
};

}  // namespace vitana::worker
