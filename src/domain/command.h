// What can be asked of a task and its run. Values; transition() decides.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "domain/criterion.h"
#include "domain/run.h"
#include "domain/task.h"

namespace vitana::domain {

/// A version was locked and is, or becomes, the task's current one.
struct RegisterSpec {
  SpecPin spec;
  std::string title;
  std::string repo;
  int priority = 3;
  Waits waits;                ///< all that holds this version
  bool close = false;         ///< front matter says done, or it was delivered before: no run
  std::string close_reason = {};
  bool own_delivery = false;  ///< brought by our own delivered commit
};

/// No source has a valid text.
struct RefuseSpec {
  Error error;
  bool held = false;  ///< the text that comes is held for adoption
};

/// Replaces what the task waits for: adoption, approval, dependencies, conflicts.
struct ChangeWaits {
  Waits waits;
  std::string reason;
};

/// A person ends the task as done, without a run.
struct Close {
  std::string reason;
};

/// The gate let the task pass: a run comes into being, bound to these.
struct Allocate {
  std::string base_commit;
  Digest config_digest;
  std::string agent;
  DeliveryMode delivery = DeliveryMode::branch;
  int attempts_given = 0;  ///< the new run's attempt is above it, and above all of the task's runs
};

/// Offers the allocated run to workers; with an address it is sent there first.
struct Offer {
  std::string callback_url = {};
};

struct RouteAccepted {};

struct RouteFailed {
  Error error;
};

/// A worker takes the step that the run wants, under `fence`, the next token.
struct Claim {
  std::string worker;
  Fence fence = 0;
  Instant until{};
  Duration limit{};  ///< how long the step may take in all; 0: no limit of its own
};

/// What an agent says that it used; nothing of it is checked.
struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t turns = 0;
  double cost_usd = 0;

  /// As in the report that it came from.
  std::string to_json() const;
  bool operator==(const Usage&) const = default;
};

/// The execute step ended with exit 0.
struct Executed {
  Fence fence = 0;
  std::string result_commit;
  std::string result_tree;
  bool changed = true;
  bool no_change_allowed = false;
  bool unsandboxed = false;
  std::string question = {};  ///< of the agent's report; the task waits for its answer
  std::string workspace = {};
  Usage usage = {};
};

/// A step ended without a result.
struct StepFailed {
  Fence fence = 0;
  Error error;
};

/// The verify step ended: how the criteria stand on which deliverable.
struct Verified {
  Fence fence = 0;
  Deliverable deliverable;
  int passed = 0;
  int held = 0;
  int vacuous = 0;
  int attested = 0;
  int signed_off = 0;
  int open_sign_offs = 0;  ///< criteria that still need a person
  bool nothing_to_deliver = false;  ///< the branch holds all of the change already
  bool no_change_allowed = false;   ///< the spec asks for none
};

/// A person judged what only a person can judge.
struct SignOff {
  std::string criterion;   ///< empty: all that are open
  bool met = true;
  int open_after = 0;  ///< criteria that still need a person after this one
  std::string reason = {};
};

/// The deliver step found another tip than the deliverable was made for.
struct BaseMoved {
  Fence fence = 0;
  std::string tip;
};

/// The branch is checked out with uncommitted changes.
struct TargetDirty {
  Fence fence = 0;
  std::string detail;
  std::string act = {};  ///< what a person does about it
};

/// The deliverable is on its ref.
struct Delivered {
  Fence fence = 0;
};

/// The lease of the run's step ran out, or the engine that granted it is gone.
struct LeaseLost {
  Fence fence = 0;
  bool engine_died = false;
};

/// A worker gives its step back unfinished (drain, stop).
struct Release {
  Fence fence = 0;
};

/// `task.next.due` has passed.
struct DeadlinePassed {};

/// Refused while a worker holds the lease of the deliver step, unless it is known what became of the delivery.
struct Cancel {
  std::string reason;
  /// The branch was read, and nobody pushes: is what this run would deliver there?
  std::optional<bool> delivered = {};
};

/// A person wants a finished or stuck task to run again.
struct Retry {
  std::string reason;
  Waits waits;  ///< as they are now
};

/// A person answers the agent's question.
struct Answer {
  std::string text;
};

using Command =
    std::variant<RegisterSpec, RefuseSpec, ChangeWaits, Close, Allocate, Offer, RouteAccepted,
                 RouteFailed, Claim, Executed, StepFailed, Verified, SignOff, BaseMoved,
                 TargetDirty, Delivered, LeaseLost, Release, DeadlinePassed, Cancel, Retry, Answer>;

/// One enumerator for each alternative of Command, in its order.
enum class CommandKind {
  register_spec, refuse_spec, change_waits, close, allocate, offer, route_accepted,
  route_failed, claim, executed, step_failed, verified, sign_off, base_moved,
  target_dirty, delivered, lease_lost, release, deadline_passed, cancel, retry, answer,
};

inline constexpr int command_kinds = static_cast<int>(std::variant_size_v<Command>);

inline CommandKind kind_of(const Command& command) {
  return static_cast<CommandKind>(command.index());
}
std::string_view name_of(CommandKind kind);

/// The token that a worker's command carries; 0 for the others.
Fence fence_of(const Command& command);

}  // namespace vitana::domain
