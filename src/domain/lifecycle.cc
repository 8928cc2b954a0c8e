// Small questions about tasks, runs and commands.
#include <fmt/format.h>

#include <type_traits>

#include "domain/command.h"
#include "domain/run.h"
#include "domain/task.h"

namespace vitana::domain {

std::optional<BlockReason> Waits::first() const {
  if (conflict) return BlockReason::spec_conflict;
  if (renumbered) return BlockReason::spec_renumbered;
  if (adoption) return BlockReason::not_adopted;
  if (spec_held) return BlockReason::spec_held;
  if (spec_approval) return BlockReason::spec_approval;
  if (dependency_unknown) return BlockReason::dependency_unknown;
  if (dependency_failed) return BlockReason::dependency_failed;
  if (dependencies_open > 0) return BlockReason::dependency_pending;
  if (approval) return BlockReason::approval_pending;
  return std::nullopt;
}

std::optional<Step> Run::wants() const {
  if (lease || parked) return std::nullopt;
  switch (state) {
    case RunState::pending_pickup:
    case RunState::executing: return Step::execute;
    case RunState::verifying: return Step::verify;
    case RunState::delivering: return Step::deliver;
    case RunState::allocated:
    case RunState::dispatching:
    case RunState::completed:
    case RunState::failed:
    case RunState::cancelled: return std::nullopt;
  }
  return std::nullopt;
}

bool Run::waits() const { return parked || (step_failures > 0 && !lease); }

bool Run::holds_slot() const { return !is_terminal(state) && !waits(); }

std::string delivery_branch(const Vtid& vtid, std::string_view title) {
  constexpr std::size_t slug_max = 40;
  std::string slug;
  for (const char c : title) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter) slug += c;
    if (c >= 'A' && c <= 'Z') slug += static_cast<char>(c - 'A' + 'a');
    if (!letter && !(c >= 'A' && c <= 'Z') && !slug.empty() && slug.back() != '-') slug += '-';
    if (slug.size() >= slug_max) break;
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  const auto number = vtid.to_string().substr(std::string_view("VTID-").size());
  return "refs/heads/vtid/" + number + (slug.empty() ? "" : "-" + slug);
}

std::string Usage::to_json() const {
  return fmt::format(R"({{"input_tokens":{},"output_tokens":{},"cost_usd":{},"turns":{}}})",
                     input_tokens, output_tokens, cost_usd, turns);
}

Failure Failure::of(const Error& error, std::string_view from_state) {
  return {error.code, error.message, std::string(from_state), error.causes, error.context};
}

Fence fence_of(const Command& command) {
  return std::visit(
      [](const auto& c) -> Fence {
        if constexpr (requires { c.fence; }) {
          return c.fence;
        } else {
          return 0;
        }
      },
      command);
}

}  // namespace vitana::domain
