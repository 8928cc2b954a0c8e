// One seeded schedule: a random history of persons, repositories, workers, faults and deaths over
// the shipped engine and store, on one thread, with a clock of its own; then its judgement.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/setup.h"
#include "simulation/coverage.h"
#include "simulation/faults.h"

namespace vitana::testing {

struct ScheduleOptions {
  std::uint64_t seed = 1;
  int steps = 60;
  bool print = false;             ///< each line of the trace as it comes about
  std::string store_path = {};    ///< empty: in memory; else a file or an address, opened anew after each death
  std::optional<double> deaths = {};  ///< chance of each action to be the last; absent: by dice
  // What mutants change.
  engine::Rules rules = {};
  bool delivers_blindly = false;  ///< the deliver step puts its change on the tip, whatever is there
  bool damages_specs = false;     ///< stored texts are changed behind the store's back (in a file)
};

struct Outcome {
  std::uint64_t seed = 0;
  std::vector<std::string> findings;  ///< invariants that do not hold
  std::vector<std::string> trace;
  Moves moves;
  std::set<Death> deaths;

  /// The findings and the end of the trace, for a person.
  std::string report() const;
};

Outcome run_schedule(const ScheduleOptions& options);

}  // namespace vitana::testing
