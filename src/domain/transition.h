// The one function that decides what becomes of a task and its run.
//
// Pure: no clock, no randomness, no I/O. The engine loads, calls, and commits what it returns.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/command.h"
#include "domain/effect.h"
#include "domain/event.h"
#include "domain/policy.h"
#include "domain/run.h"
#include "domain/task.h"

namespace vitana::domain {

/// A task and its newest run, if it has one.
struct Subject {
  Task task;
  std::optional<Run> run;
};

struct Decision {
  Task task;
  std::optional<Run> run;  ///< the run as it is now, a new one included
  std::vector<Event> events;
  std::vector<Effect> effects;
  std::vector<EffectSettlement> settled;
};

/// A random number in [0, 1), for jitter.
struct Roll {
  double value = 0.5;
};

/// What `command`, given by `actor` at `now`, makes of `subject`.
///
/// ENSURES: both states move along a row of the tables below, or the call is refused; a terminal
/// run state never changes; revisions of what changed grow by one; exactly one `next` is set.
/// Errors: STATE_REFUSED (the table has no such row, or its condition does not hold: a delivery is
/// under way, no question was asked), LEASE_STALE (the command's token is not that of the run's
/// lease; asked first).
Result<Decision> transition(const Subject& subject, const Command& command,
                            const std::string& actor, Instant now, const Policy& policy,
                            Roll roll);

/// One legal move of a task's status.
struct TaskMove {
  CommandKind command;
  TaskStatus from;
  TaskStatus to;
  auto operator<=>(const TaskMove&) const = default;
};

/// One legal move of a run's state; no `from` where the run comes into being.
struct RunMove {
  CommandKind command;
  std::optional<RunState> from;
  RunState to;
  auto operator<=>(const RunMove&) const = default;
};

std::span<const TaskMove> task_moves();
std::span<const RunMove> run_moves();

/// The tables as a diagram in the Mermaid language; docs/concepts.md carries it.
std::string moves_diagram();

}  // namespace vitana::domain
