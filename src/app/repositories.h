// The configured repositories as the engine and the worker need them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/data_folder.h"
#include "app/git_repository.h"
#include "config/config.h"
#include "engine/setup.h"
#include "git/source.h"
#include "worker/rules.h"

namespace vitana::app {

/// Of a repository's own vitana.toml.
inline constexpr std::size_t own_config_bytes_max = 256 << 10;

/// Thread-safe.
class Repositories {
 public:
  using Branches = std::map<std::string, std::string>;  ///< by the repository's name

  /// `config_file`: the operator's; where it is a repository's own too, what is committed there
  /// holds, whatever the working copy says. `branches`: those that the repositories were read for last.
  /// A repository without `branch` that cannot say its own now, because it is gone or its HEAD is
  /// detached, goes on with that one; without one each use of it says so until it can.
  static std::unique_ptr<Repositories> open(const config::Config& config, const std::string& config_file,
                                            const DataFolder& data, const Branches& branches);

  std::vector<engine::RepoSetup> setups() const;
  std::shared_ptr<GitRepository> find(const std::string& name) const;

  /// What holds for a run on `base_commit`: the operator's file, with what the repository's own file
  /// adds at that commit. Errors: REPO_UNKNOWN, REPO_RULES_INVALID, GIT_FAILED.
  Result<worker::RepositoryRules> rules(const std::string& name, const std::string& base_commit) const;

  /// As rules(), of what a text is held to.
  Result<domain::SpecRules> spec_rules(const std::string& name, const std::string& commit) const;

 private:
  /// The operator's configuration with what the repository's own file at `commit` says.
  Result<config::Config> effective(const config::Repo& repo, GitRepository& repository,
                                   const std::string& commit) const;
  Repositories(const config::Config& config, std::string config_file,
               std::filesystem::path data_root)
      : config_(config), config_file_(std::move(config_file)), data_root_(std::move(data_root)) {}

  const config::Config& config_;
  const std::string config_file_;
  const std::filesystem::path data_root_;
  std::map<std::string, std::shared_ptr<GitRepository>> repositories_;
};

/// Where it is.
git::Source source_of(const config::Repo& repo);

/// The branch that counts: the configured one, or its own default. Errors: as git::default_branch().
Result<std::string> branch_of(const git::Git& git, const config::Repo& repo);

/// git as it is used everywhere here.
git::Options git_options();

}  // namespace vitana::app
