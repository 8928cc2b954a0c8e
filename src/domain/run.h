// A run: one attempt at a task, bound to one spec digest, one base commit, one configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "base/vtid.h"
#include "domain/policy.h"

namespace vitana::domain {

/// allocated → [dispatching →] pending_pickup → executing → verifying → delivering → completed;
/// any of them but the last → failed | cancelled. The last three never change.
enum class RunState {
  allocated, dispatching, pending_pickup, executing, verifying, delivering,
  completed, failed, cancelled,
};

inline constexpr RunState run_states[] = {
    RunState::allocated, RunState::dispatching, RunState::pending_pickup,
    RunState::executing, RunState::verifying,   RunState::delivering,
    RunState::completed, RunState::failed,      RunState::cancelled};

/// What a worker is given a lease for.
enum class Step { execute, verify, deliver };

std::string_view name_of(RunState state);
std::optional<RunState> run_state(std::string_view name);
std::string_view name_of(Step step);
std::optional<Step> step_of(std::string_view name);

inline bool is_terminal(RunState state) {
  return state == RunState::completed || state == RunState::failed ||
         state == RunState::cancelled;
}

/// A fencing token: grows with each grant of a run; 0 is none.
using Fence = std::int64_t;

struct Lease {
  std::string worker;
  Fence fence = 0;
  Instant granted_at{};
  Instant until{};

  bool operator==(const Lease&) const = default;
};

/// The commit that will be, or was, put on `ref`; `old` is what the ref must be before
/// (empty: it must not exist).
struct Deliverable {
  std::string ref;
  std::string old_commit;
  std::string new_commit;
  std::string tree;

  bool operator==(const Deliverable&) const = default;
};

/// A failure as it is kept: where it happened and what is known.
struct Failure {
  FailureCode code;
  std::string message;
  std::string from_state;  ///< name of the run's or task's state it happened in
  std::vector<std::string> causes = {};
  std::map<std::string, std::string> context = {};

  static Failure of(const Error& error, std::string_view from_state);
  bool operator==(const Failure&) const = default;
};

/// Row of `autopilot_runs`.
struct Run {
  RunId id;
  RunState state = RunState::allocated;
  int spec_version = 1;
  Digest spec_digest;
  std::string repo;
  std::string base_commit;
  Digest config_digest;
  std::string agent;
  DeliveryMode delivery = DeliveryMode::branch;

  std::optional<Lease> lease;
  Fence fence = 0;       ///< the newest token given out for this run
  bool parked = false;   ///< no step may be claimed: it waits for a person or a timer
  Instant not_before{};  ///< no step may be claimed before
  int route_failures = 0;
  int step_failures = 0;  ///< faults of the present step
  int base_moves = 0;

  std::string result_commit;  ///< what the agent left, as snapshot; kept under refs/vitana/results
  std::string result_tree;
  bool unsandboxed = false;
  std::optional<Deliverable> deliverable;
  std::string workspace;  ///< name of the workspace, for the janitor
  std::optional<Failure> failure;
  std::string worker;     ///< who executed it
  Instant created_at{};
  std::optional<Instant> started_at;  ///< the first claim of its execute step
  std::optional<Instant> ended_at;
  std::int64_t revision = 0;  ///< grows with each stored change

  /// The step that a worker may claim now, by state alone.
  std::optional<Step> wants() const;

  /// Nobody has it, nor is to take it at once: it waits for a person, for a clean working tree, or after
  /// a fault of its surroundings.
  bool waits() const;

  /// Is it one of the runs that [caps] concurrent counts? From its allocation to its end, except while
  /// it waits(); it goes on then whether or not there is room by that time. Who counts leaves out those as
  /// well that the gate holds with all of their repository or agent, which the run itself does not tell.
  bool holds_slot() const;

  bool operator==(const Run&) const = default;
};

/// The branch of a task's own: "refs/heads/vtid/01213-dark-sidebar".
std::string delivery_branch(const Vtid& vtid, std::string_view title);

}  // namespace vitana::domain
