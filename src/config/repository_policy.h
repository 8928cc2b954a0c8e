// What a repository says about itself: [verify] and [policy] of its own vitana.toml, as committed
// on a run's base. All other tables of that file are an operator's and are not looked at.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/file_name.h"
#include "domain/diagnostic.h"

namespace vitana::config {

struct RepositoryPolicy {
  Verify verify;  ///< its `slots` are the default, whatever the file says: they are the machine's
  PolicyRules rules;

  bool operator==(const RepositoryPolicy&) const = default;
};

struct RepositoryPolicyReading {
  RepositoryPolicy policy;
  std::vector<domain::Diagnostic> diagnostics;

  /// A file that is not valid holds no rules that could be trusted: nothing should run on it
  /// (REPO_RULES_INVALID).
  bool valid() const { return !domain::has_errors(diagnostics); }
};

RepositoryPolicyReading parse_repository_policy(std::string_view text,
                                                std::string file = file_name);

/// For a repository whose file is not the operator's own: its checks and protected paths are
/// added, the stricter of both modes holds, the operator's judge stays. Never looser than
/// `operator_config`. A judge that is not configured, or that would judge its own work, leaves the
/// judgement to a person.
Config tightened(const Config& operator_config, const RepositoryPolicy& repository);

/// For a repository whose committed file is the operator's own: what is committed holds, whatever
/// the working copy says; `environment` still comes before it.
Config committed(const Config& operator_config, const RepositoryPolicy& repository,
                 const std::map<std::string, std::string>& environment);

}  // namespace vitana::config
