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
      one.base_exit_code.reset();
      one.text = one.command = commands[i];
    }
    for (const auto& criterion : assignment.spec.criteria) {
      if (one.criterion != criterion.id) continue;
      one.cls = criterion.cls;
      one.text = criterion.text;
      one.command = worker::shown_checks(criterion);
      if (!criterion.checks.empty()) continue;
      one.command = domain::words_of_unchecked(one.verdict);
    }
  }
}

/// REQUIRES: the caller holds the run under this token.
Result<Judged> judge(Exchange& exchange, const RunId& run, domain::Fence fence,
                     std::vector<domain::Evidence> evidence) {
  const auto assignment = exchange.engine.runs.assignment(run, fence);
  if (!assignment) return failure(assignment.error());
  if (assignment->step != domain::Step::verify) {
    return failure(FailureCode::STATE_REFUSED, fmt::format("run {} is not being verified", run.to_string()));
  }
  auto candidate = exchange.files.runs.candidate(*assignment);
  if (!candidate) return failure(std::move(candidate.error()));
  const auto redactor = exchange.files.runs.redactor(assignment->run.agent);
  for (auto& one : evidence) one.output = redactor.all(one.output);
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

/// What is red or was not looked at is no verified result.
Result<void> require_green(const Judged& judged, const std::string& commit) {
  const auto refused = [](std::string why) { return failure(FailureCode::REQUEST_INVALID, std::move(why)); };
  if (judged.candidate.deliverable.new_commit != commit) {
    return refused("another commit was judged than the one that was given");
  }
  if (!judged.tally.red.empty()) return refused(fmt::format("{} is red", judged.tally.red.front()));
  if (!judged.tally.complete) return refused("there is not evidence for each check and each criterion");
  return {};
}

/// Is there something red of the kind that the code tells of?
bool shows(const domain::Tally& tally, FailureCode code) {
  const bool of_commands = code == FailureCode::CHECKS_FAILED;
  return std::any_of(tally.red.begin(), tally.red.end(),
                     [&](const auto& id) { return domain::is_command_id(id) == of_commands; });
}

Response taken() { return json({{"taken", true}}); }

Result<Response> report(Exchange& exchange, port::StepReport report, std::vector<domain::Evidence> evidence = {}) {
  auto done = exchange.engine.workers.report(exchange.arguments.run("run"), std::move(report), exchange.asked.who,
                                             std::move(evidence));
  if (!done) return failure(std::move(done.error()));
  return taken();
}

}  // namespace

Result<Response> verified_run(Exchange& exchange) {
  auto sent = remote::read_verified(exchange.body);
  if (!sent) return failure(std::move(sent.error()));
  const auto& id = exchange.arguments.run("run");
  auto& workers = exchange.engine.workers;
  const domain::Verified bare{.fence = sent->fence};
  if (workers.was_taken(id, bare, exchange.asked.who)) return taken();
  if (const auto held = workers.held(id, sent->fence, exchange.asked.who); !held) {
    if (held.error().code != FailureCode::LEASE_STALE) return failure(held.error());
    // The late report of somebody who was away is refused there, and the refusal is told in the log.
    return report(exchange, bare);
  }
  auto judged = judge(exchange, id, sent->fence, std::move(sent->evidence));
  if (!judged) return failure(std::move(judged.error()));
  if (auto green = require_green(*judged, sent->commit); !green) return failure(std::move(green.error()));
  // Where it would go by now holds what is not known here: what was seen stays, and nothing is delivered.
  if (auto& error = judged->candidate.error) {
    auto ended = exchange.engine.runs.report(id, domain::StepFailed{sent->fence, std::move(*error)},
                                             std::move(judged->evidence));
    if (!ended) return failure(std::move(ended.error()));
    return taken();
  }
  return report(exchange, std::move(judged->tally.counts), std::move(judged->evidence));
}

Result<Response> failed_verification(Exchange& exchange, const domain::Run& held, domain::StepFailed failed) {
  auto evidence = remote::read_evidence(exchange.body);
  if (!evidence) return failure(std::move(evidence.error()));
  failed.error = exchange.files.runs.redactor(held.agent).all(std::move(failed.error));
  const auto code = failed.error.code;
  const bool of_result = code == FailureCode::CHECKS_FAILED || code == FailureCode::VERIFICATION_FAILED;
  if (evidence->empty() && !of_result) return report(exchange, std::move(failed));
  const bool bare = evidence->empty();
  auto judged = judge(exchange, held.id, failed.fence, std::move(*evidence));
  if (!judged) return failure(std::move(judged.error()));
  // A setup that is red on the result alone leaves nothing to show.
  const bool of_setup = bare && code == FailureCode::CHECKS_FAILED && !judged->candidate.rules.setup.empty();
  if (of_result && !of_setup && !shows(judged->tally, code)) {
    return failure(FailureCode::REQUEST_INVALID, fmt::format("no evidence for {} is there", name_of(code)));
  }
  return report(exchange, std::move(failed), std::move(judged->evidence));
}

}  // namespace vitana::gateway
