// The operator's configuration: which file counts, and what it says.
#pragma once

#include <string>

#include "cli/session.h"
#include "config/config.h"

namespace vitana::app {

struct OperatorConfig {
  config::Config config;
  std::string file;  ///< that it was read from; empty: there is none
};

/// See cli::Application::data_place; whether it is there is not asked.
Result<cli::DataPlace> data_place(const cli::OpenOptions& options);

/// The file that was named, else the nearest vitana.toml upwards, under the environment and the options.
/// Errors: CONFIG_MISSING, CONFIG_INVALID with a cause for each finding, FILE_UNREADABLE.
Result<OperatorConfig> read_operator_config(const cli::OpenOptions& options);

}  // namespace vitana::app
