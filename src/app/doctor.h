// `vitana doctor`: is everything there that the next command needs? Each finding is made by trying.
#pragma once

#include <vector>

#include "cli/session.h"
#include "config/config.h"

namespace vitana::app {

/// Programs, sandbox, configuration, agents with their secrets, repositories, data directory, store.
std::vector<cli::DoctorFinding> doctor(const cli::OpenOptions& options);

cli::DoctorFinding sandbox_finding(const config::Config& config);

}  // namespace vitana::app
