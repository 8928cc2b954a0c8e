// Which paths a change may touch.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vitana::worker {

/// The words of a shell script that name a program by its path where a program's name stands, and
/// those that an interpreter (sh, python3, node, …) is given as its script; a shell's `-c` script is
/// read, too. Without a leading "./" or "$PWD/". After `cd FOLDER` each counts from there as well.
/// It is a reading of plain scripts, not a shell: what hides its programs in other variables is not seen.
std::vector<std::string> started_programs(std::string_view script);
/// The same of one command without a shell.
std::vector<std::string> started_programs(const std::vector<std::string>& command);

struct PathRules {
  std::vector<std::string> protected_globs;
  std::set<std::string> protected_files;  ///< in-tree programs that checks start
  std::vector<std::string> allowed;       ///< the spec's own `paths:`; empty: everything else
  std::vector<std::string> never;         ///< folders, whatever `allowed` says: vitana's own data
  std::set<std::string> configured;       ///< see RepositoryRules::configured_programs
  std::set<std::string> configured_folders;  ///< see RepositoryRules::configured_folders
};

/// Why the path may not be changed; nothing when it may. A path that `allowed` names may be changed
/// though it is protected, one below `never` may not.
std::optional<std::string> forbidden(const PathRules& rules, const std::string& path);

}  // namespace vitana::worker
