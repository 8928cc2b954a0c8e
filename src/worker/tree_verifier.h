// Judges the tree that would be delivered.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "port/clock.h"
#include "port/verifier.h"
#include "worker/agent.h"
#include "worker/candidate.h"
#include "worker/check_runner.h"
#include "worker/rules.h"
#include "worker/sandbox.h"

namespace vitana::worker {

struct TreeVerifierOptions {
  /// Makes what is judged; empty: worker::make_candidate(), by `rules`.
  std::function<Result<Candidate>(const port::Assignment& assignment)> candidate = {};
  RuleSource rules = {};
  /// What the run's agent was granted is hidden in evidence and errors. Both may be empty: nothing is.
  AgentSource agent = {};
  SecretSource secret = {};
  GreenBases* green_bases = nullptr;  ///< outlives the verifier; may be null
  std::filesystem::path workspaces = {};  ///< for checkouts; removed when a step ends
  CheckLimits check_limits = {};
};

/// All checks run even when one is red.
class TreeVerifier : public port::Verifier {
 public:
  /// `sandbox` and `clock` outlive it.
  TreeVerifier(const Sandbox& sandbox, port::Clock& clock, TreeVerifierOptions options);

  /// Thread-safe. Beside the port's errors: REPO_UNAVAILABLE, BRANCH_MISSING, SETUP_FAILED.
  Result<port::Verification> verify(const port::Assignment& assignment,
                                    std::stop_token stop) override;

 private:
  const Sandbox& sandbox_;
  port::Clock& clock_;
  TreeVerifierOptions options_;
};

}  // namespace vitana::worker
