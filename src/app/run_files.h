// What workers on other machines need of this one's disk: rules, base commits, results, logs.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>

#include "app/data_folder.h"
#include "app/repositories.h"
#include "gateway/route.h"
#include "worker/agent.h"

namespace vitana::app {

/// Thread-safe. Implements gateway::RunFiles; `repositories` outlives it. Beside its errors: GATEWAY_BUSY - more
/// bundles are made and taken already than bundles_at_once.
class RunFileKeeper {
 public:
  static constexpr std::ptrdiff_t bundles_at_once = 4;

  RunFileKeeper(Repositories& repositories, worker::AgentSource agent, worker::SecretSource secret, Duration wall_max,
                DataFolder data)
      : repositories_(repositories), agent_(std::move(agent)), secret_(std::move(secret)), wall_max_(wall_max),
        data_(std::move(data)) {}

  /// Its methods as the gateway asks for them; it outlives them.
  gateway::RunFiles files();

 private:
  Result<remote::Terms> terms(const port::Assignment& assignment) const;
  Result<remote::Terms> terms_of_execution(const domain::Run& run) const;
  Result<remote::Terms> terms_of_verification(const port::Assignment& assignment) const;
  Result<worker::Candidate> candidate(const port::Assignment& assignment) const;
  worker::RuleSource rules() const;
  Result<std::shared_ptr<git::Mirror>> mirror(const domain::Run& run) const;
  Result<gateway::RunFiles::Bundle> base_bundle(const domain::Run& run, const std::vector<std::string>& have) const;
  Result<void> take_bundle(const domain::Run& run, const std::string& bundle) const;
  Result<gateway::RunFiles::Outcome> keep_result(const domain::Run& run, const std::string& commit) const;
  Result<gateway::RunFiles::LogEnd> append_log(const RunId& run, std::size_t offset, std::string_view text);

  Repositories& repositories_;
  const worker::AgentSource agent_;
  const worker::SecretSource secret_;
  const Duration wall_max_;
  const DataFolder data_;
  /// Bundles are large, and git takes long over them: the gateway's other threads stay free.
  mutable std::counting_semaphore<> bundling_{bundles_at_once};
  std::mutex appending_;
};

}  // namespace vitana::app
