// Who acts in a schedule: those who write specs, and those who work.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "simulation/checker.h"
#include "simulation/faults.h"
#include "support/world.h"

namespace vitana::testing {

/// Texts of specs: of few tasks and few kinds, so that they meet.
class Author {
 public:
  explicit Author(Dice& dice) : dice_(dice) {}

  static constexpr int tasks = 6;

  Vtid any_vtid() { return Vtid(1201u + static_cast<unsigned>(dice_.below(tasks))); }
  /// Valid more often than not; may hold, close, depend, need a person, or need no change.
  std::string text() { return text(0.1); }
  std::string valid_text() { return text(0); }
  /// A change of spec files of the branch: new, edited, removed, renamed, claimed twice, copied.
  SimRepository::Tree change(const SimRepository::Tree& now);
  static std::string path(Vtid vtid, int which);

 private:
  std::string text(double invalid);

  Dice& dice_;
};

/// How lucky workers are. All 0: every step ends well.
struct Luck {
  double fails = 0;
  double odd = 0;  ///< no change, a question, nothing proven
};

/// What a worker brings back from one step.
struct StepResult {
  port::StepReport report;
  std::vector<domain::Evidence> evidence;
};

StepResult do_step(World& world, Dice& dice, const Luck& luck, domain::UnverifiedMode mode,
                       const port::Assignment& assignment);

/// A failure that a step may report: any of the catalogue that is about carrying out.
Error any_step_error(Dice& dice);

/// The mutant of the deliver step: never looks what is there.
port::StepReport deliver_blindly(World& world, const port::Assignment& assignment);

}  // namespace vitana::testing
