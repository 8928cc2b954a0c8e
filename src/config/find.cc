#include "config/find.h"

#include <filesystem>

#include "config/file_name.h"

namespace vitana::config {

Result<std::optional<FoundConfig>> find_config(const std::string& start, const FileReader& read) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(start).lexically_normal();
  if (!folder.has_filename() && folder.has_relative_path()) folder = folder.parent_path();
  for (;;) {
    const std::string path = (folder / file_name).string();
    auto text = read(path);
    if (!text) return failure(std::move(text.error()));
    if (*text) return std::optional(FoundConfig{path, folder.string(), std::move(**text)});
    const fs::path above = folder.parent_path();
    if (above == folder || above.empty()) return std::optional<FoundConfig>();
    folder = above;
  }
}

}  // namespace vitana::config
