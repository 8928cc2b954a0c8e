#include "domain/test_subjects.h"

#include <fmt/format.h>

namespace vitana::domain::testing {

using namespace std::chrono_literals;

Waits waits_for(BlockReason reason) {
  Waits w;
  switch (reason) {
    case BlockReason::not_adopted:
      w.adoption = true;
      break;
    case BlockReason::spec_conflict:
      w.conflict = true;
      break;
    case BlockReason::spec_renumbered:
      w.renumbered = true;
      break;
    case BlockReason::spec_held:
      w.spec_held = true;
      break;
    case BlockReason::spec_approval:
      w.spec_approval = true;
      break;
    case BlockReason::dependency_unknown:
      w.dependency_unknown = true;
      break;
    case BlockReason::dependency_failed:
      w.dependency_failed = true;
      break;
    case BlockReason::dependency_pending:
      w.dependencies_open = 1;
      break;
    case BlockReason::approval_pending:
      w.approval = true;
      break;
    case BlockReason::quarantined:
    case BlockReason::question:
    case BlockReason::sign_off:
    case BlockReason::delivery_target_dirty:
    case BlockReason::evidence_lacking:
      break;
  }
  return w;
}

Task task(TaskStatus status) {
  Task t{.vtid = vtid};
  t.title = "Sidebar colour";
  t.status = status;
  t.repo = "hub";
  if (status != TaskStatus::draft) t.spec = SpecPin{1, Digest::of("one")};
  t.next = {is_terminal(status) ? NextKind::none : NextKind::gate, "next", std::nullopt};
  t.revision = 5;
  return t;
}

Run run(RunState state, bool leased) {
  Run r{.id = {vtid, 1}};
  r.state = state;
  r.spec_digest = Digest::of("one");
  r.repo = "hub";
  r.fence = 3;
  r.revision = 2;
  if (leased) r.lease = Lease{"w", 3, noon, noon + lease_time};
  if (state == RunState::delivering || state == RunState::completed) {
    r.deliverable = Deliverable{"refs/heads/main", "old", "new", "tree"};
  }
  return r;
}

Subject blocked(BlockReason reason, std::optional<Run> with) {
  Task t = task(TaskStatus::blocked);
  t.blocked = reason;
  t.waits = waits_for(reason);
  t.next = {NextKind::person, "next", std::nullopt};
  if (with) t.attempt = 1;
  return {t, std::move(with)};
}

Subject in_progress(RunState state, bool leased) {
  Task t = task(TaskStatus::in_progress);
  t.attempt = 1;
  t.next = {NextKind::worker, "next", noon};
  return {t, run(state, leased)};
}

namespace {

bool has_lease(RunState state) {
  return state == RunState::executing || state == RunState::verifying ||
         state == RunState::delivering;
}

std::vector<Subject> plain_subjects() {
  std::vector<Subject> all;
  for (const auto status : {TaskStatus::draft, TaskStatus::scheduled, TaskStatus::completed,
                            TaskStatus::failed, TaskStatus::cancelled}) {
    all.push_back({task(status), std::nullopt});
    if (status == TaskStatus::draft) continue;
    for (const auto state : {RunState::completed, RunState::failed, RunState::cancelled}) {
      Subject s{task(status), run(state, false)};
      s.task.attempt = 1;
      all.push_back(s);
    }
  }
  Subject timed{task(TaskStatus::scheduled), std::nullopt};
  timed.task.not_before = noon;
  timed.task.next = {NextKind::timer, "next", noon};
  all.push_back(timed);
  for (const auto status : {TaskStatus::completed, TaskStatus::cancelled}) {
    Subject s{task(status), std::nullopt};  // closed or cancelled as a draft
    s.task.spec.reset();
    all.push_back(s);
  }
  for (const auto state : run_states) {
    if (is_terminal(state)) continue;
    all.push_back(in_progress(state, false));
    if (has_lease(state)) all.push_back(in_progress(state, true));
  }
  return all;
}

std::vector<Subject> blocked_subjects() {
  std::vector<Subject> all;
  for (const auto reason : block_reasons) {
    switch (reason) {
      case BlockReason::sign_off:
      case BlockReason::evidence_lacking: {
        auto r = run(RunState::verifying, false);
        r.parked = true;
        all.push_back(blocked(reason, r));
        break;
      }
      case BlockReason::delivery_target_dirty:
        for (const bool leased : {false, true}) {
          for (const bool parked : {false, true}) {
            if (leased && parked) continue;
            auto r = run(RunState::delivering, leased);
            r.parked = parked;
            all.push_back(blocked(reason, r));
            all.back().task.next = {NextKind::timer, "next", noon};
          }
        }
        break;
      case BlockReason::question:
      case BlockReason::quarantined:
        all.push_back(blocked(reason, run(RunState::failed, false)));
        all.push_back(all.back());
        all.back().task.waits.approval = true;  // came up since
        break;
      case BlockReason::dependency_unknown:
        all.push_back(blocked(reason));
        all.back().task.next.due = noon;
        break;
      case BlockReason::spec_conflict:
        all.push_back(blocked(reason));
        all.push_back(blocked(reason));
        all.back().task.spec.reset();  // the conflict came before any version
        break;
      case BlockReason::not_adopted:
      case BlockReason::spec_renumbered:
      case BlockReason::spec_held:
      case BlockReason::spec_approval:
      case BlockReason::dependency_failed:
      case BlockReason::dependency_pending:
      case BlockReason::approval_pending:
        all.push_back(blocked(reason));
        all.push_back(blocked(reason, run(RunState::failed, false)));
        break;
    }
  }
  return all;
}

}  // namespace

std::vector<Subject> all_subjects() {
  std::vector<Subject> all = plain_subjects();
  for (auto& s : blocked_subjects()) all.push_back(std::move(s));
  const std::size_t plain = all.size();
  for (std::size_t i = 0; i < plain; ++i) {
    if (!all[i].task.spec) continue;
    // Nothing left of any budget.
    Subject spent = all[i];
    spent.task.spent = {
        2, transient_failures_max - 1, worker_losses_max - 1, engine_losses_max - 1, {}};
    if (spent.run && !is_terminal(spent.run->state)) {
      spent.run->step_failures = step_retries_max;
      spent.run->base_moves = base_moves_max;
      spent.run->route_failures = 5;
    }
    all.push_back(spent);
    // A newer text stands by; then one that itself has to wait.
    if (all[i].task.status == TaskStatus::draft || all[i].task.status == TaskStatus::scheduled)
      continue;
    for (Subject s : {all[i], spent}) {
      s.task.newer = NewerSpec{{2, Digest::of("two")}, false, "Two", "", 2};
      all.push_back(s);
      if (s.run && !is_terminal(s.run->state)) {
        s.task.waits.spec_held = true;
        all.push_back(s);
      }
      s.task.newer->needs_approval = true;
      all.push_back(s);
    }
  }
  return all;
}

std::vector<Command> all_commands(Fence fence) {
  const SpecPin two{2, Digest::of("two")};
  const Deliverable deliverable{"refs/heads/main", "old", "newer", "tree"};
  std::vector<Command> all;
  RegisterSpec spec{two, "Title", "hub"};
  all.emplace_back(spec);
  for (const auto reason : block_reasons) {
    if (const auto waits = waits_for(reason); waits.first()) {
      spec.waits = waits;
      all.emplace_back(spec);
      all.emplace_back(ChangeWaits{waits, "reason"});
    }
  }
  spec.waits = {};
  spec.own_delivery = true;
  all.emplace_back(spec);
  spec.close = true;
  all.emplace_back(spec);
  spec.own_delivery = false;
  all.emplace_back(spec);
  all.emplace_back(RefuseSpec{{FailureCode::SPEC_INVALID, "bad"}});
  all.emplace_back(RefuseSpec{{FailureCode::SPEC_NOT_FOUND, "none"}});
  all.emplace_back(RefuseSpec{{FailureCode::CHECKSUM_MISMATCH, "changed"}});
  all.emplace_back(ChangeWaits{{}, "clear"});
  all.emplace_back(Close{"done"});
  all.emplace_back(Allocate{"base", Digest::of("config"), "fixer"});
  all.emplace_back(Offer{});
  all.emplace_back(Offer{"http://worker"});
  all.emplace_back(RouteAccepted{});
  all.emplace_back(RouteFailed{{FailureCode::ROUTE_FAILED, "no answer"}});
  all.emplace_back(Claim{"w2", fence + 1, noon + lease_time, 60min});

  Executed executed{fence, "result", "tree"};
  all.emplace_back(executed);
  executed.question = "which colour?";
  all.emplace_back(executed);
  executed.question.clear();
  executed.changed = false;
  all.emplace_back(executed);
  executed.no_change_allowed = true;
  all.emplace_back(executed);
  for (const auto code :
       {FailureCode::AGENT_FAILED, FailureCode::WORKSPACE_FAILED, FailureCode::BASE_RED,
        FailureCode::PATH_FORBIDDEN, FailureCode::VERIFICATION_FAILED}) {
    all.emplace_back(StepFailed{fence, {code, "failed"}});
  }
  Verified verified{fence, deliverable};
  verified.passed = 1;
  all.emplace_back(verified);
  verified.passed = 0;
  all.emplace_back(verified);
  verified.open_sign_offs = 1;
  all.emplace_back(verified);
  verified.open_sign_offs = 0;
  verified.nothing_to_deliver = true;
  all.emplace_back(verified);
  verified.no_change_allowed = true;
  all.emplace_back(verified);
  all.emplace_back(SignOff{"AC-1", true, 0});
  all.emplace_back(SignOff{"AC-1", true, 1});
  all.emplace_back(SignOff{"AC-1", false, 0, "ugly"});
  all.emplace_back(BaseMoved{fence, "tip"});
  all.emplace_back(TargetDirty{fence, "a.txt"});
  all.emplace_back(Delivered{fence});
  all.emplace_back(LeaseLost{fence, false});
  all.emplace_back(LeaseLost{fence, true});
  all.emplace_back(Release{fence});
  all.emplace_back(DeadlinePassed{});
  all.emplace_back(Cancel{"enough"});
  all.emplace_back(Retry{"again", {}});
  all.emplace_back(Retry{"again", waits_for(BlockReason::approval_pending)});
  all.emplace_back(Answer{"blue"});
  return all;
}

std::string describe(const Subject& subject, const Command& command) {
  const auto& t = subject.task;
  return fmt::format("{} of a task that is {}{}, {}", name_of(kind_of(command)), name_of(t.status),
                     t.blocked ? fmt::format(" ({})", name_of(*t.blocked)) : "",
                     subject.run ? fmt::format("run {}{}", name_of(subject.run->state),
                                               subject.run->lease ? ", leased" : "")
                                 : "no run");
}

}  // namespace vitana::domain::testing
