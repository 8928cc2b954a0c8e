// Breakers: a fault of the surroundings that meets several tasks pauses what causes it.
#pragma once

#include "base/result.h"
#include "domain/run.h"
#include "store/ledger.h"

namespace vitana::engine {

inline constexpr int breaker_tasks = 3;  ///< different tasks in a row with the same fault

/// Counts a failed step. A red base, a failed setup, a missing agent or sandbox opens the breaker of
/// its repository or agent at once; a login or quota when the third task in a row meets it.
void trip_breaker(store::Ledger& ledger, const domain::Run& run, const Error& error);

/// An agent worked on a green base: what was open for them is closed.
void close_breakers(store::Ledger& ledger, const domain::Run& run);

}  // namespace vitana::engine
