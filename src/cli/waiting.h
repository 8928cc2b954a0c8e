// What a task waits for that is no fault, in words and with the next command.
#pragma once

#include <optional>
#include <string>

#include "cli/task_text.h"

namespace vitana::cli {

struct Waiting {
  std::string what;  ///< one sentence: "VTID-00007 waits for a person's permission to execute"
  std::string next;  ///< commands that can be copied
};

/// Nothing for a task that is over, that the engine carries on, or that is blocked by a fault: texts that
/// fight, workers that died.
std::optional<Waiting> waiting(const TaskView& view);

}  // namespace vitana::cli
