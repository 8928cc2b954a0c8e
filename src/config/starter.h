// The vitana.toml that `vitana init` writes: fitted to a repository and its machine.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace vitana::config {

/// An agent program that was found in PATH.
struct FoundAgent {
  std::string name;  ///< for [agents.NAME]
  AgentKind kind = AgentKind::command;
  std::vector<std::string> command;  ///< needed for kind command
  std::vector<std::string> hosts;    ///< it has to reach
  std::vector<std::string> secrets;  ///< "env:NAME" that are set now
  std::string key = {};              ///< the variable that its login is usually in; known even if it is not set
};

struct StarterFacts {
  std::string repo_name;
  std::string branch;
  bool has_commit = true;           ///< the branch is there
  std::vector<std::string> specs;   ///< globs of folders that hold specs; empty: the default
  bool unnumbered = false;          ///< some of them are of tools that give files no VTID
  std::vector<std::string> setup;   ///< detected: "npm ci"
  std::vector<std::string> cache;   ///< detected: "node_modules"
  std::vector<std::string> checks;  ///< detected: "make test", "npm test", "cargo test"
  std::vector<FoundAgent> agents;   ///< in order of preference; the first becomes worker.agent
  bool sandbox_works = true;
  std::string sandbox_reason;  ///< why it does not, in one line
};

/// A commented text that parse_config() reads without an error, whatever the facts.
std::string starter_config(const StarterFacts& facts);

}  // namespace vitana::config
