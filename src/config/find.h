// The nearest vitana.toml.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

namespace vitana::config {

/// Reads a whole file; nothing when there is none. Errors: CONFIG_INVALID when it cannot be read.
using FileReader = std::function<Result<std::optional<std::string>>(const std::string& path)>;

struct FoundConfig {
  std::string path;    ///< of the file
  std::string folder;  ///< that holds it; relative paths in it start there
  std::string text;
};

/// Looks for vitana.toml in `start` (an absolute folder), then in each folder above it. Nothing
/// when there is none up to the root. Errors: the reader's, for a file that is there and cannot be
/// read; a file further up does not take its place.
Result<std::optional<FoundConfig>> find_config(const std::string& start, const FileReader& read);

}  // namespace vitana::config
