// What the engine tells the worker about one repository: where it is and what holds in it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/policy.h"
#include "git/mirror.h"
#include "git/source.h"

namespace vitana::worker {

/// As in force for one base commit: the operator's file, with what [verify] and [policy] of
/// vitana.toml at that commit add to it.
struct RepositoryRules {
  std::shared_ptr<git::Mirror> mirror;
  git::Source source = git::Source::at_path("/");
  std::vector<std::string> setup;     ///< shell, once per workspace, with network
  std::vector<std::string> cache;     ///< folders that setup makes and nobody delivers
  std::filesystem::path kept_folders = {};  ///< where those are kept, see KeptFolders; empty: nowhere
  std::vector<std::string> commands;  ///< the repository's own checks
  Duration command_timeout = std::chrono::minutes(30);
  domain::UnverifiedMode unverified = domain::UnverifiedMode::attest;
  /// All that no change may touch: the built-in globs, the specs, [policy] protect.
  std::vector<std::string> protected_globs;
  /// Folders of the tree in which vitana keeps its data: a merge into a checked-out branch would
  /// write into a store that is open. No spec can allow them.
  std::vector<std::string> own_folders;
  /// Files of the tree that the operator's configuration starts, and the folders above them (each may
  /// be a link): [notify] and what the owner's git starts (git::OwnerPrograms), which run outside every
  /// sandbox, and all agents.
  std::set<std::string> configured_programs;
  /// Folders of the tree in which everything is such a program: hooks.
  std::set<std::string> configured_folders;
  git::Identity author{"Vitana", "vitana@localhost"};
};

/// Errors: REPO_UNKNOWN, REPO_UNAVAILABLE, REPO_RULES_INVALID, GIT_FAILED. Thread-safe.
using RuleSource =
    std::function<Result<RepositoryRules>(const std::string& repo, const std::string& base_commit)>;

/// The commits on which a repository's own checks were green without any change of ours: they run once
/// on each. A red one is not remembered: what made it red may be the machine's fault, and is paced by the
/// repository's breaker. Thread-safe.
class GreenBases {
 public:
  virtual ~GreenBases() = default;
  /// `commands` is commands_digest().
  virtual bool contains(const std::string& repo, const std::string& commit, const Digest& commands) = 0;
  virtual void add(const std::string& repo, const std::string& commit, const Digest& commands) = 0;
};

/// Names the checks and the setup that they need.
Digest commands_digest(const RepositoryRules& rules);

}  // namespace vitana::worker
