// Executes steps on this machine for a gateway elsewhere: fetches what they start from, sends what they leave.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "git/mirror.h"
#include "port/executor.h"
#include "remote/gateway_client.h"
#include "remote/mirrors.h"
#include "remote/source.h"
#include "worker/command_executor.h"

namespace vitana::remote {

struct ExecutorOptions {
  /// Its agent, rules and wall are those of each assignment; an agent that it knows by the assignment's name goes
  /// before the one that is told. Secrets are asked of it alone: none comes from elsewhere.
  worker::CommandExecutorOptions here;
  std::filesystem::path mirrors;  ///< one for each repository of the gateway
  git::Options git;
  std::size_t result_bytes_max = port::result_bundle_bytes_max;
};

/// Thread-safe. What a step left is removed when it has ended: its log when that was sent, its workspace when its
/// result was; of steps that failed the newest workspaces stay for a look. Beside the errors of the port: LEASE_STALE,
/// NETWORK_UNREACHABLE, REQUEST_INVALID; AGENT_DISK_LIMIT also for a result that is too large to be sent.
class Executor : public port::Executor {
 public:
  /// `sandbox`, `gateway` and `source` outlive it.
  Executor(const worker::Sandbox& sandbox, GatewayClient& gateway, Source& source, ExecutorOptions options)
      : sandbox_(sandbox), gateway_(gateway), source_(source), options_(std::move(options)),
        mirrors_(gateway, options_.mirrors, options_.git) {}

  Result<domain::Executed> execute(const port::Assignment& assignment, std::stop_token stop) override;

 private:
  Result<void> send_result(const git::Mirror& mirror, const port::Assignment& assignment, const std::string& commit,
                           const std::stop_token& stop);
  Result<domain::Executed> carry_out(const port::Assignment& assignment, const Terms& terms,
                                     const std::shared_ptr<git::Mirror>& mirror, const std::stop_token& stop);
  worker::CommandExecutorOptions terms_of(const Terms& terms, const std::shared_ptr<git::Mirror>& mirror) const;

  /// Removes what nobody needs here: of a step that went through all, of others all but the newest.
  void sweep();

  const worker::Sandbox& sandbox_;
  GatewayClient& gateway_;
  Source& source_;
  const ExecutorOptions options_;
  Mirrors mirrors_;
  std::mutex mutex_;
  std::set<std::string> live_;  ///< workspaces of steps under way
};

}  // namespace vitana::remote
