// Judges on this machine, for a gateway elsewhere, what workers on others have made.
#pragma once

#include <filesystem>

#include "git/mirror.h"
#include "port/clock.h"
#include "port/verifier.h"
#include "remote/mirrors.h"
#include "remote/source.h"
#include "worker/rules.h"
#include "worker/sandbox.h"

namespace vitana::remote {

struct VerifierOptions {
  worker::GreenBases* green_bases = nullptr;  ///< outlives it; may be null
  std::filesystem::path workspaces;           ///< for checkouts; removed when a step ends
  std::filesystem::path mirrors;
  git::Options git;
};

/// Thread-safe. The gateway has made the deliverable: it comes as a commit, and is run against the checks of the spec
/// and the repository. Beside the errors of the port: LEASE_STALE, NETWORK_UNREACHABLE, COMMIT_MISSING.
class Verifier : public port::Verifier {
 public:
  /// `sandbox`, `clock`, `gateway` and `source` outlive it.
  Verifier(const worker::Sandbox& sandbox, port::Clock& clock, GatewayClient& gateway, Source& source,
           VerifierOptions options)
      : sandbox_(sandbox), clock_(clock), source_(source), options_(options),
        mirrors_(gateway, options_.mirrors, options_.git) {}

  Result<port::Verification> verify(const port::Assignment& assignment, std::stop_token stop) override;

 private:
  const worker::Sandbox& sandbox_;
  port::Clock& clock_;
  Source& source_;
  const VerifierOptions options_;
  Mirrors mirrors_;
};

}  // namespace vitana::remote
