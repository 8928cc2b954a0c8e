#include "domain/gate.h"

#include <fmt/format.h>

#include <algorithm>

namespace vitana::domain {
namespace {

/// Collects verdicts in the order in which they are asked.
class Verdicts {
 public:
  void ask(std::string gate, bool pass, std::optional<FailureCode> code, std::string detail,
           Holds holds = Holds::task, std::optional<Instant> until = {}) {
    GateVerdict verdict{std::move(gate), pass};
    verdict.holds = holds;
    if (!pass) verdict.code = code;
    if (!pass) verdict.until = until;
    verdict.detail = std::move(detail);
    all_.push_back(std::move(verdict));
  }

  GateAnswer answer() && { return {std::move(all_)}; }

 private:
  std::vector<GateVerdict> all_;
};

void ask_spec(Verdicts& verdicts, const GateInput& in) {
  const bool there = in.task.spec.has_value();
  const auto code = in.task.failure && failure_info(in.task.failure->code).cls == FailureClass::spec
                        ? in.task.failure->code
                        : FailureCode::SPEC_NOT_FOUND;
  verdicts.ask("spec", there, code,
               there ? fmt::format("version {}, {}", in.task.spec->version,
                                   in.task.spec->digest.to_string())
                     : in.spec_problem);
  if (!there) return;
  const Digest& pinned = in.run ? in.run->spec_digest : in.task.spec->digest;
  const bool intact = in.text_digest && *in.text_digest == pinned;
  verdicts.ask("integrity", intact, FailureCode::CHECKSUM_MISMATCH,
               intact ? "the stored text has the locked digest"
               : in.text_digest ? fmt::format("the stored text has digest {}, {} was locked",
                                              in.text_digest->to_string(), pinned.to_string())
                                : "the stored text is gone");
}

void ask_waits(Verdicts& verdicts, const Task& task) {
  const Waits& w = task.waits;
  verdicts.ask("conflict", !w.conflict, FailureCode::SPEC_CONFLICT,
               w.conflict ? "several sources give differing texts" : "one text is in force");
  verdicts.ask("identity", !w.renumbered, FailureCode::SPEC_RENUMBERED,
               w.renumbered ? "the same text has another VTID" : "the text is of this VTID alone");
  verdicts.ask("adoption", !w.adoption, FailureCode::NOT_ADOPTED,
               w.adoption ? "the spec was there before vitana and nobody released it" : "adopted");
  verdicts.ask("approved text", !w.spec_held && !w.spec_approval, FailureCode::SPEC_NOT_APPROVED,
               w.spec_held       ? "its front matter says status: draft"
               : w.spec_approval ? "this version needs: vitana spec approve"
                                 : "no approval of the text is asked for");
  const bool deps_clear = !w.dependency_unknown && !w.dependency_failed && w.dependencies_open == 0;
  verdicts.ask("dependencies", deps_clear,
               w.dependency_unknown  ? FailureCode::DEPENDENCY_UNKNOWN
               : w.dependency_failed ? FailureCode::DEPENDENCY_FAILED
                                     : FailureCode::DEPENDENCY_PENDING,
               w.dependency_unknown   ? "it names a task that does not exist"
               : w.dependency_failed  ? "a task it depends on failed"
               : w.dependencies_open > 0
                   ? fmt::format("{} not completed yet", w.dependencies_open)
                   : "none open");
  verdicts.ask("permission", !w.approval, FailureCode::APPROVAL_REQUIRED,
               w.approval ? "execution needs: vitana task approve" : "execution is permitted");
}

void ask_task(Verdicts& verdicts, const GateInput& in, const Policy& policy, Instant now) {
  const Task& task = in.task;
  verdicts.ask("quarantine", task.blocked != BlockReason::quarantined, FailureCode::QUARANTINED,
               task.blocked == BlockReason::quarantined ? "its workers died too often" : "none");
  const bool due = task.not_before <= now;
  verdicts.ask("back-off", due, task.failure ? task.failure->code : FailureCode::STATE_REFUSED,
               due ? "none" : fmt::format("the next run may start at {}", to_rfc3339(task.not_before)),
               Holds::task, task.not_before);
  const bool runs_left =
      policy.caps.runs_per_task == 0 || task.spent.runs < policy.caps.runs_per_task;
  verdicts.ask("runs of the task", runs_left, FailureCode::BUDGET_RUNS,
               fmt::format("{} of {} used", task.spent.runs,
                           policy.caps.runs_per_task == 0 ? "any number"
                                                          : std::to_string(policy.caps.runs_per_task)));
}

void ask_surroundings(Verdicts& verdicts, GatePoint point, const GateInput& in,
                      const Policy& policy, Instant now) {
  const bool on = is_on(in.execution, now);
  std::string pause = "on";
  if (!on) {
    pause = !in.execution ? "the control is missing, which counts as off"
                          : fmt::format("off since {}: {}", to_rfc3339(in.execution->at),
                                        in.execution->reason);
  }
  verdicts.ask("execution control", on, FailureCode::EXECUTION_PAUSED, pause, Holds::all,
               in.execution ? in.execution->until : std::nullopt);
  verdicts.ask("repository", in.repo_known, FailureCode::REPO_UNKNOWN,
               in.repo_known ? in.task.repo : fmt::format("no repository '{}'", in.task.repo),
               Holds::repository);
  verdicts.ask("known deliveries", in.repo_settled, FailureCode::REPO_UNSETTLED,
               in.repo_settled ? "none is missing"
                               : "this store has not read the repository yet, or not since it was restored",
               Holds::repository);
  const auto ask_breaker = [&](std::string gate, const std::optional<Breaker>& breaker,
                               Holds holds) {
    if (!breaker || !breaker->open) {
      return verdicts.ask(std::move(gate), true, {}, "no fault known");
    }
    const std::string fault =
        fmt::format("{} since {}", breaker->detail, to_rfc3339(breaker->since));
    if (breaker->probe) {
      const bool mine = in.run && in.run->id == *breaker->probe;
      // Of the runs that there are, the one that tries may still come.
      return verdicts.ask(std::move(gate), mine, breaker->code,
                          fmt::format("{}; {} tries whether it works again", fault,
                                      breaker->probe->to_string()),
                          point == GatePoint::dispatch ? holds : Holds::task);
    }
    verdicts.ask(std::move(gate), breaker->probe_at <= now, breaker->code,
                 fmt::format("{}; one run tries again at {}", fault, to_rfc3339(breaker->probe_at)),
                 holds, breaker->probe_at);
  };
  ask_breaker("state of the repository", in.repo_breaker, Holds::repository);
  if (point == GatePoint::delivery) return;

  verdicts.ask("agent", in.agent_known, FailureCode::AGENT_UNKNOWN,
               in.agent_known ? "configured"
               : in.run       ? fmt::format("its run began with the agent '{}', which is not configured", in.run->agent)
                              : "no such agent is configured",
               Holds::agent);
  ask_breaker("state of the agent", in.agent_breaker, Holds::agent);
  const auto trial = in.agent_breaker.value_or(Breaker{}).trial_slots();
  const bool tried = in.agent_breaker && in.agent_breaker->open;  // the probe's question, above
  verdicts.ask("trial of the agent",
               point == GatePoint::claim || tried || !trial || in.agent_running < *trial,
               FailureCode::SLOTS_BUSY,
               trial ? fmt::format("until a run of it works, {} at a time", *trial) : "it works",
               Holds::agent);
  const bool day_left =
      policy.caps.runs_per_repo_day == 0 || in.repo_runs_day < policy.caps.runs_per_repo_day;
  verdicts.ask("runs of the day", day_left || point == GatePoint::claim, FailureCode::BUDGET_DAY,
               fmt::format("{} in the last 24 hours", in.repo_runs_day), Holds::repository);
  const bool slot = policy.caps.concurrent == 0 || in.running < policy.caps.concurrent;
  verdicts.ask("concurrency", slot, FailureCode::SLOTS_BUSY, fmt::format("{} under way", in.running),
               Holds::all);
}

}  // namespace

bool is_on(const std::optional<Control>& control, Instant now) {
  if (!control) return false;
  const bool lapsed = control->until && *control->until <= now;
  // A setting that has run out gives way to the other: a grant lapses to denied, a pause to on.
  return lapsed ? !control->on : control->on;
}

GateAnswer gate(GatePoint point, const GateInput& input, const Policy& policy, Instant now) {
  Verdicts verdicts;
  ask_spec(verdicts, input);
  if (point == GatePoint::schedule || point == GatePoint::dispatch) {
    ask_waits(verdicts, input.task);
    ask_task(verdicts, input, policy, now);
  }
  if (point != GatePoint::schedule) ask_surroundings(verdicts, point, input, policy, now);
  return std::move(verdicts).answer();
}

bool GateAnswer::allowed() const { return blocking() == nullptr; }

const GateVerdict* GateAnswer::blocking() const {
  const auto it = std::find_if(verdicts.begin(), verdicts.end(),
                               [](const GateVerdict& v) { return !v.pass; });
  return it == verdicts.end() ? nullptr : &*it;
}

}  // namespace vitana::domain
