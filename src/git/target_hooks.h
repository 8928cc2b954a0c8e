// How a checked-out branch of the user's repository moves together with its files: by a hook of ours
// within git's own transaction of the branch.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "git/checked_out.h"
#include "git/push.h"

namespace vitana::git {

/// The hooks with which one push is received.
///
/// `reference-transaction` is ours: when git has locked the branch and found it where it is expected,
/// the work trees are moved from the old commit to the new one (a merge of two trees: what a person
/// changed or committed meanwhile is kept, or git refuses and the branch stays). Between a look and
/// the lock nothing was touched, and while the lock is held nobody else moves the branch. The owner's
/// own hooks run from ours, in the environment in which git would have started them.
class TargetHooks {
 public:
  /// Writes them to `folder`, in place of those of an earlier push. `trees` are moved, unless the
  /// owner's own `push-to-checkout` does it. Errors: GIT_FAILED.
  static Result<TargetHooks> write(const Git& git, const LocalRepository& repository,
                                   const std::vector<WorkTree>& trees, const PushRequest& request,
                                   std::filesystem::path folder);

  /// The command that git starts to receive the push, quoted for the shell.
  std::string receiver(const Git& git) const;

  /// Why a work tree could not be moved, in git's words; empty: it was, or nothing was to be moved.
  std::string refusal() const;

  /// May the push be ended without leaving a work tree between two commits? Yes before its files begin to
  /// move, and then they never will; and in a hook of the owner that runs after it.
  bool may_end();

  /// A hook of the repository's owner that runs now, with its process; empty: none does. `folder` is that
  /// of write(), of this process or of another one's push.
  static std::string running(const std::filesystem::path& folder);

  /// Sends `signal` to the hook of the owner that runs now and to the push that waits for it; to nobody
  /// where none runs.
  static void end_in_hook(const std::filesystem::path& folder, int signal);

 private:
  explicit TargetHooks(std::filesystem::path folder, bool owner_moves)
      : folder_(std::move(folder)), owner_moves_(owner_moves) {}

  std::filesystem::path folder_;
  bool owner_moves_;  ///< the work tree, by a hook of the repository
  bool given_up_ = false;
};

}  // namespace vitana::git
