// What the engine asks of a git repository: read what is committed, put a commit on a ref.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "domain/run.h"

namespace vitana::port {

/// A file in one commit's tree.
struct TreeFile {
  std::string path;
  std::string blob;
  bool regular = true;  ///< not a symbolic link, not a submodule
  bool nameable = true;  ///< a file can have this path: no "..", no ".git", not over-long, UTF-8
};

/// A change between two trees.
struct TreeChange {
  enum class Kind { added, changed, removed };
  Kind kind = Kind::added;
  TreeFile file;  ///< as it is after; for `removed` as it was before
};

/// Who brought a path's present content.
struct PathCommit {
  std::string commit;
  std::string author;
  Instant at{};
};

/// A branch beside the one that counts.
struct BranchBeside {
  std::string commit;  ///< its tip
  std::string base;    ///< the newest commit that it shares with the one that counts; empty: none
};

/// A delivery that a commit's trailers speak of.
struct DeliveryTrailer {
  std::string commit;
  std::string vtid;         ///< as written
  std::string spec_digest;  ///< as written
  bool beside = false;      ///< on the branch of its task (vtid/…), not in the history that was asked for
};

enum class PushOutcome { done, moved, dirty };

struct PushAnswer {
  PushOutcome outcome = PushOutcome::done;
  std::string detail;  ///< moved: the ref's commit now; dirty: what stands in the way
  std::string act = {};  ///< dirty: what a person does about it
};

/// Empty: yes.
using MayBegin = std::function<Result<void>()>;

/// One configured repository, through its mirror. Methods may be called from several threads.
/// Common errors: REPO_UNAVAILABLE, BRANCH_MISSING, GIT_FAILED, COMMIT_MISSING.
class Repository {
 public:
  virtual ~Repository() = default;

  /// The branch that counts, where the configuration names none: known from the first answer of the
  /// repository on, and then the same for the whole life of this object. Asks nobody. Empty: not known yet.
  virtual std::string default_branch() const = 0;

  /// The branch's tip in the repository itself; cheap. Nothing when the branch does not exist yet
  /// (an empty repository).
  virtual Result<std::optional<std::string>> branch_tip() = 0;

  /// Brings the branch up to date in the mirror and returns its tip there.
  virtual Result<std::string> fetch() = 0;

  /// What differs from `from` (empty: from nothing) to `to`, among paths that match `globs`.
  virtual Result<std::vector<TreeChange>> changes(const std::string& from, const std::string& to,
                                                  const std::vector<std::string>& globs) = 0;

  /// Files that lie elsewhere in `to` than in `from`, their content the same or nearly so: the new
  /// path, then the old one. `from` is a commit.
  virtual Result<std::map<std::string, std::string>> renames(const std::string& from,
                                                             const std::string& to) = 0;

  /// Errors: FILE_TOO_LARGE beyond `bytes_max`.
  virtual Result<std::string> read_blob(const std::string& blob, std::size_t bytes_max) = 0;

  /// Nothing when the commit has no such file.
  virtual Result<std::optional<std::string>> read_file(const std::string& commit,
                                                       const std::string& path,
                                                       std::size_t bytes_max) = 0;

  /// For each path the last commit up to `tip` that changed it, in the paths' order. `since`
  /// (empty: none): a commit after which most of them changed; only a hint.
  virtual Result<std::vector<PathCommit>> last_commits(const std::string& tip,
                                                       const std::string& since,
                                                       const std::vector<std::string>& paths) = 0;

  /// The trailers of the commits that are in `to` and not in `from` (empty: all of `to`), and of
  /// those on the branches of tasks that are in neither.
  virtual Result<std::vector<DeliveryTrailer>> deliveries(const std::string& from,
                                                          const std::string& to) = 0;

  /// True when `ancestor` is in the history of the branch `ref` of the repository itself, read
  /// afresh.
  virtual Result<bool> holds(const std::string& ref, const std::string& ancestor) = 0;

  /// The commit of `ref` in the repository itself now; nothing when it does not exist.
  virtual Result<std::optional<std::string>> ref_commit(const std::string& ref) = 0;

  /// Brings the branch `ref` ("refs/heads/…") into the mirror beside the one that counts, until forget_beside(). Waits
  /// for no fetch of that one, and none waits for it; two minutes at most. Nothing when there is no such branch.
  virtual Result<std::optional<BranchBeside>> fetch_beside(const std::string& ref) = 0;
  /// What fetch_beside() brought is not needed any more, also in a process that has ended.
  virtual Result<void> forget_beside() = 0;

  /// Puts `deliverable.new_commit` on its ref if the ref is `old_commit`. Idempotent. `may_begin` is asked
  /// when no other push is under way, before this one is: withdraw() may have come first.
  /// Errors: DELIVERY_REFUSED; that of `may_begin`.
  virtual Result<PushAnswer> push(const domain::Deliverable& deliverable, const MayBegin& may_begin) = 0;

  /// Waits until no push of `deliverable` is under way on this machine, by whichever engine, and tells
  /// whether it is in the history of its branch. A person waits for it: twenty seconds at most for another
  /// push, and what git takes to ask.
  virtual Result<bool> withdraw(const domain::Deliverable& deliverable) = 0;

  /// Takes away the branch `ref`, on which a result was kept while its target was dirty, if it is at
  /// `commit` and not checked out; else leaves it.
  virtual Result<void> remove(const std::string& ref, const std::string& commit) = 0;
};

}  // namespace vitana::port
