// Ids of spec files that carry none (ids = "local"): a repository's path stands for a VTID.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "domain/spec.h"
#include "engine/setup.h"
#include "store/ledger.h"

namespace vitana::engine {

/// The id of the file at `path`. What has none gets the one of a known delivery of the same text
/// (the mapping was lost with the data directory), else a new number. Errors: as new_vtid().
Result<Vtid> local_id(store::Ledger& ledger, const Setup& setup, const std::string& repo,
                      const std::string& path, const Digest& digest);

/// Files that were renamed keep their id; what lies at the old path next gets one of its own.
/// `renames`: new path, old path.
void move_local_ids(store::Ledger& ledger, const std::string& repo,
                    const std::map<std::string, std::string>& renames);

/// What a spec waits for: the VTIDs it names, and the files of its repository that it names as other
/// tools do, by how their name begins: "task-2" for `backlog/tasks/task-2 - Title.md`.
struct Dependencies {
  std::vector<Vtid> on;
  std::vector<std::string> unknown;  ///< names of no file, or of several outside the spec's own folder
};
Dependencies dependencies_of(store::Ledger& ledger, const domain::Provenance& provenance,
                             const domain::ParsedSpec& spec);

}  // namespace vitana::engine
