// What a person has written into a repository's vitana.toml and not committed: runs do not go by it.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "config/config.h"

namespace vitana::app {

/// Is the operator's file `config_file` the repository's own vitana.toml, too? Empty: there is none.
bool is_own_file(const std::string& config_file, const config::Repo& repo);

/// One finding, with the next command, for each repository of this machine whose working copy has
/// another [verify] or [policy] than the branch. What cannot be read is left to who runs on it.
std::vector<cli::DoctorFinding> uncommitted_rules(const config::Config& config, const std::string& config_file);

}  // namespace vitana::app
