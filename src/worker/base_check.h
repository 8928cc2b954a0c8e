// Is the repository green without any change of ours?
#pragma once

#include <filesystem>
#include <stop_token>

#include "base/result.h"
#include "worker/check_runner.h"
#include "worker/rules.h"

namespace vitana::worker {

struct BaseCheckRequest {
  const Sandbox& sandbox;
  const RepositoryRules& rules;
  GreenBases* green = nullptr;  ///< null: always run
  const std::string& repo;
  const git::Oid& commit;
  const std::filesystem::path& folder;  ///< for the checkout; must not be there
  const CheckLimits& limits;
};

/// Runs the repository's own checks on `commit`, unless they are known to be green there.
/// Errors: BASE_RED, with `command`, `exit_code` and `output` in the context; as CheckBench.
Result<void> require_green_base(const BaseCheckRequest& request, std::stop_token stop);

/// What a red command of the repository is called: BASE_RED or CHECKS_FAILED.
Error red_command(FailureCode code, const std::string& command, const CheckOutcome& outcome);

}  // namespace vitana::worker
