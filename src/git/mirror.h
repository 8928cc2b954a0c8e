// Vitana's own bare copy of a repository. All reading, snapshots, merging and delivery start from
// it; the user's repository is touched only by fetch() and by push().
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/time.h"
#include "git/blob_reader.h"
#include "git/names.h"
#include "git/run.h"
#include "git/source.h"

namespace vitana::git {

/// Thread-safe. Nothing in a mirror is ever pruned by git itself; see maintain().
class Mirror {
 public:
  /// Opens the mirror at `path`, or makes an empty one. Locks that a killed git left are removed.
  /// Errors: GIT_FAILED, PROGRAM_FAILED.
  static Result<std::unique_ptr<Mirror>> open(const std::filesystem::path& path, Options options);

  /// Copies `branch` and every `vtid/*` branch of the source to refs/remotes/origin/; a vtid
  /// branch that is gone there goes here. Returns the branch's newest commit. Fetches wait for
  /// each other. Errors: REPO_UNAVAILABLE, BRANCH_MISSING, GIT_FAILED, CANCELLED.
  Result<Oid> fetch(const Source& source, const std::string& branch);

  /// Copies one branch, `ref` of the source, to a name of its own, for as long as forget_beside() is not called. Its
  /// commit. Waits for no fetch(), and none for it. Errors: REPO_UNAVAILABLE, GIT_FAILED (its deadline is that
  /// of a short call), CANCELLED.
  Result<Oid> fetch_beside(const Source& source, const std::string& ref);
  Result<void> forget_beside();

  /// The newest commit that both have in their history; nothing where there is none.
  /// Errors: COMMIT_MISSING, GIT_FAILED.
  Result<std::optional<Oid>> merge_base(const Oid& one, const Oid& other) const;

  /// Is `commit` in the history of `ref` of the source as it is now? For deciding after a crash
  /// whether a delivery arrived. Fetches the ref when it moved. Errors: as fetch().
  Result<bool> holds(const Source& source, const std::string& ref, const Oid& commit);

  /// The commit of a fetched branch; nothing when it was never fetched or is gone.
  Result<std::optional<Oid>> tip(std::string_view branch) const;

  /// Does that commit exist here?
  Result<bool> exists(const Oid& commit) const;

  /// Is `ancestor` reachable from `commit` (or the same)? Errors: COMMIT_MISSING.
  Result<bool> is_ancestor(const Oid& ancestor, const Oid& commit) const;

  /// Keeps a commit or tree under a name such as `runs/VTID-01213.2` until it is forgotten; without
  /// that, maintain() may remove what no branch reaches.
  Result<void> keep(std::string_view name, const Oid& oid);
  Result<void> forget(std::string_view name);
  /// What is kept under that name; nothing when nothing is.
  Result<std::optional<Oid>> kept_commit(std::string_view name) const;
  /// The names of commits that were made before `before`.
  Result<std::vector<std::string>> kept(Instant before) const;

  /// Where more than `packs_max` packs have come together, or thousands of objects in none: packs, and
  /// removes what has been unreachable for `prune_days`. Others may go on using the mirror meanwhile.
  Result<void> maintain(int prune_days, int packs_max = 50);

  const std::filesystem::path& path() const { return path_; }
  /// The only part that a sandbox may see, read-only.
  std::filesystem::path objects() const { return path_ / "objects"; }
  /// For index files and such, on the same disk.
  std::filesystem::path scratch() const { return path_ / "scratch"; }
  const Git& git() const { return git_; }
  BlobReader& blobs() const { return blobs_; }

  /// A call on this repository. Errors as Git::run.
  Result<std::string> run(std::vector<std::string> args, std::string input = {}) const;
  Result<Answer> try_run(std::vector<std::string> args, std::string input = {}) const;

 private:
  Mirror(std::filesystem::path path, Options options);

  Result<void> fetch_refs(const Source& source, std::vector<std::string> refspecs);
  /// The call that copies; its first arguments are the caller's.
  Result<void> fetch_with(const Source& source, Call call, std::vector<std::string> refspecs);

  const std::filesystem::path path_;
  const Git git_;
  mutable BlobReader blobs_;
  Turn fetching_;
  Turn fetching_beside_;
};

/// The command that git starts on the other side of a local fetch or push, quoted for the shell
/// that git hands it to. `config` is the command-scope configuration of that side.
/// With `owner` it runs as the owner of that repository would run it: with the configuration of
/// Options::home, and without our variables in the environment of its hooks.
std::string local_service(const Git& git, std::string_view service, const ConfigValues& config,
                          bool owner);

}  // namespace vitana::git
