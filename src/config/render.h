// Config → vitana.toml: what is in force, every key with its value.
#pragma once

#include <string>

#include "base/digest.h"
#include "config/config.h"

namespace vitana::config {

/// Secrets stay places ("env:NAME"). Reading the text gives an equal Config, wherever it is read.
std::string render(const Config& config);

/// What a run is bound to: of the rendered text.
Digest digest(const Config& config);

}  // namespace vitana::config
