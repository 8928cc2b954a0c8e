// A configured agent as a worker starts it.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "worker/agent.h"

namespace vitana::app {

/// Nothing where no [agents.NAME] has that name.
std::optional<worker::AgentConfig> configured_agent(const config::Config& config, const std::string& name);

/// The value of a secret that a configured agent is granted; nothing when it is not there.
std::optional<std::string> configured_secret(const config::Config& config, const std::string& agent,
                                             const std::string& name);

}  // namespace vitana::app
