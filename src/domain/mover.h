// Inside transition(): the working copy of one decision, and the words its handlers share.
// Not for use outside domain/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "domain/transition.h"

namespace vitana::domain {

using Json = nlohmann::ordered_json;

class Mover {
 public:
  Mover(const Subject& subject, const std::string& actor, Instant now, const Policy& policy,
        Roll roll)
      : actor_(actor), now_(now), policy_(policy), roll_(roll),
        out_{subject.task, subject.run, {}, {}, {}} {}

  /// Applies one command; an error refuses it as a whole.
  Result<Decision> apply(const Command& command);

 private:
  using Done = Result<void>;

  // Commands to the task: transition_task.cc.
  Done on(const RegisterSpec& c);
  Done on(const RefuseSpec& c);
  Done on(const ChangeWaits& c);
  Done on(const Close& c);
  Done on(const Allocate& c);
  Done on(const Cancel& c);
  Done on(const Retry& c);
  Done on(const Answer& c);

  // Commands to the run: transition_run.cc.
  Done on(const Offer& c);
  Done on(const RouteAccepted& c);
  Done on(const RouteFailed& c);
  Done on(const Claim& c);
  Done on(const Executed& c);
  Done on(const StepFailed& c);
  Done on(const Verified& c);
  Done on(const SignOff& c);
  Done on(const BaseMoved& c);
  Done on(const TargetDirty& c);
  Done on(const Delivered& c);
  Done on(const LeaseLost& c);
  Done on(const Release& c);
  Done on(const DeadlinePassed& c);

  Task& task() { return out_.task; }
  Run& run() { return *out_.run; }
  bool live_run() const { return out_.run && !is_terminal(out_.run->state); }

  void event(EventType type, Json data = Json::object());
  void run_event(EventType type, Json data = Json::object());
  void effect(EffectKind kind, std::string key, Json payload, Instant due);
  /// Puts the run into `state`, with the event of that state.
  void enter(RunState state, Json data = Json::object());
  void wait_for(NextKind kind, std::string what, std::optional<Instant> due = std::nullopt);

  /// From what the task waits for: scheduled, or blocked with the first reason.
  void settle_waits();
  /// The text becomes the current one, with what it says of its task and what it waits for.
  void take_up(const NewerSpec& text);
  /// Nothing that earlier runs left counts any more.
  void begin_afresh();
  void block(BlockReason reason, std::string what, std::optional<Instant> due = std::nullopt);
  void in_progress(std::string what, std::optional<Instant> due);
  void complete_task(Json data);
  void fail_task(const Failure& why);
  /// The catalogue's hint, in words about this task.
  std::string hint(FailureCode code) const;
  /// Told to a person: [notify].
  void tell_of_task(std::string_view reason);
  void release_dependents(bool success);
  void end_delivery(EffectOutcome outcome);
  /// When a step that may take `limit` is given up; without a limit, late, but not never.
  Instant step_deadline(Duration limit) const;
  void pending_pickup();

  /// The run ends; the task goes on by its retry policy.
  void fail_run(const Error& error);
  void park(BlockReason reason, std::string what);
  void retry_step(const Error& error);
  void quarantine(const Error& error);
  void verify_again(Json data);

  const std::string& actor_;
  Instant now_;
  const Policy& policy_;
  Roll roll_;
  Decision out_;
};

/// A failure as event data.
Json failure_json(const Failure& failure);

}  // namespace vitana::domain
