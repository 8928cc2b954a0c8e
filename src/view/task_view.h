// A task with everything that is shown of it, in one value: what commands print and what the gateway
// answers.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "store/reader.h"

namespace vitana::view {

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

/// One snapshot. Errors: NOT_FOUND, STORE_*.
Result<TaskView> load_task(engine::Engine& engine, Vtid vtid);

/// What a list shows of a task: its newest run and what holds it, without evidence and history.
TaskView listed(engine::Engine& engine, store::Reader& reader, domain::Task task);

struct TaskPage {
  std::vector<TaskView> tasks;
  std::optional<std::string> next;  ///< the cursor of the page after this one; absent on the last
};

/// The tasks that match, in the filter's order, at most `filter.limit`.
TaskPage task_page(engine::Engine& engine, store::Reader& reader, store::TaskFilter filter);

inline constexpr std::array task_orders = {store::TaskOrder::newest, store::TaskOrder::oldest,
                                           store::TaskOrder::changed};
std::string_view name_of(store::TaskOrder order);
std::optional<store::TaskOrder> task_order(std::string_view name);

/// `filter` goes on after `cursor`, which ended another page in the same order. Errors: VTID_INVALID.
Result<void> go_on(store::TaskFilter& filter, std::string_view cursor);

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

/// The file that hints name; empty where several fight, since it is the person who names one.
std::string file_to_name(const TaskView& view);

/// What comes next, with the names of the file and of the tasks that it is about.
std::string next_words(const TaskView& view);

/// Where a text from git lies by now: the one file of its number, if it was moved since it was locked.
std::string path_now(store::Reader& reader, const store::SpecSummary& spec);

/// "VTID-00936 failed, VTID-00999 not there": what is open of what the task depends on.
std::string open_dependencies(const TaskView& view);

}  // namespace vitana::view
