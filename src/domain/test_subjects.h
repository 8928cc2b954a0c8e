// Tasks with runs in every state that can be, and commands of every kind, for tests.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "domain/transition.h"

namespace vitana::domain::testing {

inline const Instant noon = *from_rfc3339("2026-01-25T12:00:00Z");
inline const Vtid vtid{1213};

inline constexpr BlockReason block_reasons[] = {
    BlockReason::not_adopted,       BlockReason::spec_conflict,
    BlockReason::spec_renumbered,   BlockReason::spec_held,
    BlockReason::spec_approval,     BlockReason::dependency_unknown,
    BlockReason::dependency_failed, BlockReason::dependency_pending,
    BlockReason::approval_pending,  BlockReason::quarantined,
    BlockReason::question,          BlockReason::sign_off,
    BlockReason::evidence_lacking,  BlockReason::delivery_target_dirty};

/// Waits whose first() is `reason`; none for a reason that is a run's outcome.
Waits waits_for(BlockReason reason);

Task task(TaskStatus status);
/// Attempt 1, as it is in `state`; with a lease under token 3 where a step is under way.
Run run(RunState state, bool leased);
Subject blocked(BlockReason reason, std::optional<Run> run = std::nullopt);
Subject in_progress(RunState state, bool leased);

/// Every combination that the invariants allow, with and without leases, newer texts and used-up
/// budgets.
std::vector<Subject> all_subjects();
/// Commands of every kind, each with what makes a difference, under the token `fence`.
std::vector<Command> all_commands(Fence fence);

/// A line for a failed expectation.
std::string describe(const Subject& subject, const Command& command);

}  // namespace vitana::domain::testing
