#include "app/agents.h"

#include "app/secrets.h"

namespace vitana::app {
namespace {

worker::AgentNetwork network_of(config::Network::Mode mode) {
  switch (mode) {
    case config::Network::Mode::none: return worker::AgentNetwork::none;
    case config::Network::Mode::loopback: return worker::AgentNetwork::loopback;
    case config::Network::Mode::hosts: return worker::AgentNetwork::hosts;
  }
  return worker::AgentNetwork::none;
}

}  // namespace

std::optional<worker::AgentConfig> configured_agent(const config::Config& config, const std::string& name) {
  const auto* configured = config.agent(name);
  if (configured == nullptr) return std::nullopt;
  worker::AgentConfig agent;
  agent.name = name;
  agent.command = configured->command;
  agent.network = network_of(configured->network.mode);
  agent.network_hosts = configured->network.hosts;
  for (const auto& secret : configured->secrets) agent.secrets.push_back(secret_name(secret));
  for (const auto& path : configured->read) agent.read.emplace_back(path);
  agent.timeout = configured->timeout;
  agent.silence = configured->silence;
  agent.memory_bytes = configured->memory;
  agent.disk_bytes = configured->disk;
  agent.output_bytes = configured->output;
  agent.processes = configured->processes;
  agent.exits = configured->exits;
  return agent;
}

std::optional<std::string> configured_secret(const config::Config& config, const std::string& agent,
                                             const std::string& name) {
  const auto* configured = config.agent(agent);
  if (configured == nullptr) return std::nullopt;
  for (const auto& secret : configured->secrets) {
    if (secret_name(secret) == name) return secret_value(secret);
  }
  return std::nullopt;
}

}  // namespace vitana::app
