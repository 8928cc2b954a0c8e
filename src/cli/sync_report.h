// What reading a repository brought: one table that fits on a small terminal.
#pragma once

#include <cstddef>
#include <string>

#include "cli/terminal.h"
#include "engine/registry.h"
#include "store/reader.h"

namespace vitana::cli {

/// A sync reads only what differs from the last one; this adds the files that stand as they stood,
/// so that the report names every file. In order of path.
engine::RepoSync with_known_files(store::Reader& reader, engine::RepoSync report);

/// At the first look a person goes through every file once.
inline constexpr std::size_t first_contact_rows_max = 200;

/// Counts by outcome, then the files that need a person with their reason: all, if they are no more than
/// `whole_max`, else as many of them as a small terminal shows; then the next command.
std::string sync_text(const engine::RepoSync& report, const Terminal& terminal, std::size_t whole_max = 0);

}  // namespace vitana::cli
