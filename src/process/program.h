// Where a program is.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vitana::process {

/// A child's whole environment: nothing is inherited.
using Environment = std::map<std::string, std::string>;

/// The executable file that `name` stands for. A name with `/` is itself; any other is looked up
/// in the absolute folders of `path`, a PATH value (empty and relative entries are skipped: a
/// program is never taken from wherever the working directory happens to be).
/// Errors: PROGRAM_FAILED - not there, or not executable.
Result<std::filesystem::path> find_program(std::string_view name, std::string_view path);

}  // namespace vitana::process
