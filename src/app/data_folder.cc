#include "app/data_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace vitana::app {

namespace fs = std::filesystem;

Result<void> DataFolder::make() const {
  std::error_code error;
  for (const auto& folder : {root_, logs(), root_ / "mirrors"}) {
    fs::create_directories(folder, error);
    if (error) {
      return failure(FailureCode::STORE_READ_ONLY, fmt::format("{}: {}", folder.string(), error.message()));
    }
  }
  fs::permissions(root_, fs::perms::owner_all, error);
  const auto ignore = root_ / ".gitignore";
  if (!fs::exists(ignore)) {
    std::ofstream file(ignore);
    file << "*\n";
    if (!file.flush()) {
      return failure(FailureCode::STORE_READ_ONLY, fmt::format("{} cannot be written", ignore.string()));
    }
  }
  return {};
}

fs::path workspaces_folder(const config::Config& config, const std::string& store_id) {
  if (!config.worker.workspaces.empty()) return fs::path(config.worker.workspaces) / store_id;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path base = fmt::format("/var/tmp/vitana-{}", ::getuid());
  if (cache != nullptr && *cache == '/') {
    base = fs::path(cache) / "vitana";
  } else if (home != nullptr && *home == '/') {
    base = fs::path(home) / ".cache" / "vitana";
  }
  return base / store_id;
}

}  // namespace vitana::app
