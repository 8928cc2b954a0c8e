// Runs an agent that is a command: workspace, base checks, setup, agent, snapshot.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "port/executor.h"
#include "worker/agent.h"
#include "worker/check_runner.h"
#include "worker/rules.h"
#include "worker/sandbox.h"

namespace vitana::worker {

struct CommandExecutorOptions {
  AgentSource agent;  ///< AGENT_UNKNOWN for a name that it does not know
  RuleSource rules;
  SecretSource secret;                ///< may be empty where no agent is granted any
  GreenBases* green_bases = nullptr;  ///< outlives the executor; null: run before every agent
  std::filesystem::path workspaces;   ///< one folder for each grant, see janitor.h
  std::filesystem::path logs;         ///< "<run id>.log"
  std::uint64_t log_bytes_max = std::uint64_t{16} << 20;
  Duration wall_max = std::chrono::minutes(60);  ///< [caps] wall; 0 is no bound
  CheckLimits check_limits;
};

/// The agent gets the prompt on stdin and, in its environment, VITANA_VTID, VITANA_RUN_ID,
/// VITANA_SPEC_FILE, VITANA_PROMPT_FILE and VITANA_REPORT_FILE, all outside the tree. The result is
/// kept in the mirror under the name "results/<run id>". The workspace stays for the janitor; its
/// name is in Executed::workspace, or in the context `workspace` of an error.
class CommandExecutor : public port::Executor {
 public:
  /// `sandbox` outlives it.
  CommandExecutor(const Sandbox& sandbox, CommandExecutorOptions options);

  /// Thread-safe. Beside the port's errors: AGENT_UNKNOWN, AGENT_MISSING, SECRET_MISSING
  /// (before anything is made or run), and those of the rules.
  Result<domain::Executed> execute(const port::Assignment& assignment,
                                   std::stop_token stop) override;

 private:
  struct Job;
  Result<domain::Executed> carry_out(Job& job, std::stop_token stop) const;
  Result<void> run_agent(Job& job, std::stop_token stop) const;
  Result<domain::Executed> take_result(Job& job) const;

  const Sandbox& sandbox_;
  CommandExecutorOptions options_;
};

}  // namespace vitana::worker
