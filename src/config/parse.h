// vitana.toml → Config, with every fault of the text as a diagnostic.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/file_name.h"
#include "domain/diagnostic.h"

namespace vitana::config {

struct ConfigOptions {
  std::string file = file_name;  ///< what diagnostics name
  /// Absolute folder that relative paths start from; empty: they stay as they are.
  std::string base;
  /// The process's environment. `VITANA_SERVER__LISTEN` sets [server] listen: upper case, sections
  /// joined by two underscores; names without two underscores are not looked at. [[repos]] cannot
  /// be set. A list is one item, or a TOML array.
  std::map<std::string, std::string> environment = {};
};

struct ConfigReading {
  Config config;  ///< usable only when valid(); what could be read otherwise
  std::vector<domain::Diagnostic> diagnostics;  ///< in order of line

  bool valid() const { return !domain::has_errors(diagnostics); }
};

/// Reads the whole text and finds all faults, not only the first. An empty text is the defaults.
/// Pure: paths are resolved by their letters, nothing is looked up.
ConfigReading parse_config(std::string_view text, const ConfigOptions& options = {});

}  // namespace vitana::config
