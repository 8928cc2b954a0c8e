// Folders that a repository's setup makes (`cache` in its table), kept from one workspace to the next.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>

#include "worker/rules.h"

namespace vitana::worker {

/// A folder is kept under the names of what made it: the repository, the setup commands, and the lock files
/// beside the folder, as they are checked out. Without a lock file nothing says when it is outdated, and it is
/// not kept. What is there is never changed: whoever comes first keeps it. Several threads may have one each.
class KeptFolders {
 public:
  /// `tree` is checked out, and setup has not run in it.
  KeptFolders(const RepositoryRules& rules, std::filesystem::path tree);

  /// Copies what is kept into the tree, before setup. What cannot be had is left to setup.
  void bring(std::stop_token stop) const;
  /// Keeps what setup has made. Only for a tree in which nothing but setup has worked, of a commit that is on
  /// the branch: what a run has changed must not come into the workspaces of others.
  void keep(std::stop_token stop) const;

 private:
  const std::filesystem::path tree_;
  std::map<std::string, std::filesystem::path> places_;  ///< by the folder's path in the tree
};

}  // namespace vitana::worker
