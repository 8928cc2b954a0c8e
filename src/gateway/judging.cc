#include "gateway/judging.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "domain/tally.h"
#include "remote/report_json.h"
#include "worker/check_runner.h"

namespace vitana::gateway {
namespace {

/// What was sent of a step that the caller holds, with all that can be known of it here in its place.
struct Judged {
  worker::Candidate candidate;
  std::vector<domain::Evidence> evidence;
  domain::Tally tally;
};

/// Of what was seen only exit codes and output are taken from what was sent.
void complete(std::vector<domain::Evidence>& evidence, const port::Assignment& assignment,
              const worker::Candidate& candidate, Instant now) {
  const auto& commands = candidate.rules.commands;
  for (auto& one : evidence) {
    one.tree = candidate.deliverable.tree;
    one.at = now;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (one.criterion != domain::command_id(i)) continue;
      one.cls = domain::CriterionClass::command;
      one.text = one.command = commands[i];
    }
    for (const auto& criterion : assignment.spec.criteria) {
      if (one.criterion != criterion.id) continue;
      one.cls = criterion.cls;
      one.text = criterion.text;
      one.command = !criterion.checks.empty()                                ? worker::shown_checks(criterion)
                    : one.verdict == domain::EvidenceVerdict::attested ? "nobody checked it"
                                                                       : "waits for a person";
    }
  }
}

Result<Judged> judge(Exchange& exchange, const RunId& run, domain::Fence fence, std::vector<domain::Evidence> evidence) {
  const auto assignment = exchange.engine.runs.assignment(run, fence);
  if (!assignment) return failure(assignment.error());
  if (assignment->step != domain::Step::verify) {
    return failure(FailureCode::STATE_REFUSED, fmt::format("run {} is not being verified", run.to_string()));
  }
  auto candidate = exchange.files.runs.candidate(*assignment);
  if (!candidate) return failure(std::move(candidate.error()));
  complete(evidence, *assignment, *candidate, exchange.now);
  const auto& rules = candidate->rules;
  auto tally = domain::tally({.spec = assignment->spec,
                              .commands = rules.commands,
                              .unverified = rules.unverified,
                              .signed_off = assignment->signed_off,
                              .tree = candidate->deliverable.tree},
                             evidence);
  if (!tally) return failure(std::move(tally.error()));
  tally->counts.fence = fence;
  tally->counts.deliverable = candidate->deliverable;
  tally->counts.nothing_to_deliver = candidate->nothing_to_deliver;
  tally->counts.no_change_allowed = assignment->spec.no_change;
  return Judged{std::move(*candidate), std::move(evidence), std::move(*tally)};
}

Response taken() { return json({{"taken", true}}); }

}  // namespace

Result<Response> verified_run(Exchange& exchange) {
  auto sent = remote::read_verified(exchange.body);
  if (!sent) return failure(std::move(sent.error()));
  const auto& id = exchange.arguments.run("run");
  auto& workers = exchange.engine.workers;
  const auto& who = exchange.asked.who;
  const auto fence = sent->fence;
  if (workers.was_taken(id, domain::Verified{.fence = fence}, who)) return taken();
  if (const auto held = workers.held(id, fence, who); !held) {
    if (held.error().code != FailureCode::LEASE_STALE) return failure(held.error());
    // The late report of somebody who was away is refused there, and the refusal is told in the log.
    auto refused = workers.report(id, domain::Verified{.fence = fence}, who);
    if (!refused) return failure(std::move(refused.error()));
    return taken();
  }
  auto judged = judge(exchange, id, fence, std::move(sent->evidence));
  if (!judged) return failure(std::move(judged.error()));
  if (judged->candidate.deliverable.new_commit != sent->commit) {
    return failure(FailureCode::REQUEST_INVALID, "another commit was judged than the one that was given");
  }
  if (!judged->tally.red.empty() || !judged->tally.complete) {
    return failure(FailureCode::REQUEST_INVALID,
                   judged->tally.red.empty() ? "there is not evidence for each check and each criterion"
                                             : fmt::format("{} is red", judged->tally.red.front()));
  }
  auto done = workers.report(id, std::move(judged->tally.counts), who, std::move(judged->evidence));
  if (!done) return failure(std::move(done.error()));
  return taken();
}

Result<Response> failed_verification(Exchange& exchange, domain::StepFailed failed) {
  auto evidence = remote::read_evidence(exchange.body);
  if (!evidence) return failure(std::move(evidence.error()));
  const auto& id = exchange.arguments.run("run");
  auto& workers = exchange.engine.workers;
  std::vector<domain::Evidence> seen;
  if (!evidence->empty() && !workers.was_taken(id, failed, exchange.asked.who)) {
    auto judged = judge(exchange, id, failed.fence, std::move(*evidence));
    if (!judged) return failure(std::move(judged.error()));
    seen = std::move(judged->evidence);
  }
  auto done = workers.report(id, std::move(failed), exchange.asked.who, std::move(seen));
  if (!done) return failure(std::move(done.error()));
  return taken();
}

}  // namespace vitana::gateway
