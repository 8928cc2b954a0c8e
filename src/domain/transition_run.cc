// What commands make of a run: dispatch, execute, verify, deliver, and the ways they fail.
#include <fmt/format.h>

#include "base/check.h"
#include "domain/breaker.h"
#include "domain/mover.h"
#include "domain/retry.h"

namespace vitana::domain {
namespace {

constexpr std::string_view awaiting_verifier = "a verifier takes the result and judges it";
constexpr std::string_view awaiting_delivery = "the change is delivered";

Json with_usage(Json data, const Usage& usage) {
  if (usage != Usage{}) data["usage"] = Json::parse(usage.to_json());
  return data;
}

bool of_surroundings(FailureCode code) { return budget_of(code) == Budget::environment; }

/// A fault that the step itself may survive: nothing that the agent did.
bool passes_by(FailureCode code) {
  return budget_of(code) == Budget::transient || of_surroundings(code);
}

}  // namespace

Instant Mover::step_deadline(Duration limit) const {
  return now_ + (limit > Duration::zero() ? limit : unlimited_step) + step_slack;
}

namespace {

/// REQUIRES: the run has a deliverable.
std::string push_key(const Run& run) {
  return fmt::format("push:{}:{}", run.id.to_string(), run.deliverable->new_commit);
}

}  // namespace

void Mover::pending_pickup() {
  enter(RunState::pending_pickup);
  in_progress("a worker takes the run", now_ + policy_.dispatch.pickup_deadline);
}

void Mover::end_delivery(EffectOutcome outcome) {
  if (!run().deliverable || run().state != RunState::delivering) return;
  out_.settled.push_back({push_key(run()), outcome});
}

void Mover::fail_run(const Error& error) {
  end_delivery(EffectOutcome::void_);
  const Failure why = Failure::of(error, name_of(run().state));
  run().failure = why;
  enter(RunState::failed, failure_json(why));

  const bool paid = !run().result_commit.empty();
  auto answer = retry(task().spent, error.code, policy_, now_, roll_.value, paid);
  task().spent = std::move(answer.spent);
  task().failure = why;
  if (task().newer && !task().newer->needs_approval) {
    // A newer text stands by: it is what runs next, with budgets of its own.
    take_up(NewerSpec(*task().newer));
    task().failure = why;
    settle_waits();
  } else if (answer.again) {
    task().not_before = *answer.again;
    task().status = TaskStatus::scheduled;
    task().blocked.reset();
    event(EventType::task_rescheduled,
          {{"code", name_of(error.code)}, {"not_before", to_rfc3339(task().not_before)}});
    settle_waits();
  } else {
    fail_task(why);
  }
}

void Mover::quarantine(const Error& error) {
  const Failure why = Failure::of(error, name_of(run().state));
  end_delivery(EffectOutcome::void_);
  run().failure = why;
  enter(RunState::failed, failure_json(why));
  task().failure = why;
  block(BlockReason::quarantined, "");
}

void Mover::park(BlockReason reason, std::string what) {
  run().parked = true;
  block(reason, std::move(what),
        reason == BlockReason::delivery_target_dirty ? std::optional(now_ + dirty_recheck)
                                                     : std::nullopt);
}

void Mover::retry_step(const Error& error) {
  ++run().step_failures;
  run().lease.reset();
  run().not_before = now_ + backoff(policy_.retry.delay, policy_.retry.delay_max,
                                    run().step_failures, roll_.value);
  const Failure why = Failure::of(error, name_of(run().state));
  run_event(EventType::step_retried, failure_json(why));
  // A target that was in the way was looked at again: what holds the delivery up now is another thing.
  in_progress("the step is tried again", run().not_before + step_slack);
  if (run().step_failures == step_retries_max && !breaker_scope(error.code)) {
    // It goes on trying, and a person should know; of what is paused its breaker tells.
    task().failure = why;
    tell_of_task(name_of(run().state));
  }
}

void Mover::verify_again(Json data) {
  end_delivery(EffectOutcome::void_);
  run().lease.reset();
  run().deliverable.reset();
  run().step_failures = 0;
  run().parked = false;
  enter(RunState::verifying, std::move(data));
  in_progress(std::string(awaiting_verifier), step_deadline(policy_.caps.wall));
}

Result<void> Mover::on(const Offer& c) {
  if (c.callback_url.empty()) {
    pending_pickup();
    return {};
  }
  enter(RunState::dispatching, {{"url", c.callback_url}});
  effect(EffectKind::dispatch, fmt::format("dispatch:{}:0", run().id.to_string()),
         {{"url", c.callback_url}}, now_);
  in_progress("the run is sent to its worker", now_ + policy_.dispatch.pickup_deadline);
  return {};
}

Result<void> Mover::on(const RouteAccepted&) {
  run_event(EventType::dispatch_accepted);
  pending_pickup();
  return {};
}

Result<void> Mover::on(const RouteFailed& c) {
  const int failures = ++run().route_failures;
  Json data = failure_json(Failure::of(c.error, name_of(run().state)));
  data["dispatched"] = false;
  if (failures > policy_.dispatch.route_retries) {
    data["pending_pickup"] = true;
    run_event(EventType::dispatch_route_failed, std::move(data));
    pending_pickup();
    return {};
  }
  const Instant again = now_ + backoff(policy_.retry.delay, policy_.retry.delay_max, failures, roll_.value);
  data["pending_pickup"] = false;
  data["retry_at"] = to_rfc3339(again);
  run_event(EventType::dispatch_route_failed, std::move(data));
  effect(EffectKind::dispatch, fmt::format("dispatch:{}:{}", run().id.to_string(), failures),
         Json::object(), again);
  wait_for(NextKind::timer, "the run is sent to its worker again", again + policy_.dispatch.pickup_deadline);
  return {};
}

Result<void> Mover::on(const Claim& c) {
  const auto step = run().wants();
  if (!step) return failure(FailureCode::STATE_REFUSED, "the run wants no worker now");
  if (run().not_before > now_) return failure(FailureCode::STATE_REFUSED, "the step is not due yet");
  CHECK(c.fence > run().fence);
  run().fence = c.fence;
  run().lease = Lease{c.worker, c.fence, now_, c.until};
  Json data{{"step", name_of(*step)}, {"worker", c.worker}, {"fence", c.fence}};
  if (run().state == RunState::pending_pickup) {
    run().started_at = now_;
    run().worker = c.worker;
    enter(RunState::executing, std::move(data));
  } else {
    if (*step == Step::execute) run().worker = c.worker;
    run_event(EventType::lease_granted, std::move(data));
  }
  if (task().status == TaskStatus::in_progress) {
    wait_for(NextKind::worker, fmt::format("the worker ends the {} step", name_of(*step)),
             step_deadline(c.limit));
  } else {
    task().next.due = step_deadline(c.limit);  // it has its time, whatever its task is blocked by
  }
  return {};
}

Result<void> Mover::on(const Executed& c) {
  run().lease.reset();
  run().unsandboxed = c.unsandboxed;
  run().workspace = c.workspace;
  run().result_commit = c.result_commit;
  run().result_tree = c.result_tree;
  task().spent.engine_losses = 0;
  if (!c.question.empty()) {
    const Failure why{FailureCode::AGENT_QUESTION, c.question, std::string(name_of(run().state))};
    run().failure = why;
    enter(RunState::failed, with_usage(failure_json(why), c.usage));
    task().failure = why;
    block(BlockReason::question, "");
    return {};
  }
  if (!c.changed && !c.no_change_allowed) {
    Error error{FailureCode::AGENT_NO_CHANGE, "the agent ended with exit 0 and changed nothing"};
    if (c.usage != Usage{}) error.context["usage"] = c.usage.to_json();
    fail_run(error);
    return {};
  }
  enter(RunState::verifying, with_usage({{"result_commit", c.result_commit},
                                         {"result_tree", c.result_tree}},
                                        c.usage));
  in_progress(std::string(awaiting_verifier), step_deadline(policy_.caps.wall));
  return {};
}

Result<void> Mover::on(const StepFailed& c) {
  // A delivery whose answer was lost may have happened: another run would deliver it again. So
  // passing faults never end it; the next try reads the ref first.
  // A result that waits for its surroundings is paid for already: it waits as long as they need.
  const bool bounded = run().state != RunState::delivering && !of_surroundings(c.error.code);
  const bool may_retry = run().state != RunState::executing && passes_by(c.error.code) &&
                         (!bounded || run().step_failures < step_retries_max);
  if (may_retry) {
    retry_step(c.error);
  } else {
    fail_run(c.error);
  }
  return {};
}

Result<void> Mover::on(const Verified& c) {
  run().lease.reset();
  run().step_failures = 0;
  task().spent.transient = 0;  // progress was made
  task().spent.engine_losses = 0;
  if (c.nothing_to_deliver && !c.no_change_allowed) {
    // Another change, delivered meanwhile, did the same: what this run brings is nothing.
    fail_run({FailureCode::AGENT_NO_CHANGE,
              "the branch holds the whole change already: nothing is left to deliver"});
    return {};
  }
  run().deliverable = c.deliverable;
  const Json counts{{"passed", c.passed},     {"held", c.held},         {"vacuous", c.vacuous},
                    {"attested", c.attested}, {"signed_off", c.signed_off}};
  if (c.open_sign_offs > 0) {
    park(BlockReason::sign_off, "");
    return {};
  }
  const bool unproven = run().delivery == DeliveryMode::merge && !policy_.allow_attested_merge &&
                        c.passed + c.signed_off == 0 && !c.nothing_to_deliver;
  if (unproven) {
    task().failure = Failure{FailureCode::EVIDENCE_LACKING,
                             "no criterion is proven by a check or a sign-off, so nothing is merged",
                             std::string(name_of(run().state))};
    park(BlockReason::evidence_lacking, "");
    return {};
  }
  run_event(EventType::verification_passed, counts);
  if (c.nothing_to_deliver) {
    run().deliverable.reset();
    enter(RunState::completed, counts);
    complete_task({{"run", run().id.to_string()}, {"delivered", false}});
    return {};
  }
  const Json intent{{"ref", c.deliverable.ref}, {"old", c.deliverable.old_commit},
                    {"new", c.deliverable.new_commit}};
  enter(RunState::delivering, intent);
  effect(EffectKind::push, push_key(run()), intent, now_);
  in_progress(std::string(awaiting_delivery), now_ + step_slack);
  return {};
}

Result<void> Mover::on(const SignOff& c) {
  if (!run().parked || (task().blocked != BlockReason::sign_off &&
                        task().blocked != BlockReason::evidence_lacking)) {
    return failure(FailureCode::STATE_REFUSED, "no criterion of this task waits for a person");
  }
  event(EventType::task_signed_off,
        {{"criterion", c.criterion.empty() ? "all open criteria" : c.criterion}, {"met", c.met}, {"reason", c.reason}});
  if (!c.met) {
    fail_run({FailureCode::SIGN_OFF_REFUSED,
              c.criterion.empty() ? fmt::format("the open criteria are not met: {}", c.reason)
                                  : fmt::format("{} is not met: {}", c.criterion, c.reason)});
    return {};
  }
  if (c.open_after > 0) return {};
  run().parked = false;
  task().failure.reset();
  in_progress(std::string(awaiting_verifier), step_deadline(policy_.caps.wall));
  return {};
}

Result<void> Mover::on(const BaseMoved& c) {
  if (++run().base_moves > base_moves_max) {
    fail_run({FailureCode::DELIVERY_RACE,
              fmt::format("the branch moved {} times during delivery", run().base_moves)});
    return {};
  }
  run_event(EventType::delivery_base_moved, {{"tip", c.tip}});
  verify_again({{"tip", c.tip}});
  return {};
}

Result<void> Mover::on(const TargetDirty& c) {
  run().lease.reset();
  const bool waited = task().blocked == BlockReason::delivery_target_dirty;
  const auto known = task().failure;
  const auto asked_for = task().next.what;
  task().failure = Failure{FailureCode::DELIVERY_TARGET_DIRTY, c.detail,
                           std::string(name_of(run().state))};
  park(BlockReason::delivery_target_dirty,
       c.act.empty() ? "" : c.act + "; the branch's working tree is looked at again");
  // It is no news that the same is in the way still, even if the branch has moved meanwhile; nor that a
  // person who is at it changes one more file.
  const bool told = known == task().failure || (waited && asked_for == task().next.what);
  if (!waited || !told) run_event(EventType::delivery_blocked, {{"detail", c.detail}});
  if (!told) tell_of_task(name_of(BlockReason::delivery_target_dirty));
  return {};
}

Result<void> Mover::on(const Delivered&) {
  const Deliverable done = *run().deliverable;
  run_event(EventType::delivery_settled, {{"ref", done.ref}, {"commit", done.new_commit}});
  end_delivery(EffectOutcome::done);
  enter(RunState::completed, {{"commit", done.new_commit}});
  ++task().spent.runs;
  complete_task({{"run", run().id.to_string()}, {"ref", done.ref}, {"commit", done.new_commit}});
  return {};
}

Result<void> Mover::on(const LeaseLost& c) {
  const std::string worker = run().lease->worker;
  run().lease.reset();
  run_event(EventType::lease_lost,
            {{"worker", worker}, {"fence", c.fence}, {"engine_died", c.engine_died}});
  const int losses = c.engine_died ? ++task().spent.engine_losses : ++task().spent.worker_losses;
  const int losses_max = c.engine_died ? engine_losses_max : worker_losses_max;
  if (losses >= losses_max && run().state != RunState::delivering) {
    quarantine({FailureCode::QUARANTINED,
                fmt::format("{} workers were lost with this task", losses)});
    return {};
  }
  if (task().status == TaskStatus::in_progress) {
    wait_for(NextKind::worker, "the step is granted again", now_ + policy_.dispatch.pickup_deadline);
  }
  return {};
}

Result<void> Mover::on(const Release& c) {
  run_event(EventType::lease_released, {{"worker", run().lease->worker}, {"fence", c.fence}});
  run().lease.reset();
  if (task().status == TaskStatus::in_progress) {
    wait_for(NextKind::worker, "the step is granted again", now_ + policy_.dispatch.pickup_deadline);
  }
  return {};
}

Result<void> Mover::on(const DeadlinePassed&) {
  if (!task().next.due || *task().next.due > now_) {
    return failure(FailureCode::STATE_REFUSED, "the deadline has not passed");
  }
  if (!live_run()) {
    if (task().blocked == BlockReason::dependency_unknown) {
      fail_task({FailureCode::DEPENDENCY_UNKNOWN, "a task it depends on was never created", "blocked"});
    } else if (task().status == TaskStatus::blocked) {
      task().next.due.reset();  // its reason has no deadline
    } else {
      wait_for(NextKind::gate, "the gate lets it pass and a run is allocated");
    }
    return {};
  }
  switch (run().state) {
    case RunState::allocated:
    case RunState::dispatching: pending_pickup(); return {};
    case RunState::pending_pickup:
      fail_run({FailureCode::PICKUP_TIMEOUT, "no worker took the run in time"});
      return {};
    case RunState::executing:
    case RunState::verifying:
      if (!run().lease) {
        // It waits for a worker: what was done is kept, however long that takes.
        wait_for(NextKind::worker, "it waits for one who may take the step", now_ + policy_.dispatch.pickup_deadline);
        return {};
      }
      fail_run({FailureCode::STEP_TIMEOUT,
                fmt::format("the step in state {} passed its deadline", name_of(run().state))});
      return {};
    case RunState::delivering:
      // Never failed by a clock: the push may have happened. The step is granted again, and its
      // worker reads the ref first.
      if (run().lease) {
        run_event(EventType::lease_lost, {{"worker", run().lease->worker},
                                          {"fence", run().lease->fence},
                                          {"engine_died", false}});
      }
      run().lease.reset();
      run().parked = false;
      task().next.due = now_ + (task().status == TaskStatus::blocked ? dirty_recheck : step_slack);
      return {};
    case RunState::completed:
    case RunState::failed:
    case RunState::cancelled: break;
  }
  CHECK(false);
}

}  // namespace vitana::domain
