// Labels choose: which runs a worker is granted to execute.
#pragma once

#include <string>
#include <vector>

#include "engine/setup.h"

namespace vitana::engine {

/// What a worker must have to execute runs of this agent and this repository; each once.
std::vector<std::string> needed_labels(const Setup& setup, const std::string& agent, const std::string& repo);

/// Has a worker with these labels all of it?
bool fits(const Setup& setup, const std::vector<std::string>& labels, const std::string& agent,
          const std::string& repo);

/// Takes off the list of a step what a worker with these labels cannot take: where it judges, no agent runs.
void leave_out_unfit(const Setup& setup, const std::vector<std::string>& labels, domain::Step step,
                     store::WorkFilter& filter);

}  // namespace vitana::engine
