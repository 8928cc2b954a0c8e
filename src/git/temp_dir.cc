#include "git/temp_dir.h"

#include <stdlib.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace vitana::git {

Result<TempDir> TempDir::create(const std::filesystem::path& parent) {
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  auto name = (parent / "tmp.XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return failure(
        FailureCode::WORKSPACE_FAILED,
        fmt::format("no folder can be made in {}: {}", parent.string(), std::strerror(errno)));
  }
  return TempDir(name);
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace vitana::git
