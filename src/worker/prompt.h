// What an agent is told.
#pragma once

#include <string>
#include <vector>

#include "port/run_source.h"

namespace vitana::worker {

struct PromptFacts {
  std::string workspace;    ///< as the agent sees it
  std::string report_file;  ///< as the agent sees it
  std::vector<std::string> protected_globs;
  std::vector<std::string> repository_checks;
};

/// The whole prompt: the task, how it will be judged, the rules, what happened before, and the
/// specification word for word at the end.
std::string build_prompt(const port::Assignment& assignment, const PromptFacts& facts);

}  // namespace vitana::worker
