// A task as a person reads it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/errors.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/desk.h"
#include "view/task_view.h"

namespace vitana::cli {

using view::RunView;
using view::Tally;
using view::TaskView;

/// "blocked: sign_off", "scheduled: EXECUTION_PAUSED", "in_progress: executing"
std::string list_status(const TaskView& view);

/// "warning: AC-1 proves nothing: its check was green before the change", a line for each; mostly empty.
std::string vacuous_text(const std::vector<store::EvidenceRow>& evidence);

/// "3 of 5 verified, 2 attested"
std::string tally_text(const Tally& tally);

/// "in_progress, executing 12.0 s", "blocked: approval_pending", "failed: AGENT_FAILED"
std::string headline(const TaskView& view);

/// Said where the next thing is the engine's, and none runs: all times are those of an engine that runs.
std::optional<std::string> engine_missing(Session& session, const domain::Task& task);
/// Who acts next, and when.
std::string next_text(const TaskView& view);

/// The next step for a verdict that holds this task; the catalogue's hint where none is nearer.
std::string hint_for(const TaskView& view, const Error& error, const HintWords& words);

/// The whole card of `task show`.
std::string task_text(const TaskView& view, const Terminal& terminal);
/// Lines for one run's evidence.
std::string evidence_text(const std::vector<store::EvidenceRow>& evidence, const Terminal& terminal,
                          bool with_output);
/// The verdicts of the gate in their order, and what comes next.
std::string why_text(const engine::Why& why, const TaskView& view, const Terminal& terminal);

}  // namespace vitana::cli
