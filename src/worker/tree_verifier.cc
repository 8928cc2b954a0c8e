#include "worker/tree_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/stop.h"
#include "domain/tally.h"
#include "git/tree.h"
#include "worker/base_check.h"
#include "worker/janitor.h"
#include "worker/run_log.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;
using domain::Criterion;
using domain::CriterionClass;
using domain::Evidence;
using domain::EvidenceVerdict;

// Both exit codes of a criterion's checks: the first red one of each side, else 0.
struct Judged {
  int result = 0;
  int base = 0;
  std::string output;
  bool keeps = true;
};

// One verify step.
class Step {
 public:
  Step(const Sandbox& sandbox, port::Clock& clock, const TreeVerifierOptions& options,
       const port::Assignment& assignment, Candidate candidate, std::stop_token stop)
      : sandbox_(sandbox),
        clock_(clock),
        options_(options),
        assignment_(assignment),
        rules_(std::move(candidate.rules)),
        stop_(std::move(stop)),
        folder_(options.workspaces /
                (workspace_name(assignment.run.id, assignment.lease().fence) + "-verify")),
        tip_(std::move(candidate.tip)) {
    remove_tree(folder_);
    found_.verified.deliverable = std::move(candidate.deliverable);
    found_.verified.nothing_to_deliver = candidate.nothing_to_deliver;
    found_.verified.no_change_allowed = assignment.spec.no_change;
    found_.error = std::move(candidate.error);
  }
  ~Step() {
    result_bench_.reset();
    base_bench_.reset();
    remove_tree(folder_);
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  Result<port::Verification> take() {
    found_.verified.fence = assignment_.lease().fence;
    if (found_.error) return std::move(found_);
    for (auto part : {&Step::run_commands, &Step::judge_criteria}) {
      if (auto done = (this->*part)(); !done) return failure(std::move(done.error()));
      if (ended_) return std::move(found_);
    }
    if (auto counted = count(); !counted) return failure(std::move(counted.error()));
    return std::move(found_);
  }

 private:
  const domain::Run& run() const { return assignment_.run; }
  domain::Deliverable& deliverable() { return found_.verified.deliverable; }
  const git::Mirror& mirror() const { return *rules_.mirror; }

  // The result does not stand, and what comes next would judge nothing.
  void end(Error error) {
    if (!found_.error) found_.error = std::move(error);
    ended_ = true;
  }

  Result<CheckBench*> bench(std::unique_ptr<CheckBench>& kept, TreeOf tree_of, const git::Oid& commit,
                            const char* name) {
    if (!kept) {
      auto made =
          CheckBench::make(sandbox_, rules_, tree_of, commit, folder_ / name, options_.check_limits, stop_);
      if (!made) return failure(std::move(made.error()));
      kept = std::move(*made);
    }
    return kept.get();
  }
  Result<CheckBench*> result_bench() {
    return bench(result_bench_, TreeOf::result, deliverable().new_commit, "result");
  }
  Result<CheckBench*> base_bench() { return bench(base_bench_, TreeOf::branch, tip_, "base"); }

  Result<void> run_commands() {
    for (std::size_t i = 0; i < rules_.commands.size(); ++i) {
      const auto& command = rules_.commands[i];
      auto on = result_bench();
      if (!on && on.error().code == FailureCode::SETUP_FAILED) return setup_failed(on.error());
      if (!on) return failure(std::move(on.error()));
      const auto outcome = (*on)->run(command, rules_.command_timeout, stop_);
      if (!outcome) return failure(outcome.error());
      Evidence evidence = evidence_of(domain::command_id(i), command);
      evidence.cls = CriterionClass::command;
      evidence.verdict = outcome->green() ? EvidenceVerdict::held : EvidenceVerdict::failed;
      evidence.command = command;
      evidence.exit_code = outcome->exit_code;
      evidence.output = outcome->output;
      if (outcome->green()) evidence.base_exit_code = 0;
      found_.evidence.push_back(std::move(evidence));
      if (!outcome->green() && !found_.error) {
        auto error = blame(command, *outcome);
        if (!error) return failure(std::move(error.error()));
        found_.error = std::move(*error);
      }
    }
    return {};
  }

  // Setup was green on the base and is red on the result: the change broke it. On a moved tip
  // nobody knows, so the step itself has failed.
  Result<void> setup_failed(const Error& error) {
    auto base = base_bench();
    if (!base) return failure(std::move(base.error()));
    Error red = error;
    red.code = FailureCode::CHECKS_FAILED;
    end(std::move(red));
    return {};
  }

  // The base commit was green before the agent started; a tip that moved since may be red itself.
  Result<Error> blame(const std::string& command, const CheckOutcome& outcome) {
    if (tip_ != run().base_commit) {
      auto green = require_green_base({.sandbox = sandbox_,
                                       .rules = rules_,
                                       .green = options_.green_bases,
                                       .repo = run().repo,
                                       .commit = tip_,
                                       .folder = folder_ / "tip",
                                       .limits = options_.check_limits},
                                      stop_);
      if (!green && green.error().code == FailureCode::BASE_RED) return std::move(green.error());
      if (!green) return failure(std::move(green.error()));  // who made it red is not known
    }
    return red_command(FailureCode::CHECKS_FAILED, command, outcome);
  }

  Evidence evidence_of(std::string id, std::string text) const {
    Evidence evidence;
    evidence.criterion = std::move(id);
    evidence.text = std::move(text);
    evidence.tree = found_.verified.deliverable.tree;
    evidence.at = clock_.now();
    return evidence;
  }

  Result<void> judge_criteria() {
    for (const auto& criterion : assignment_.spec.criteria) {
      if (criterion.checks.empty()) {
        judge_unchecked(criterion);
        continue;
      }
      auto judged = judge(criterion);
      if (!judged && judged.error().code == FailureCode::SETUP_FAILED && !found_.error) {
        return setup_failed(judged.error());
      }
      if (!judged) return failure(std::move(judged.error()));
      Evidence evidence = evidence_of(criterion.id, criterion.text);
      evidence.cls = criterion.cls;
      evidence.verdict = domain::verdict_of(judged->result, judged->base, judged->keeps);
      evidence.command = shown_checks(criterion);
      evidence.exit_code = judged->result;
      evidence.base_exit_code = judged->base;
      if (evidence.verdict == EvidenceVerdict::failed && red_output_.empty()) {
        red_output_ = CheckOutcome{1, judged->output}.last_words();
      }
      evidence.output = std::move(judged->output);
      found_.evidence.push_back(std::move(evidence));
    }
    return {};
  }

  Result<CheckOutcome> outcome_of(const domain::Check& check, bool on_base) {
    if (check.file) {
      return run_file_check(mirror(), on_base ? tip_ : deliverable().tree, *check.file);
    }
    auto on = on_base ? base_bench() : result_bench();
    if (!on) return failure(std::move(on.error()));
    return (*on)->run(check.script, check.timeout, stop_);
  }

  Result<Judged> judge(const Criterion& criterion) {
    Judged judged;
    for (const auto& check : criterion.checks) {
      const auto base = outcome_of(check, true);
      if (!base) return failure(base.error());
      auto result = outcome_of(check, false);
      if (!result) return failure(std::move(result.error()));
      // The output that is kept is that of the first red check, or of the last green one.
      if (judged.result == 0) judged.output = std::move(result->output);
      if (judged.result == 0) judged.result = result->exit_code;
      if (judged.base == 0) judged.base = base->exit_code;
      judged.keeps = judged.keeps && check.keeps;
    }
    return judged;
  }

  // A judge that is an agent there is not yet: what asks for one waits for a person.
  void judge_unchecked(const Criterion& criterion) {
    // The person's judgement is in the log already.
    const auto& judged = assignment_.signed_off;
    if (std::ranges::find(judged, criterion.id, &Evidence::criterion) != judged.end()) return;
    Evidence evidence = evidence_of(criterion.id, criterion.text);
    evidence.cls = criterion.cls;
    evidence.verdict = domain::verdict_of_unchecked(criterion, rules_.unverified);
    evidence.command = domain::words_of_unchecked(evidence.verdict);
    found_.evidence.push_back(std::move(evidence));
  }

  /// What all of it comes to.
  Result<void> count() {
    auto tally = domain::tally({.spec = assignment_.spec,
                                .commands = rules_.commands,
                                .unverified = rules_.unverified,
                                .signed_off = assignment_.signed_off,
                                .tree = deliverable().tree},
                               found_.evidence);
    if (!tally) return failure(std::move(tally.error()));
    auto before = std::exchange(found_.verified, std::move(tally->counts));
    found_.verified.fence = before.fence;
    found_.verified.deliverable = std::move(before.deliverable);
    found_.verified.nothing_to_deliver = before.nothing_to_deliver;
    found_.verified.no_change_allowed = before.no_change_allowed;
    std::erase_if(tally->red, domain::is_command_id);
    if (!tally->red.empty()) end(criteria_error(tally->red));
    return {};
  }

  Error criteria_error(const std::vector<std::string>& red) const {
    const auto names = fmt::format("{}", fmt::join(red, ", "));
    return Error{
        FailureCode::VERIFICATION_FAILED,
        fmt::format("{} {} red on the result", names, red.size() == 1 ? "is" : "are"),
        {},
        {{"criteria", names}, {"output", red_output_}}};
  }

  const Sandbox& sandbox_;
  port::Clock& clock_;
  const TreeVerifierOptions& options_;
  const port::Assignment& assignment_;
  RepositoryRules rules_;
  const std::stop_token stop_;
  const fs::path folder_;
  std::unique_ptr<CheckBench> result_bench_, base_bench_;
  port::Verification found_;
  bool ended_ = false;
  git::Oid tip_;
  std::string red_output_;
};

}  // namespace

TreeVerifier::TreeVerifier(const Sandbox& sandbox, port::Clock& clock, TreeVerifierOptions options)
    : sandbox_(sandbox), clock_(clock), options_(std::move(options)) {}

Result<port::Verification> TreeVerifier::verify(const port::Assignment& assignment,
                                                std::stop_token stop) {
  const StopScope stoppable(stop);
  // What the agent was granted may be in the files that it has left, in their names, and in what a check prints of
  // them. A secret that is not there any more cannot be looked for.
  const auto redactor = redactor_for(options_.agent, options_.secret, assignment.run.agent);
  auto candidate = options_.candidate ? options_.candidate(assignment) : make_candidate(options_.rules, assignment);
  if (!candidate) return failure(redactor.all(std::move(candidate.error())));
  auto found = Step(sandbox_, clock_, options_, assignment, std::move(*candidate), std::move(stop)).take();
  if (!found) return failure(redactor.all(std::move(found.error())));
  if (found->error) found->error = redactor.all(std::move(*found->error));
  for (auto& evidence : found->evidence) {
    evidence.command = redactor.all(evidence.command);
    evidence.output = redactor.all(evidence.output);
  }
  return found;
}

}  // namespace vitana::worker
