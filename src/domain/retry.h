// After a failed run: another one, when, or the end.
#pragma once

#include <optional>
#include <string>

#include "domain/policy.h"
#include "domain/task.h"

namespace vitana::domain {

/// Which budget a failure uses up.
enum class Budget {
  agent,        ///< the agent's doing: counts as a run
  transient,    ///< the surroundings: counts only in its own, generous budget
  environment,  ///< nothing is wrong with the task: waiting, no budget at all
  none,         ///< no retry can help
};

/// By class and retryability of the code; governance codes are never retried.
Budget budget_of(FailureCode code);

struct RetryAnswer {
  Spent spent;                    ///< with this failure counted
  std::optional<Instant> again;   ///< when the next run may start; absent: no further run
};

/// Exponential back-off: delay · 2^(n-1), at most delay_max, ±10 % by `roll` in [0, 1).
/// `paid`: an agent has done its work, and it is lost by this failure. Such a run counts as one, whoever's
/// fault it is; but for what pauses its surroundings.
RetryAnswer retry(const Spent& spent, FailureCode code, const Policy& policy, Instant now,
                  double roll, bool paid = false);

/// What a person may do about a task that has ended without success: words and commands, the one that
/// runs it again among them where that can help.
std::string way_on(const Task& task);

/// The delay before the n-th further try (n from 1).
Duration backoff(Duration delay, Duration delay_max, int n, double roll);

}  // namespace vitana::domain
