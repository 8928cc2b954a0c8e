// A task: a row of the ledger, with the one next thing that will happen to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/time.h"
#include "base/vtid.h"
#include "domain/run.h"

namespace vitana::domain {

/// draft (no valid locked spec) → scheduled → in_progress → completed | failed | cancelled;
/// blocked, with a reason, where it waits for something that is not the engine.
enum class TaskStatus { draft, scheduled, in_progress, blocked, completed, failed, cancelled };

inline constexpr TaskStatus task_statuses[] = {
    TaskStatus::draft,     TaskStatus::scheduled, TaskStatus::in_progress, TaskStatus::blocked,
    TaskStatus::completed, TaskStatus::failed,    TaskStatus::cancelled};

enum class BlockReason {
  not_adopted, spec_conflict, spec_renumbered, spec_held, spec_approval,
  dependency_unknown, dependency_failed, dependency_pending, approval_pending,
  quarantined, question, sign_off, delivery_target_dirty, evidence_lacking,
};

/// Who or what acts next on a task.
enum class NextKind {
  none,    ///< terminal
  spec,    ///< an author: there is no valid spec
  gate,    ///< the engine, as soon as the gate lets it pass
  task,    ///< another task
  timer,   ///< the engine, at `due`
  worker,  ///< a worker claims or ends a step; the engine acts at `due` if not
  person,  ///< see the blocked reason
};

std::string_view name_of(TaskStatus status);
std::optional<TaskStatus> task_status(std::string_view name);
std::string_view name_of(BlockReason reason);
std::optional<BlockReason> block_reason(std::string_view name);
std::string_view name_of(NextKind kind);
std::optional<NextKind> next_kind(std::string_view name);

inline bool is_terminal(TaskStatus status) {
  return status == TaskStatus::completed || status == TaskStatus::failed ||
         status == TaskStatus::cancelled;
}

/// What has to be resolved before a first run may exist. All clear by default.
struct Waits {
  bool adoption = false;
  bool conflict = false;
  bool renumbered = false;
  bool spec_held = false;      ///< front matter `status: draft`
  bool spec_approval = false;  ///< this version needs `spec approve`
  bool approval = false;       ///< needs `task approve`
  bool dependency_unknown = false;
  bool dependency_failed = false;
  int dependencies_open = 0;

  /// The first of them in the order in which they are resolved.
  std::optional<BlockReason> first() const;
  bool operator==(const Waits&) const = default;
};

/// What failed runs have used up. Waiting never counts.
struct Spent {
  int runs = 0;           ///< runs that ended by the agent's doing, or delivered
  int transient = 0;      ///< faults of the surroundings since a result was judged last
  int worker_losses = 0;
  int engine_losses = 0;
  std::map<FailureCode, int> by_code;

  bool operator==(const Spent&) const = default;
};

struct SpecPin {
  int version = 0;
  Digest digest;

  bool operator==(const SpecPin&) const = default;
};

/// A version that arrived while a run was under way, or after the task had ended, with what it says of
/// its task: that holds once it is taken up.
struct NewerSpec {
  SpecPin spec;
  bool needs_approval = false;  ///< our own delivery brought it
  std::string title = {};
  std::string repo = {};  ///< empty: it names none
  int priority = 3;
  Waits waits = {};       ///< what of it only persons resolve: approval, a held or renumbered text

  bool operator==(const NewerSpec&) const = default;
};

struct Next {
  NextKind kind = NextKind::spec;
  std::string what;            ///< for a person
  std::optional<Instant> due;  ///< when the reconciler acts by itself

  bool operator==(const Next&) const = default;
};

/// Row of `vtid_ledger`.
struct Task {
  Vtid vtid;
  std::string title;
  TaskStatus status = TaskStatus::draft;
  std::optional<BlockReason> blocked;  ///< set exactly when status is blocked
  int priority = 3;                    ///< 1 first, 4 last
  std::string repo;                    ///< where it is delivered; empty: not known yet
  std::string description;             ///< the ledger's own text; a fallback, never a rival
  std::optional<SpecPin> spec;         ///< the current version
  Waits waits;
  Instant not_before{};
  Next next;
  std::optional<Failure> failure;  ///< the last one; cleared by success and by a retry
  Spent spent;
  int attempt = 0;                 ///< the newest run's attempt; 0: none yet
  std::optional<NewerSpec> newer;  ///< drift: a newer text exists that has not run
  std::string answer;              ///< what persons said, for the next run's prompt: an answer, a refusal
  std::string agent;               ///< asked for by name; empty: the configured one
  std::optional<DeliveryMode> delivery;  ///< asked for; absent: the configured one
  Instant created_at{};
  Instant updated_at{};
  std::int64_t revision = 0;

  bool operator==(const Task&) const = default;
};

}  // namespace vitana::domain
