// The gate: may this go on now? One pure function, asked at schedule, dispatch, claim and
// delivery, and by `why`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "base/time.h"
#include "domain/breaker.h"
#include "domain/policy.h"
#include "domain/run.h"
#include "domain/task.h"

namespace vitana::domain {

enum class GatePoint { schedule, dispatch, claim, delivery };

std::string_view name_of(GatePoint point);

/// An operator's switch. A missing or unreadable one counts as off; one whose time has passed too.
struct Control {
  bool on = false;
  std::string reason;
  std::string actor;
  std::optional<Instant> until;  ///< when the setting ends
  Instant at{};
};

/// Is the switch on at `now`? A grant (on) that ran out is off; a pause (off) that ran out is on.
bool is_on(const std::optional<Control>& control, Instant now);

/// What the gate looks at. Loaded by the engine; what does not apply at a point is left out.
struct GateInput {
  Task task;
  std::optional<Run> run;
  /// The stored text's digest as recomputed now; absent: there is no stored text.
  std::optional<Digest> text_digest;
  std::string spec_problem;         ///< why there is no valid spec, where it was looked for
  std::optional<Control> execution; ///< the switch `execution`
  /// A probe that has ended is left out of them.
  std::optional<Breaker> repo_breaker;
  std::optional<Breaker> agent_breaker;
  bool repo_known = true;
  bool repo_settled = true;         ///< false in a restored store, until the repository is synced
  bool agent_known = true;
  bool from_outside = false;        ///< the spec came by webhook
  int running = 0;                  ///< runs that hold a slot, and are not held by this gate themselves
  int agent_running = 0;            ///< those of this agent
  int repo_runs_day = 0;            ///< runs of the repository in the last 24 hours
};

/// What a verdict that does not pass holds beside the task that was asked for.
enum class Holds { task, agent, repository, all };

struct GateVerdict {
  std::string gate;  ///< "spec", "integrity", "adoption", …
  bool pass = true;
  std::optional<FailureCode> code = {};  ///< why not
  std::string detail = {};
  Holds holds = Holds::task;
  std::optional<Instant> until = {};  ///< when that may change by itself, where it is known
};

struct GateAnswer {
  std::vector<GateVerdict> verdicts;  ///< all, in the order in which they are asked

  bool allowed() const;
  /// The first that does not pass.
  const GateVerdict* blocking() const;
};

GateAnswer gate(GatePoint point, const GateInput& input, const Policy& policy, Instant now);

}  // namespace vitana::domain
