// What a worker elsewhere has of the gateway's repositories: a mirror of each, filled by bundles.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/stop.h"
#include "git/mirror.h"
#include "port/run_source.h"
#include "remote/gateway_client.h"

namespace vitana::remote {

/// Thread-safe. Errors: LEASE_STALE, NETWORK_UNREACHABLE, CANCELLED, GIT_FAILED; COMMIT_MISSING - another commit came.
class Mirrors {
 public:
  /// `gateway` outlives it.
  Mirrors(GatewayClient& gateway, std::filesystem::path folder, git::Options git)
      : gateway_(gateway), folder_(std::move(folder)), git_(std::move(git)) {}

  /// The mirror of the run's repository, with the commit that the step of `assignment` begins with in it.
  Result<std::shared_ptr<git::Mirror>> with(const port::Assignment& assignment, const git::Oid& commit,
                                            const std::stop_token& stop);

 private:
  struct Place {
    std::shared_ptr<git::Mirror> mirror;
    Turn fetching;
  };
  Result<std::shared_ptr<Place>> place_of(const std::string& repo);

  GatewayClient& gateway_;
  const std::filesystem::path folder_;
  const git::Options git_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Place>> places_;
};

/// Names under which a mirror keeps what was fetched.
inline constexpr std::string_view bases_kept = "bases/";

}  // namespace vitana::remote
