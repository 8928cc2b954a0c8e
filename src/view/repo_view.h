// The configured repositories, with what the store knows of each.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/setup.h"
#include "store/reader.h"

namespace vitana::view {

struct RepoView {
  std::string name;
  std::string branch;  ///< empty: not known yet
  std::string folder;  ///< empty: it is on another machine
  std::optional<Instant> synced_at;
  std::string synced_commit;  ///< empty: none yet
  std::size_t files = 0;      ///< that match its patterns
};

std::vector<RepoView> load_repos(const engine::Setup& setup, store::Reader& reader);

}  // namespace vitana::view
