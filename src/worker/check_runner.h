// Runs one check on one tree, out of everybody's reach.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/criterion.h"
#include "git/mirror.h"
#include "worker/rules.h"
#include "worker/sandbox.h"

namespace vitana::worker {

struct CheckLimits {
  std::uint64_t memory_bytes = std::uint64_t{4} << 30;
  std::uint64_t output_bytes = std::uint64_t{64} << 20;
  std::uint64_t disk_bytes = std::uint64_t{20} << 30;
  int processes = 4096;
  Duration setup_timeout = std::chrono::minutes(30);
};

/// Of what is checked out: only a commit of the branch may leave something for other workspaces.
enum class TreeOf { branch, result };

/// `exit_code` is 0 for green; 124 when a limit ended it, 128 and the signal for a signal.
struct CheckOutcome {
  int exit_code = 0;
  std::string output;  ///< the tail, printable
  bool green() const { return exit_code == 0; }
  /// The last 4 KiB of it: for an error's context.
  std::string last_words() const;
};

/// One commit, checked out and set up, for any number of checks. The made-ready folder itself is
/// never given to a check: each gets a copy, which the next one inherits only if nothing in it has
/// changed. Everything is removed with the object. For one thread.
class CheckBench {
 public:
  /// `folder` must not be there. Setup runs with network.
  /// Errors: COMMIT_MISSING, WORKSPACE_FAILED, SETUP_FAILED, SANDBOX_UNAVAILABLE, CANCELLED.
  static Result<std::unique_ptr<CheckBench>> make(const Sandbox& sandbox,
                                                  const RepositoryRules& rules,
                                                  TreeOf tree_of, const git::Oid& commit,
                                                  const std::filesystem::path& folder,
                                                  const CheckLimits& limits, std::stop_token stop);
  ~CheckBench();
  CheckBench(const CheckBench&) = delete;
  CheckBench& operator=(const CheckBench&) = delete;

  /// `/bin/sh -e -c script` without network. A red or endless script is no error.
  /// Errors: WORKSPACE_FAILED, SANDBOX_UNAVAILABLE, PROGRAM_FAILED, CANCELLED.
  Result<CheckOutcome> run(std::string_view script, Duration timeout, std::stop_token stop);

 private:
  CheckBench(const Sandbox& sandbox, const RepositoryRules& rules, std::filesystem::path folder,
             const CheckLimits& limits);
  Result<void> make_copy(std::stop_token stop);
  std::filesystem::path ready() const { return folder_ / "ready"; }
  std::filesystem::path copy() const { return folder_ / "copy"; }

  const Sandbox& sandbox_;
  const std::filesystem::path objects_;
  const std::filesystem::path folder_;
  const CheckLimits limits_;
  std::optional<Digest> copied_;  // what the copy looked like when it was made
};

/// Runs a script in `workspace` as it is. Errors as CheckBench::run.
struct ScriptRequest {
  std::string_view script;
  std::filesystem::path workspace;
  std::filesystem::path scratch;
  std::filesystem::path objects;
  Duration timeout{};
  bool network = false;
};
Result<CheckOutcome> run_script(const Sandbox& sandbox, const ScriptRequest& request,
                                const CheckLimits& limits, std::stop_token stop);

/// Runs each command of the repository's setup in turn, in a tree that is fresh, beside what earlier setups
/// have left (KeptFolders). Errors: SETUP_FAILED with `command`, `exit_code` and `output` in the context; as
/// run_script.
Result<void> run_setup(const Sandbox& sandbox, const RepositoryRules& rules, TreeOf tree_of,
                       ScriptRequest request, const CheckLimits& limits, std::stop_token stop);

/// Judges a file of a tree in the object store: nothing is followed, nothing is started.
Result<CheckOutcome> run_file_check(const git::Mirror& mirror, const git::Oid& tree,
                                    const domain::FileCheck& check);

/// What is run for a criterion, as its evidence shows it: bounded.
std::string shown_checks(const domain::Criterion& criterion);

/// "file docs/x.md contains "abc"", as the evidence names it.
std::string to_string(const domain::FileCheck& check);

}  // namespace vitana::worker
