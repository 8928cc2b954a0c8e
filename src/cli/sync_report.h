// What reading a repository brought: one table that fits on a small terminal.
#pragma once

#include <string>

#include "cli/terminal.h"
#include "engine/registry.h"
#include "store/reader.h"

namespace vitana::cli {

/// A sync reads only what differs from the last one; this adds the files that stand as they stood,
/// so that the report names every file. In order of path.
engine::RepoSync with_known_files(store::Reader& reader, engine::RepoSync report);

/// Counts by outcome, then the files that need a person with their reason, as many of
/// them as a small terminal shows, then the next command.
std::string sync_text(const engine::RepoSync& report, const Terminal& terminal);

}  // namespace vitana::cli
