// A folder that is gone when its owner is.
#pragma once

#include <filesystem>
#include <utility>

#include "base/result.h"

namespace vitana::git {

class TempDir {
 public:
  /// A new empty folder below `parent`, which is made when it is not there; mode 0700.
  /// Errors: WORKSPACE_FAILED.
  static Result<TempDir> create(const std::filesystem::path& parent);

  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  /// Removes the folder with all in it; what cannot be removed stays.
  ~TempDir();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace vitana::git
