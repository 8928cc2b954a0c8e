#include "cli/waiting.h"

#include <fmt/format.h>

#include "base/check.h"

namespace vitana::cli {
namespace {

/// "AC-2, AC-3": what the newest verification left to a person.
std::string left_to_a_person(const TaskView& view) {
  std::string names;
  if (view.runs.empty()) return names;
  for (const auto& row : view.runs.back().evidence) {
    const auto& e = row.evidence;
    if (e.verdict != domain::EvidenceVerdict::skipped) continue;
    names += (names.empty() ? "" : ", ") + e.criterion;
  }
  return names;
}

std::string failure_words(const TaskView& view) {
  return view.task.failure ? ": " + brief(view.task.failure->message) : std::string();
}

/// The first of the tasks before it that is not completed: that one is to be looked at.
std::string look_at_dependency(const TaskView& view) {
  for (const auto& [vtid, status] : view.dependencies) {
    if (status && *status != domain::TaskStatus::completed) return "vitana task why " + vtid.to_string();
  }
  return "vitana task why " + view.task.vtid.to_string();
}

std::string dependencies_words(const TaskView& view) {
  const auto open = open_dependencies(view);
  return open.empty() ? std::string() : ": " + open;
}

std::string judge(const std::string& id) {
  return fmt::format("vitana task diff {}, then: vitana task sign-off {} --met, or --not-met --reason TEXT", id, id);
}

}  // namespace

std::optional<Waiting> waiting(const TaskView& view) {
  using domain::BlockReason;
  if (!view.task.blocked) return std::nullopt;
  const std::string id = view.task.vtid.to_string();
  const std::string run = ", then: vitana run " + id;
  switch (*view.task.blocked) {
    case BlockReason::sign_off: {
      const auto open = left_to_a_person(view);
      return Waiting{id + " waits for a person who judges " + (open.empty() ? "the result" : open),
                     judge(id) + run};
    }
    case BlockReason::evidence_lacking:
      return Waiting{id + " waits for a person who judges the result: no check has proven it", judge(id) + run};
    case BlockReason::approval_pending:
      return Waiting{id + " waits for a person's permission to execute", "vitana task approve " + id + run};
    case BlockReason::spec_approval:
      return Waiting{id + " waits for a person who approves its new text", "vitana spec approve " + id + run};
    case BlockReason::question:
      return Waiting{id + " waits for an answer to its agent" + failure_words(view),
                     "vitana task answer " + id + " TEXT" + run};
    case BlockReason::delivery_target_dirty:
      return Waiting{id + " waits for a clean working tree" + failure_words(view),
                     "commit or stash what is in the way" + run};
    case BlockReason::dependency_unknown:
    case BlockReason::dependency_failed:
    case BlockReason::dependency_pending:
      return Waiting{id + " waits for what it depends on" + dependencies_words(view), look_at_dependency(view)};
    case BlockReason::spec_held:
      return Waiting{id + " waits for its author", hint_for(view, {FailureCode::SPEC_NOT_APPROVED, ""}, {})};
    case BlockReason::not_adopted:
      return Waiting{id + " waits for a person who adopts it", "vitana spec adopt " + id + " --run, or --done"};
    case BlockReason::spec_conflict:
    case BlockReason::spec_renumbered:
    case BlockReason::quarantined: return std::nullopt;
  }
  CHECK(false);
}

}  // namespace vitana::cli
