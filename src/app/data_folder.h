// Where things lie on this machine.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "port/entropy.h"

namespace vitana::app {

/// The data directory: lock, database, mirrors, logs.
class DataFolder {
 public:
  explicit DataFolder(std::filesystem::path root) : root_(std::move(root)) {}

  /// Makes it, 0700, with a .gitignore of everything. Errors: STORE_READ_ONLY, STORE_FULL.
  Result<void> make() const;
  bool exists() const { return std::filesystem::exists(root_); }
  /// That it is not there.
  Error missing() const;

  /// Names this folder among all that engines of one store may use: made with it, and made anew where the folder
  /// is a copy of another. Errors: STORE_READ_ONLY, STORE_FULL.
  Result<std::string> id(port::Entropy& entropy) const;

  /// Something that only a store with tasks makes is here, but the database is not, or it is empty.
  bool lost_its_store() const;

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path lock() const { return root_ / "engine.lock"; }
  std::filesystem::path database() const { return root_ / "vitana.db"; }
  std::filesystem::path server() const { return root_ / "server.json"; }
  std::filesystem::path token() const { return root_ / "token"; }
  std::filesystem::path logs() const { return root_ / "logs"; }
  std::filesystem::path mirrors() const { return root_ / "mirrors"; }
  std::filesystem::path mirror(const std::string& repo) const { return mirrors() / (repo + ".git"); }

 private:
  std::filesystem::path root_;
};

/// The user's cache directory for workspaces of one store, or of one engine of it: XDG_CACHE_HOME, ~/.cache, else
/// (without a home that can be written) /var/tmp.
std::filesystem::path workspaces_folder(const config::Config& config, const std::string& name);

}  // namespace vitana::app
