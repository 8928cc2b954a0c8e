// Secrets by name: where they are, what the agent knows them as.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"

namespace vitana::app {

/// "env:NAME" is given to the agent as NAME, "file:/path/openai-key" as OPENAI_KEY.
std::string secret_name(const config::SecretRef& secret);

/// Its value now; nothing when the variable is not set or the file cannot be read.
std::optional<std::string> secret_value(const config::SecretRef& secret);

}  // namespace vitana::app
