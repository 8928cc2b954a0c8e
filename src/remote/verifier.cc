#include "remote/verifier.h"

#include <fmt/format.h>

#include "base/stop.h"
#include "git/tree.h"
#include "worker/tree_verifier.h"

namespace vitana::remote {
namespace {

/// What the gateway made, as it stands in the mirror here.
Result<worker::Candidate> candidate_of(const Terms& terms, const std::shared_ptr<git::Mirror>& mirror) {
  const auto& judging = *terms.judging;
  worker::Candidate candidate;
  candidate.rules = rules_of(terms, mirror);
  candidate.nothing_to_deliver = judging.nothing_to_deliver;
  candidate.deliverable.new_commit = judging.commit;
  auto tree = git::tree_of(*mirror, judging.commit);
  if (!tree) return failure(std::move(tree.error()));
  candidate.deliverable.tree = std::move(*tree);
  candidate.tip = judging.commit;
  if (judging.nothing_to_deliver) return candidate;
  auto parent = git::parent_of(*mirror, judging.commit);
  if (!parent) return failure(std::move(parent.error()));
  candidate.tip = std::move(*parent);
  return candidate;
}

}  // namespace

Result<port::Verification> Verifier::verify(const port::Assignment& assignment, std::stop_token stop) {
  const StopScope stoppable(stop);
  const auto& run = assignment.run;
  const auto terms = source_.terms(run.id, assignment.lease().fence);
  if (!terms || !terms->judging) {
    return failure(FailureCode::LEASE_STALE, fmt::format("run {} is not held any more", run.id.to_string()));
  }
  const auto mirror = mirrors_.with(assignment, terms->judging->commit, stop);
  if (!mirror) return failure(Error(mirror.error()).under("what is to be judged could not be fetched"));
  worker::TreeVerifierOptions options;
  options.candidate = [&](const port::Assignment&) { return candidate_of(*terms, *mirror); };
  options.green_bases = options_.green_bases;
  options.workspaces = options_.workspaces;
  return worker::TreeVerifier(sandbox_, clock_, options).verify(assignment, std::move(stop));
}

}  // namespace vitana::remote
