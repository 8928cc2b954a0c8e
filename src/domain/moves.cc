// The tables of legal moves, and the diagram made from them.
#include <fmt/format.h>

#include <array>
#include <map>
#include <string>

#include "domain/transition.h"

namespace vitana::domain {
namespace {

using C = CommandKind;
using T = TaskStatus;
using R = RunState;

// clang-format off
constexpr auto of_tasks = std::to_array<TaskMove>({
  // A text is locked: it becomes current, or is kept beside a run or an end as the newer one.
  {C::register_spec, T::draft, T::scheduled}, {C::register_spec, T::draft, T::blocked},
  {C::register_spec, T::draft, T::completed},
  {C::register_spec, T::scheduled, T::scheduled}, {C::register_spec, T::scheduled, T::blocked},
  {C::register_spec, T::scheduled, T::completed},
  {C::register_spec, T::blocked, T::scheduled}, {C::register_spec, T::blocked, T::blocked},
  {C::register_spec, T::blocked, T::completed},
  {C::register_spec, T::failed, T::scheduled}, {C::register_spec, T::failed, T::blocked},
  {C::register_spec, T::failed, T::completed},
  {C::register_spec, T::in_progress, T::in_progress},
  {C::register_spec, T::completed, T::completed}, {C::register_spec, T::cancelled, T::cancelled},
  {C::refuse_spec, T::draft, T::draft}, {C::refuse_spec, T::blocked, T::draft},
  {C::refuse_spec, T::scheduled, T::failed},

  {C::change_waits, T::draft, T::draft}, {C::change_waits, T::draft, T::blocked},
  {C::change_waits, T::scheduled, T::scheduled}, {C::change_waits, T::scheduled, T::blocked},
  {C::change_waits, T::blocked, T::blocked}, {C::change_waits, T::blocked, T::scheduled},
  {C::change_waits, T::blocked, T::draft}, {C::change_waits, T::in_progress, T::in_progress},

  {C::close, T::draft, T::completed}, {C::close, T::scheduled, T::completed},
  {C::close, T::blocked, T::completed}, {C::close, T::failed, T::completed},
  {C::close, T::cancelled, T::completed},

  {C::allocate, T::scheduled, T::in_progress},
  {C::offer, T::in_progress, T::in_progress},
  {C::route_accepted, T::in_progress, T::in_progress},
  {C::route_failed, T::in_progress, T::in_progress},
  {C::claim, T::in_progress, T::in_progress}, {C::claim, T::blocked, T::blocked},

  {C::executed, T::in_progress, T::in_progress}, {C::executed, T::in_progress, T::blocked},
  {C::executed, T::in_progress, T::scheduled}, {C::executed, T::in_progress, T::failed},

  {C::step_failed, T::in_progress, T::in_progress}, {C::step_failed, T::in_progress, T::scheduled},
  {C::step_failed, T::in_progress, T::failed}, {C::step_failed, T::in_progress, T::blocked},
  {C::step_failed, T::blocked, T::in_progress}, {C::step_failed, T::blocked, T::blocked},
  {C::step_failed, T::blocked, T::scheduled},
  {C::step_failed, T::blocked, T::failed},

  {C::verified, T::in_progress, T::in_progress}, {C::verified, T::in_progress, T::blocked},
  {C::verified, T::in_progress, T::completed}, {C::verified, T::in_progress, T::scheduled},
  {C::verified, T::in_progress, T::failed},
  {C::sign_off, T::blocked, T::blocked}, {C::sign_off, T::blocked, T::in_progress},
  {C::sign_off, T::blocked, T::failed}, {C::sign_off, T::blocked, T::scheduled},

  {C::base_moved, T::in_progress, T::in_progress}, {C::base_moved, T::blocked, T::in_progress},
  {C::base_moved, T::in_progress, T::scheduled}, {C::base_moved, T::in_progress, T::failed},
  {C::base_moved, T::in_progress, T::blocked}, {C::base_moved, T::blocked, T::scheduled},
  {C::base_moved, T::blocked, T::failed}, {C::base_moved, T::blocked, T::blocked},
  {C::target_dirty, T::in_progress, T::blocked}, {C::target_dirty, T::blocked, T::blocked},
  {C::delivered, T::in_progress, T::completed}, {C::delivered, T::blocked, T::completed},

  {C::lease_lost, T::in_progress, T::in_progress}, {C::lease_lost, T::in_progress, T::blocked},
  {C::lease_lost, T::blocked, T::blocked},
  {C::release, T::in_progress, T::in_progress}, {C::release, T::blocked, T::blocked},

  {C::deadline_passed, T::scheduled, T::scheduled},
  {C::deadline_passed, T::in_progress, T::in_progress},
  {C::deadline_passed, T::in_progress, T::scheduled}, {C::deadline_passed, T::in_progress, T::failed},
  {C::deadline_passed, T::in_progress, T::blocked},
  {C::deadline_passed, T::blocked, T::blocked}, {C::deadline_passed, T::blocked, T::failed},

  {C::cancel, T::draft, T::cancelled}, {C::cancel, T::scheduled, T::cancelled},
  {C::cancel, T::in_progress, T::cancelled}, {C::cancel, T::blocked, T::cancelled},

  {C::retry, T::failed, T::scheduled}, {C::retry, T::failed, T::blocked},
  {C::retry, T::cancelled, T::scheduled}, {C::retry, T::cancelled, T::blocked},
  {C::retry, T::completed, T::scheduled}, {C::retry, T::completed, T::blocked},
  {C::retry, T::blocked, T::scheduled}, {C::retry, T::blocked, T::blocked},

  {C::answer, T::blocked, T::scheduled}, {C::answer, T::blocked, T::blocked},
});

constexpr auto of_runs = std::to_array<RunMove>({
  {C::allocate, std::nullopt, R::allocated},
  {C::offer, R::allocated, R::pending_pickup}, {C::offer, R::allocated, R::dispatching},
  {C::route_accepted, R::dispatching, R::pending_pickup},
  {C::route_failed, R::dispatching, R::dispatching},
  {C::route_failed, R::dispatching, R::pending_pickup},

  {C::claim, R::pending_pickup, R::executing}, {C::claim, R::executing, R::executing},
  {C::claim, R::verifying, R::verifying}, {C::claim, R::delivering, R::delivering},

  {C::executed, R::executing, R::verifying}, {C::executed, R::executing, R::failed},
  {C::step_failed, R::executing, R::failed},
  {C::step_failed, R::verifying, R::verifying}, {C::step_failed, R::verifying, R::failed},
  {C::step_failed, R::delivering, R::delivering}, {C::step_failed, R::delivering, R::failed},

  {C::verified, R::verifying, R::verifying}, {C::verified, R::verifying, R::delivering},
  {C::verified, R::verifying, R::completed}, {C::verified, R::verifying, R::failed},
  {C::sign_off, R::verifying, R::verifying}, {C::sign_off, R::verifying, R::failed},
  {C::base_moved, R::delivering, R::verifying}, {C::base_moved, R::delivering, R::failed},
  {C::target_dirty, R::delivering, R::delivering},
  {C::delivered, R::delivering, R::completed},

  {C::lease_lost, R::executing, R::executing}, {C::lease_lost, R::executing, R::failed},
  {C::lease_lost, R::verifying, R::verifying}, {C::lease_lost, R::verifying, R::failed},
  {C::lease_lost, R::delivering, R::delivering},
  {C::release, R::executing, R::executing}, {C::release, R::verifying, R::verifying},
  {C::release, R::delivering, R::delivering},

  {C::deadline_passed, R::allocated, R::pending_pickup},
  {C::deadline_passed, R::dispatching, R::pending_pickup},
  {C::deadline_passed, R::pending_pickup, R::failed},
  {C::deadline_passed, R::executing, R::failed}, {C::deadline_passed, R::verifying, R::failed},
  {C::deadline_passed, R::delivering, R::delivering},

  {C::cancel, R::allocated, R::cancelled}, {C::cancel, R::dispatching, R::cancelled},
  {C::cancel, R::pending_pickup, R::cancelled}, {C::cancel, R::executing, R::cancelled},
  {C::cancel, R::verifying, R::cancelled}, {C::cancel, R::delivering, R::cancelled},
});
// clang-format on

}  // namespace

std::span<const TaskMove> task_moves() { return of_tasks; }
std::span<const RunMove> run_moves() { return of_runs; }

std::string moves_diagram() {
  const auto diagram = [](const auto& moves, auto from_name) {
    std::map<std::pair<std::string, std::string>, std::string> arrows;
    for (const auto& move : moves) {
      const std::string to(name_of(move.to));
      const std::string from = from_name(move);
      if (from == to) continue;
      auto& label = arrows[{from, to}];
      if (!label.empty()) label += ", ";
      label += name_of(move.command);
    }
    std::string text = "```mermaid\nstateDiagram-v2\n";
    for (const auto& [ends, label] : arrows) {
      text += fmt::format("  {} --> {}: {}\n", ends.first, ends.second, label);
    }
    return text + "```\n";
  };
  return diagram(task_moves(), [](const TaskMove& m) { return std::string(name_of(m.from)); }) +
         "\n" + diagram(run_moves(), [](const RunMove& m) {
           return m.from ? std::string(name_of(*m.from)) : std::string("[*]");
         });
}

}  // namespace vitana::domain
