// Moves that random schedules take too seldom: each brought about on purpose.
#pragma once

#include "simulation/coverage.h"

namespace vitana::testing {

/// Plays all of them, notes what they moved, and returns what the checker says of their stories.
std::vector<std::string> play_rare_moves(Moves& moves);

}  // namespace vitana::testing
