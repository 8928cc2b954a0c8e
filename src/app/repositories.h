// The configured repositories as the engine and the worker need them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/data_folder.h"
#include "app/git_repository.h"
#include "config/config.h"
#include "engine/setup.h"
#include "worker/rules.h"

namespace vitana::app {

/// Thread-safe.
class Repositories {
 public:
  /// Errors: REPO_UNAVAILABLE, BRANCH_MISSING - a repository without `branch` cannot say its own.
  static Result<std::unique_ptr<Repositories>> open(const config::Config& config,
                                                    const DataFolder& data);

  std::vector<engine::RepoSetup> setups() const;
  std::shared_ptr<GitRepository> find(const std::string& name) const;

  /// What holds for a run on `base_commit`: the operator's file, with what the repository's own file
  /// adds at that commit. Errors: REPO_UNKNOWN, CONFIG_INVALID, GIT_FAILED.
  Result<worker::RepositoryRules> rules(const std::string& name, const std::string& base_commit) const;

 private:
  explicit Repositories(const config::Config& config) : config_(config) {}

  const config::Config& config_;
  std::map<std::string, std::shared_ptr<GitRepository>> repositories_;
};

/// git as it is used everywhere here.
git::Options git_options();

}  // namespace vitana::app
