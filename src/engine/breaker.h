// Breakers: a fault of the surroundings that meets several tasks pauses what causes it.
#pragma once

#include "base/result.h"
#include "domain/run.h"
#include "store/ledger.h"

namespace vitana::engine {

inline constexpr int breaker_tasks = 3;  ///< different tasks in a row with the same fault

/// Counts a failed step. An environment code opens the breaker of its agent or repository when the
/// third task in a row meets it; a red base opens the repository's at once.
void trip_breaker(store::Ledger& ledger, const domain::Run& run, const Error& error);

/// An agent worked on a green base: what was open for them is closed.
void close_breakers(store::Ledger& ledger, const domain::Run& run);

}  // namespace vitana::engine
