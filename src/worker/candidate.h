// What a verify step judges: the one commit that would be delivered.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "domain/run.h"
#include "git/names.h"
#include "port/run_source.h"
#include "worker/rules.h"

namespace vitana::worker {

struct Candidate {
  git::Oid tip;           ///< of the target branch, as it was read for this
  RepositoryRules rules;  ///< that hold there
  domain::Deliverable deliverable;
  bool nothing_to_deliver = false;  ///< the branch holds all of the change already; `new_commit` is the tip
  std::optional<Error> error;       ///< the result does not stand, and nothing is left to judge
};

/// The deliverable is one commit on the target branch's present tip. In branch mode it goes to
/// refs/heads/vtid/<number>-<slug of the title>, else to the assignment's target_ref. It is kept in the mirror as
/// "deliverables/<run id>", or the tip as "undelivered/<run id>", if nothing is to be delivered. Thread-safe.
/// In `error`: MERGE_CONFLICT, PATH_FORBIDDEN, DELIVERY_REFUSED - the task's branch holds what is not known here.
/// Errors: REPO_UNAVAILABLE, BRANCH_MISSING, GIT_FAILED, CANCELLED, those of the rules.
Result<Candidate> make_candidate(const RuleSource& rules, const port::Assignment& assignment);

/// What make_candidate() kept last for the run, as it would be delivered now. Errors: COMMIT_MISSING - there is none;
/// as make_candidate().
Result<Candidate> kept_candidate(const RuleSource& rules, const port::Assignment& assignment);

/// Names under which a mirror keeps it.
std::string deliverable_kept(const RunId& run);
std::string undelivered_kept(const RunId& run);

}  // namespace vitana::worker
