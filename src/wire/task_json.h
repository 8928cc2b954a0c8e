// A task as `task show`, `task list` and `run --json` print it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/criterion.h"
#include "domain/run.h"
#include "domain/spec.h"
#include "domain/task.h"
#include "wire/json.h"

namespace vitana::wire {

struct SpecView {
  int version = 1;
  Digest digest;
  domain::Provenance provenance;
};

struct RunView {
  domain::Run run;
  std::vector<domain::Evidence> evidence = {};
};

struct TaskView {
  domain::Task task;
  std::optional<SpecView> spec = {};  ///< the current version
  std::vector<RunView> runs = {};     ///< oldest first
};

/// Where on its way a task stands: "spec" without a valid one, "gate" while nothing runs, the live
/// run's state, "done" at the end.
std::string_view stage_of(const domain::Task& task, const std::optional<domain::Run>& newest);

/// null, or {"code","class","message","retryable","from_state"}; "causes" and "context" where there
/// are any.
Json failure_json(const std::optional<domain::Failure>& failure);

/// {"criterion","text","class","verdict","exit_code","base_exit_code","command","output","tree","at"}
Json evidence_json(const domain::Evidence& evidence);

/// The object of `task show`: "vtid" to "spec", "runs" with their evidence in brief.
Json task_json(const TaskView& view);

struct ListedTask {
  domain::Task task;
  std::optional<domain::Run> newest = {};
};

/// {"tasks":[…],"next_cursor"}: as task_json without spec's provenance and runs; the cursor is null
/// on the last page.
Json task_list_json(const std::vector<ListedTask>& tasks,
                    const std::optional<std::string>& next_cursor);

}  // namespace vitana::wire
