// A task as a person reads it: everything about it in one value, and its text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/errors.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "engine/desk.h"
#include "store/reader.h"

namespace vitana::cli {

/// How long a run was in one state.
struct Stay {
  std::string state;
  Instant from{};
  std::optional<Instant> to;  ///< absent: it is there now
};

struct RunView {
  domain::Run run;
  std::vector<store::EvidenceRow> evidence;  ///< the newest judgement of each criterion
  std::vector<Stay> stays;                   ///< oldest first; may be empty
};

struct TaskView {
  domain::Task task;
  std::optional<store::SpecSummary> spec;  ///< the current version
  std::vector<RunView> runs;               ///< oldest first
  Instant now{};
  /// What the task depends on; without a status there is no such task.
  std::vector<std::pair<Vtid, std::optional<domain::TaskStatus>>> dependencies = {};
  std::string file = {};    ///< where its text stands in its repository, as far as that is known
  /// Texts of other sources that claim its number and do not count.
  std::vector<domain::Candidate> rivals = {};
  std::optional<domain::GateVerdict> held = {};  ///< what holds it, although it waits for nothing
};

/// What a list shows of a task: its newest run and what holds it, without evidence and history.
TaskView listed(Session& session, store::Reader& reader, domain::Task task);
/// "blocked: sign_off", "scheduled: EXECUTION_PAUSED", "in_progress: executing"
std::string list_status(const TaskView& view);

/// One snapshot. Errors: NOT_FOUND, STORE_*.
Result<TaskView> load_task(Session& session, Vtid vtid);

/// The newest judgement of each criterion, in the order in which they were first judged.
std::vector<store::EvidenceRow> newest_evidence(const std::vector<store::EvidenceRow>& rows);

/// How the criteria of a run stand. The repository's own checks are not counted.
struct Tally {
  int criteria = 0;
  int verified = 0;  ///< passed or held: seen by the verifier or signed off by a person
  int attested = 0;  ///< only said; never called verified
  int vacuous = 0;
  int failed = 0;
};
Tally tally(const std::vector<store::EvidenceRow>& evidence);

/// "warning: AC-1 proves nothing: its check was green before the change", a line for each; mostly empty.
std::string vacuous_text(const std::vector<store::EvidenceRow>& evidence);

/// "3 of 5 verified, 2 attested"
std::string tally_text(const Tally& tally);

/// "in_progress, executing 12.0 s", "blocked: approval_pending", "failed: AGENT_FAILED"
std::string headline(const TaskView& view);

/// What comes next, with the names of the file and of the tasks that it is about.
std::string next_words(const TaskView& view);
/// Said where the next thing is the engine's, and none runs: all times are those of an engine that runs.
std::optional<std::string> engine_missing(Session& session, const domain::Task& task);
/// Who acts next, and when.
std::string next_text(const TaskView& view);

/// Where a text from git lies by now: the one file of its number, if it was moved since it was locked.
std::string path_now(store::Reader& reader, const store::SpecSummary& spec);

/// "VTID-00936 failed, VTID-00999 not there": what is open of what the task depends on.
std::string open_dependencies(const TaskView& view);

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
