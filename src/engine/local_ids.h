// Ids of spec files that carry none (ids = "local"): a repository's path stands for a VTID.
#pragma once

#include <map>
#include <string>

#include "base/digest.h"
#include "base/result.h"
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

}  // namespace vitana::engine
