// What commands make of a task: registering, waiting, starting, ending.
#include <fmt/format.h>

#include "base/check.h"
#include "base/hint.h"
#include "domain/mover.h"
#include "domain/retry.h"

namespace vitana::domain {
namespace {

std::string words(BlockReason reason, const std::string& id) {
  switch (reason) {
    case BlockReason::not_adopted:
      return "a person adopts the existing spec: vitana spec adopt " + id + " --run, or --done";
    case BlockReason::spec_conflict:
      return "one of the texts is left, or chosen: vitana spec register FILE --resolve --reason TEXT";
    case BlockReason::spec_renumbered:
      return "a person says which VTID the text keeps: vitana spec approve " + id;
    case BlockReason::spec_held: return "its author takes `status: draft` out of the front matter";
    case BlockReason::spec_approval: return "a person approves the new text: vitana spec approve " + id;
    case BlockReason::dependency_unknown: return "the task it depends on is created";
    case BlockReason::dependency_failed: return "the failed task it depends on is retried";
    case BlockReason::dependency_pending: return "the tasks it depends on are completed";
    case BlockReason::approval_pending: return "a person permits execution: vitana task approve " + id;
    case BlockReason::quarantined: return "a person looks why its workers died: vitana task why " + id;
    case BlockReason::question: return "a person answers the agent: vitana task answer " + id + " TEXT";
    case BlockReason::sign_off:
    case BlockReason::evidence_lacking:
      return "a person judges the result: vitana task sign-off " + id + " --met, or --not-met --reason TEXT";
    case BlockReason::delivery_target_dirty:
      return "a person takes away what is in the way; the branch's working tree is looked at again";
  }
  CHECK(false);
}

NextKind who(BlockReason reason) {
  switch (reason) {
    case BlockReason::dependency_pending:
    case BlockReason::dependency_failed:
    case BlockReason::dependency_unknown: return NextKind::task;
    case BlockReason::delivery_target_dirty: return NextKind::timer;
    case BlockReason::spec_conflict:
    case BlockReason::spec_held: return NextKind::spec;
    case BlockReason::not_adopted:
    case BlockReason::spec_renumbered:
    case BlockReason::spec_approval:
    case BlockReason::approval_pending:
    case BlockReason::quarantined:
    case BlockReason::question:
    case BlockReason::sign_off:
    case BlockReason::evidence_lacking: return NextKind::person;
  }
  CHECK(false);
}

/// Somebody has to act who may not know it. What was there before, and what its author holds back, is
/// known; of a dependency that failed its own task has told. A dirty target is told of by its command.
bool calls_for_a_person(BlockReason reason) {
  if (reason == BlockReason::spec_conflict) return true;
  return who(reason) == NextKind::person && reason != BlockReason::not_adopted;
}

/// Blocked by its run's outcome, not by what it waits for before one.
bool blocked_by_outcome(const Task& task) {
  return task.blocked == BlockReason::question || task.blocked == BlockReason::quarantined;
}

}  // namespace

void Mover::block(BlockReason reason, std::string what, std::optional<Instant> due) {
  const bool news = task().blocked != reason;
  task().status = TaskStatus::blocked;
  task().blocked = reason;
  wait_for(who(reason), what.empty() ? words(reason, task().vtid.to_string()) : std::move(what), due);
  if (news) {
    event(EventType::task_blocked, {{"reason", name_of(reason)}, {"next", task().next.what}});
    if (calls_for_a_person(reason)) tell_of_task(name_of(reason));
  }
}

std::string Mover::hint(FailureCode code) const {
  return with_words(std::string(failure_info(code).hint), {.vtid = out_.task.vtid.to_string()});
}

void Mover::tell_of_task(std::string_view reason) {
  const bool over = task().next.kind == NextKind::none;
  // A step that fails again and again goes on by itself: what a person does is what its failure says.
  const bool failing = task().status == TaskStatus::in_progress && task().failure;
  Json told{{"reason", reason},
            {"next", over ? way_on(task()) : failing ? hint(task().failure->code) : task().next.what}};
  // What happened last is what calls for a person.
  CHECK(!out_.events.empty());
  auto data = Json::parse(out_.events.back().data);
  data[for_person] = told;
  out_.events.back().data = data.dump();
  if (!policy_.tells) return;
  if (task().failure) {
    told["code"] = name_of(task().failure->code);
    told["message"] = task().failure->message;
  }
  effect(EffectKind::notify, fmt::format("notify:{}:{}", task().vtid.to_string(), task().revision), std::move(told),
         now_);
}

void Mover::settle_waits() {
  if (const auto reason = task().waits.first()) {
    std::optional<Instant> due;
    if (reason == BlockReason::dependency_unknown) due = now_ + dependency_unknown_deadline;
    block(*reason, "", due);
    return;
  }
  const bool news = task().status != TaskStatus::scheduled;
  task().status = TaskStatus::scheduled;
  task().blocked.reset();
  if (task().not_before > now_) {
    wait_for(NextKind::timer, "the next run", task().not_before);
  } else {
    wait_for(NextKind::gate, "the gate lets it pass and a run is allocated");
  }
  if (news) event(EventType::task_scheduled, {{"spec_version", task().spec->version}});
}

void Mover::take_up(const NewerSpec& text) {
  task().spec = text.spec;
  task().title = text.title;
  if (!text.repo.empty()) task().repo = text.repo;
  task().priority = text.priority;
  task().waits.spec_approval |= text.needs_approval;
  task().waits.renumbered |= text.waits.renumbered;
  task().waits.spec_held |= text.waits.spec_held;
  task().waits.approval |= text.waits.approval;
  begin_afresh();
}

void Mover::begin_afresh() {
  task().newer.reset();
  task().failure.reset();
  task().spent = {};
  task().not_before = {};
}

void Mover::in_progress(std::string what, std::optional<Instant> due) {
  task().status = TaskStatus::in_progress;
  task().blocked.reset();
  wait_for(NextKind::worker, std::move(what), due);
}

void Mover::release_dependents(bool success) {
  effect(EffectKind::resolve_dependents,
         fmt::format("dependents:{}:{}", task().vtid.to_string(), task().revision),
         {{"success", success}}, now_);
}

void Mover::complete_task(Json data) {
  task().status = TaskStatus::completed;
  task().blocked.reset();
  task().failure.reset();
  task().answer.clear();
  task().waits = {};
  wait_for(NextKind::none, "");
  event(EventType::task_completed, std::move(data));
  release_dependents(true);
}

void Mover::fail_task(const Failure& why) {
  task().status = TaskStatus::failed;
  task().blocked.reset();
  task().failure = why;
  wait_for(NextKind::none, "");
  event(EventType::task_failed, failure_json(why));
  release_dependents(false);
  tell_of_task("failed");
}

Result<void> Mover::on(const RegisterSpec& c) {
  const Waits persons{.renumbered = c.waits.renumbered, .spec_held = c.waits.spec_held, .approval = c.waits.approval};
  const NewerSpec text{c.spec, c.own_delivery, c.title, c.repo, c.priority, persons};
  // Who closed or cancelled a task without a spec meant the task: its text comes too late as well.
  const bool over = task().status == TaskStatus::completed || task().status == TaskStatus::cancelled;
  if (over || live_run()) {
    // What the run's own text waited for is over; from now on the next run's is kept.
    if (live_run() && !c.own_delivery) task().waits = c.waits;
    const bool same = live_run() ? run().spec_digest == c.spec.digest
                                 : task().spec && task().spec->digest == c.spec.digest;
    if (same || (c.close && !c.own_delivery)) {
      // The newest text is the one that was worked on, or asks for nothing: no other one waits.
      if (task().newer) {
        event(EventType::spec_drift, {{"version", c.spec.version},
                                      {"digest", c.spec.digest.to_string()},
                                      {"over", true}});
      }
      task().newer.reset();
    } else {
      task().newer = text;
      event(EventType::spec_drift, {{"version", c.spec.version}, {"digest", c.spec.digest.to_string()}});
    }
    return {};
  }
  take_up(text);
  task().waits = c.waits;
  task().waits.spec_approval |= c.own_delivery;
  if (c.close) {
    complete_task({{"reason", c.close_reason}});
  } else {
    settle_waits();
  }
  return {};
}

Result<void> Mover::on(const RefuseSpec& c) {
  if (task().status == TaskStatus::scheduled && c.error.code == FailureCode::CHECKSUM_MISMATCH) {
    // Its locked text is not what was locked: nothing that comes by itself mends that.
    fail_task(Failure::of(c.error, name_of(task().status)));
    return {};
  }
  if (task().spec) {
    return failure(FailureCode::STATE_REFUSED, "the task has a valid spec; it stays in force");
  }
  const Failure why = Failure::of(c.error, name_of(task().status));
  const bool news = task().failure != why || task().status != TaskStatus::draft;
  task().status = TaskStatus::draft;
  task().blocked.reset();
  task().waits = {};
  task().waits.adoption = c.held;
  task().failure = why;
  wait_for(NextKind::spec, hint(why.code));
  if (news) {
    event(why.code == FailureCode::SPEC_NOT_FOUND ? EventType::spec_not_found
                                                  : EventType::spec_invalid,
          failure_json(why));
  }
  return {};
}

Result<void> Mover::on(const ChangeWaits& c) {
  const bool conflict_over = task().waits.conflict && !c.waits.conflict;
  task().waits = c.waits;
  if (blocked_by_outcome(task()) || live_run()) return {};
  if (!task().spec && !task().waits.first()) {
    if (task().status != TaskStatus::draft) {
      event(conflict_over ? EventType::spec_conflict_over : EventType::spec_not_found,
            {{"reason", c.reason}});
      task().failure.reset();
    }
    task().status = TaskStatus::draft;
    task().blocked.reset();
    wait_for(NextKind::spec, hint(FailureCode::SPEC_NOT_FOUND));
    return {};
  }
  if (c.waits.conflict) {
    task().failure = Failure{FailureCode::SPEC_CONFLICT, c.reason, std::string(name_of(task().status))};
  } else if (task().failure && failure_info(task().failure->code).cls == FailureClass::spec) {
    task().failure.reset();
  }
  settle_waits();
  return {};
}

Result<void> Mover::on(const Close& c) {
  if (live_run()) return failure(FailureCode::STATE_REFUSED, "a run is under way; cancel it first");
  complete_task({{"reason", c.reason}});
  return {};
}

Result<void> Mover::on(const Allocate& c) {
  CHECK(task().spec && !live_run());
  const bool first = task().attempt == 0;
  Run fresh{.id = {task().vtid, std::max(task().attempt, c.attempts_given) + 1}};
  fresh.spec_version = task().spec->version;
  fresh.spec_digest = task().spec->digest;
  fresh.repo = task().repo;
  fresh.base_commit = c.base_commit;
  fresh.config_digest = c.config_digest;
  fresh.agent = c.agent;
  fresh.delivery = c.delivery;
  fresh.created_at = now_;
  task().attempt = fresh.id.attempt;
  out_.run = std::move(fresh);
  if (first) event(EventType::task_started);
  run_event(EventType::run_allocated, {{"spec_digest", run().spec_digest.to_string()},
                                       {"spec_version", run().spec_version},
                                       {"base_commit", run().base_commit},
                                       {"config_digest", run().config_digest.to_string()},
                                       {"agent", run().agent},
                                       {"delivery", name_of(run().delivery)}});
  in_progress("the run is offered to workers", now_ + policy_.dispatch.pickup_deadline);
  return {};
}

Result<void> Mover::on(const Cancel& c) {
  const auto from_state = live_run() ? name_of(run().state) : name_of(task().status);
  bool unknown = false;
  if (live_run()) {
    const bool delivering = run().state == RunState::delivering;
    if (delivering && run().lease && !c.delivered) {
      return failure(FailureCode::STATE_REFUSED, "the change is being delivered; in a moment that has ended");
    }
    Json data{{"reason", c.reason}};
    // A push may have been sent whose answer was lost: only the branch itself can tell.
    unknown = delivering && !run().parked && !c.delivered;
    if (unknown) data["delivery"] = "unknown";
    end_delivery(EffectOutcome::void_);
    enter(RunState::cancelled, std::move(data));
  }
  task().status = TaskStatus::cancelled;
  task().blocked.reset();
  task().failure = Failure{FailureCode::CANCELLED,
                           unknown ? c.reason + " (whether its change reached the branch is not known)" : c.reason,
                           std::string(from_state)};
  wait_for(NextKind::none, "");
  event(EventType::task_cancelled, {{"reason", c.reason}});
  release_dependents(false);
  return {};
}

Result<void> Mover::on(const Retry& c) {
  if (live_run()) return failure(FailureCode::STATE_REFUSED, "a run is under way; cancel it first");
  if (!task().spec && !task().newer) {
    return failure(FailureCode::STATE_REFUSED, "there is no valid spec to run; a retry cannot help");
  }
  // A person said why the result was not good: the next run is told.
  const bool refused = task().failure && task().failure->code == FailureCode::SIGN_OFF_REFUSED;
  const std::string what_was_refused = refused ? task().failure->message : "";
  task().waits = c.waits;
  if (task().newer) {
    take_up(NewerSpec(*task().newer));
  } else {
    begin_afresh();
  }
  if (refused) task().answer += (task().answer.empty() ? "" : "\n\n") + what_was_refused;
  event(EventType::task_retried, {{"reason", c.reason}, {"spec_version", task().spec->version}});
  settle_waits();
  return {};
}

Result<void> Mover::on(const Answer& c) {
  if (task().blocked != BlockReason::question) {
    return failure(FailureCode::STATE_REFUSED, "the task has asked no question");
  }
  if (task().newer && !task().newer->needs_approval) take_up(NewerSpec(*task().newer));
  task().answer = c.text;
  task().failure.reset();
  task().blocked.reset();
  event(EventType::task_answered, {{"answer", c.text}});
  settle_waits();
  return {};
}

}  // namespace vitana::domain
