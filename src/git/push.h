// Delivery: one commit to one branch of the user's repository.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "git/mirror.h"
#include "git/names.h"
#include "git/source.h"

namespace vitana::git {

struct PushRequest {
  Source target;
  Oid commit;
  std::string ref;              ///< refs/heads/...
  std::optional<Oid> expected;  ///< what the ref names now; nothing: it is not there yet
  /// Asked when no other push is under way, before this one is; its error is push()'s. Empty: yes.
  std::function<Result<void>()> may_begin = {};
};

/// What a push may take beyond Options::push_deadline: files whose move has begun may move to its end, and git
/// is asked what is there, before and after.
inline constexpr std::chrono::milliseconds push_ending_max = std::chrono::seconds(90);

/// Moves `ref` from `expected` to `commit`, or changes nothing. Pushing what is already there
/// succeeds.
///
/// In a repository of this machine a branch that is checked out, in the main or a linked work tree,
/// is moved together with its files, if that work tree is clean; else nothing is touched. A commit or
/// a change made by somebody at the same moment stays as it is (target_hooks.h).
///
/// One push at a time from one mirror, also across engines: a later one waits for it, as long
/// as it may last.
///
/// Hooks of ours there are none. The target's own (pre-receive, update, post-receive,
/// push-to-checkout) and the filters its owner configured do run there: they are the owner's rules
/// for what enters the repository, and a refusal by them is DELIVERY_REFUSED. Its fsmonitor does
/// not run.
///
/// Errors: DELIVERY_RACE - the ref is not at `expected`; DELIVERY_TARGET_DIRTY - changed files, files
/// that would be overwritten (context `paths`, one a line; `hint`: what a person does about it), a
/// rebase, merge or bisect under way, or another git command at work there for longer than five
/// seconds; DELIVERY_REFUSED - by a hook, a protection or a permission; COMMIT_MISSING;
/// REPO_UNAVAILABLE; GIT_FAILED - also another push that has not ended in its time; PROGRAM_FAILED - no git;
/// CANCELLED - by a stop of the thread.
Result<void> push(const Mirror& mirror, const PushRequest& request);

/// Waits until no push of this mirror is under way; one that a dead engine left in a hook of the owner is ended.
/// Then: is `commit` in the history of `ref`? If not, nothing of ours will put it there but a later push().
/// (In a repository on another machine, what that machine received may still be in its hooks.)
/// Errors: GIT_FAILED - another push does not end within twenty seconds; as Mirror::holds(); CANCELLED.
Result<bool> withdraw(Mirror& mirror, const Source& target, const std::string& ref, const Oid& commit);

/// Ends the push that a dead engine left hanging in a hook of the owner, if there is one. Takes up to
/// fifteen seconds then.
void end_orphan(const Mirror& mirror);

/// Removes the branch `ref` if it is at `commit` and not checked out; else leaves it. The target's
/// own hooks run, as for a push. Errors: DELIVERY_REFUSED, REPO_UNAVAILABLE, GIT_FAILED, PROGRAM_FAILED,
/// CANCELLED.
Result<void> remove_branch(const Mirror& mirror, const Source& target, const std::string& ref, const Oid& commit);

/// Would a checked-out `ref` be free to move to `commit`? Errors: DELIVERY_TARGET_DIRTY,
/// DELIVERY_REFUSED, REPO_UNAVAILABLE, GIT_FAILED, PROGRAM_FAILED, CANCELLED. Always yes for a
/// URL and for other branches.
Result<void> check_target(const Mirror& mirror, const PushRequest& request);

}  // namespace vitana::git
