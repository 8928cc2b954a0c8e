// Breakers: a fault of the surroundings that meets several tasks pauses the agent or repository
// that causes it, so that one refused login does not cost every task a run.
#pragma once

#include <optional>
#include <string>

#include "base/failure.h"
#include "base/time.h"
#include "base/vtid.h"

namespace vitana::domain {

inline constexpr int breaker_tries = 3;  ///< runs in a row with a fault of the scope
inline constexpr Duration probe_delay = std::chrono::seconds(60);
inline constexpr Duration probe_delay_max = std::chrono::minutes(15);

/// What a fault is a fault of; nothing for what a task itself is to blame for.
enum class BreakerScope { agent, repository };
std::optional<BreakerScope> breaker_scope(FailureCode code);

/// What is known of one agent or one repository.
struct Breaker {
  FailureCode code = FailureCode::AGENT_LOGIN;  ///< of the newest fault
  std::string detail;
  Instant since{};             ///< when it was opened, or its cause became another one
  Instant probe_at{};          ///< while it is open: from then on one run may try
  int tries = 0;               ///< runs in a row that met the fault
  bool open = false;
  int probes = 0;              ///< that failed since it was opened
  std::optional<RunId> probe;  ///< the run that tries now
  bool proven = false;         ///< a run worked, and it was not opened since

  /// How many runs may be under way at a time while it is closed; nothing is any number. An agent
  /// that is new here or failed last gets no more runs than would open the breaker.
  std::optional<int> trial_slots() const;

  bool operator==(const Breaker&) const = default;
};

enum class BreakerNews { none, opened, closed };

/// `run` met a fault of this breaker's scope. A login, a quota or a repository may fail once by chance:
/// the third such fault in a row, for one task or for several, opens it; the rest is the same every
/// time and opens it at once.
BreakerNews breaker_fault(Breaker& breaker, const RunId& run, FailureCode code,
                          const std::string& detail, Instant now);

/// A run showed that the fault is gone, or was none.
BreakerNews breaker_success(Breaker& breaker);

/// `run` is the one that tries; nobody else does before its end. `probe_at` is for the next one, should
/// this one end without saying anything (it was cancelled).
void breaker_probe(Breaker& breaker, const RunId& run, Instant now);

}  // namespace vitana::domain
