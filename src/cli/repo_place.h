// Where a file of the command line stands among the repositories.
#pragma once

#include <optional>
#include <string>

#include "engine/setup.h"

namespace vitana::cli {

/// The folder at or above `path` that holds a .git; empty: none does.
std::string working_tree_of(const std::string& path);

/// Whether this very folder holds what a bare repository does.
bool is_bare_repository(const std::string& folder);

struct RepoPlace {
  const engine::RepoSetup* repo = nullptr;
  std::string path;  ///< inside the repository, with `/`
};

/// The configured repository whose working tree holds the file; the innermost one.
std::optional<RepoPlace> place_of(const engine::Setup& setup, const std::string& file);

}  // namespace vitana::cli
