// The agents that the operator configured, and what a run's agent is given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "domain/command.h"

namespace vitana::worker {

enum class AgentKind { command };

enum class AgentNetwork {
  none,
  loopback,
  hosts,  ///< for now the whole network; the run's log says so
};

struct AgentConfig {
  std::string name;
  AgentKind kind = AgentKind::command;
  /// The program is looked up in PATH, absolute, or `./…` in the workspace.
  std::vector<std::string> command;
  AgentNetwork network = AgentNetwork::none;
  std::vector<std::string> network_hosts;  ///< recorded
  std::vector<std::string> secrets;        ///< names of environment variables it is given
  std::vector<std::filesystem::path> read;
  Duration timeout = std::chrono::minutes(30);
  Duration silence = std::chrono::minutes(5);
  std::uint64_t memory_bytes = std::uint64_t{4} << 30;
  std::uint64_t output_bytes = std::uint64_t{64} << 20;
  std::uint64_t disk_bytes = std::uint64_t{20} << 30;  ///< in its workspace and its private /tmp
  int processes = 4096;
  /// Exit codes that stand for AGENT_LOGIN or AGENT_QUOTA.
  std::map<int, FailureCode> exits;
};

/// Nothing for a name that is not configured.
using AgentSource = std::function<std::optional<AgentConfig>(const std::string& name)>;

/// The value of a secret that this agent is granted; nothing when it is not there. Two agents may
/// know different secrets by one name.
using SecretSource = std::function<std::optional<std::string>(const std::string& agent,
                                                              const std::string& name)>;

/// What an agent may leave at VITANA_REPORT_FILE. Nothing in it is evidence.
struct AgentReport {
  std::string summary;
  std::string question;
  /// Why it could not begin: AGENT_LOGIN or AGENT_QUOTA, from "failure": "login" or "quota".
  std::optional<FailureCode> failure;
  std::vector<std::pair<std::string, std::string>> notes;  ///< criterion's id, note
  domain::Usage usage;
};

/// Reads a report: every key may be missing, of another type or too long, and is then ignored or
/// cut. Nothing when the text is no JSON object.
std::optional<AgentReport> parse_report(std::string_view text);

/// The report at `file`, which the agent may have made anything: only a regular file of at most
/// 1 MiB is read, never through a link, never waiting. Nothing when there is none.
std::optional<AgentReport> read_report(const std::filesystem::path& file);

}  // namespace vitana::worker
