#include "config/starter.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/names.h"
#include "config/toml_text.h"
#include "config/values.h"

namespace vitana::config {
namespace {

/// A fact inside a comment must not end it.
std::string in_comment(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

/// A line whose comment stands where those of the other lines do, as far as there is room.
std::string line(std::string text, std::string_view comment) {
  constexpr std::size_t comment_column = 31;
  text.append(text.size() < comment_column ? comment_column - text.size() : 1, ' ');
  return text + "# " + std::string(comment) + "\n";
}

std::string repo_section(const StarterFacts& facts) {
  const bool named = is_name(facts.repo_name);
  const bool on_branch = is_branch_name(facts.branch);
  std::string text = "[[repos]]\n";
  text += fmt::format("name = {}\n", quoted(named ? facts.repo_name : "main"));
  text += "path = \".\"\n";
  text += on_branch ? line("branch = " + quoted(facts.branch), "only this branch registers specs")
                    : line("# branch = \"main\"", "without it: the repository's own default");
  const Repo defaults;
  text += line("specs = " + quoted_list(facts.specs.empty() ? defaults.specs : facts.specs),
               "** matches any number of folders");
  if (facts.unnumbered) text += line("# ids = \"local\"", "files without a VTID get a number of their own");
  text +=
      "# Specs that are there already wait until you say: vitana spec adopt GLOB --run, or "
      "--done\n";
  text += "adopt = \"new\"\n";
  if (facts.setup.empty()) {
    text += line("# setup = [\"npm ci\"]", "once per workspace, with network");
  } else {
    text += line("setup = " + quoted_list(facts.setup), "once per workspace, with network");
  }
  if (!facts.cache.empty()) text += line("cache = " + quoted_list(facts.cache), "kept between workspaces");
  return text;
}

std::string agent_section(const FoundAgent& agent) {
  std::string text = fmt::format("[agents.{}]\n", agent.name);
  text += fmt::format("kind = {}\n", quoted(name_of(agent.kind)));
  if (!agent.command.empty()) text += fmt::format("command = {}\n", quoted_list(agent.command));
  text += agent.hosts.empty() ? line("network = \"none\"", "or \"loopback\", or hosts: these open it whole for now")
                              : line("network = " + quoted_list(agent.hosts), "noted; for now it is open to all");
  if (!agent.secrets.empty()) {
    text += fmt::format("secrets = {}\n", quoted_list(agent.secrets));
  } else if (!agent.key.empty()) {
    text += "# It sees none of your logins. Its key comes from here:\n";
    text += fmt::format("# secrets = {}\n", quoted_list({"env:" + in_comment(agent.key)}));
  }
  text += line("timeout = \"30m\"", "a whole run");
  text += line("silence = \"5m\"", "without a sign of life");
  return text;
}

constexpr std::string_view no_agent =
    R"(# No agent program was found in PATH. A command gets the prompt on stdin, changes the files of its
# working directory and ends with 0:
#
# [agents.fixer]
# kind = "command"
# command = ["./tools/fixer.sh"]
# network = "none"             # or "loopback", or hosts: these open it whole for now
# secrets = ["env:API_KEY"]
)";

bool usable(const FoundAgent& agent) {
  const bool secrets = std::all_of(agent.secrets.begin(), agent.secrets.end(), is_secret_reference);
  const bool hosts = std::all_of(agent.hosts.begin(), agent.hosts.end(), is_host);
  return is_name(agent.name) && secrets && hosts &&
         (agent.kind != AgentKind::command || !agent.command.empty());
}

std::string worker_section(const std::string& agent, const StarterFacts& facts) {
  std::string text = "[worker]\n";
  text += agent.empty() ? "# agent = \"fixer\"\n" : fmt::format("agent = {}\n", quoted(agent));
  text += line("slots = 2", "agents at a time");
  if (facts.sandbox_works) {
    text += line("sandbox = \"require\"", "agents and checks see nothing but their workspace");
  } else {
    text += fmt::format("# The sandbox does not work on this machine: {}\n",
                        in_comment(facts.sandbox_reason));
    text +=
        "# Runs go on without it and are marked as unsandboxed; \"require\" would refuse them.\n";
    text += "# See: vitana doctor\n";
    text += "sandbox = \"prefer\"\n";
  }
  return text;
}

std::string verify_section(const StarterFacts& facts) {
  std::string text = "[verify]\n";
  text += "# The repository's own checks: green before a run starts, green on its result.\n";
  text += facts.checks.empty() ? "# commands = [\"make test\"]\n"
                               : fmt::format("commands = {}\n", quoted_list(facts.checks));
  text +=
      "# Criteria without a check are: attest (recorded as such), human (signed off by a person).\n";
  text += "unverified = \"attest\"\n";
  return text;
}

constexpr std::string_view rest = R"([delivery]
mode = "branch"                # branch: a branch per task; merge: into the branch

[policy]
approval = "auto"              # required: each task waits for: vitana task approve
profile = "standard"           # strict: a spec needs a problem statement too

[caps]                         # 0 = no cap
runs_per_task = 3
runs_per_repo_day = 100
concurrent = 2                 # runs under way at a time, from their start to their delivery
wall = "60m"

# [notify]
# command = ["./tools/tell.sh"] # one JSON event on stdin, for what needs a person
)";

}  // namespace

std::string starter_config(const StarterFacts& facts) {
  std::string text =
      "# What vitana does here. Every other key has a default: vitana config show\n"
      "# Environment names come before this file: VITANA_WORKER__SLOTS=4\n\n"
      "[server]\n"
      "data = \".vitana\"               # the store; git does not see it\n\n";
  text += repo_section(facts) + "\n";
  std::string first;
  std::vector<std::string> written;
  for (const auto& agent : facts.agents) {
    if (!usable(agent) || std::find(written.begin(), written.end(), agent.name) != written.end())
      continue;
    if (first.empty()) first = agent.name;
    written.push_back(agent.name);
    text += agent_section(agent) + "\n";
  }
  if (first.empty()) text += std::string(no_agent) + "\n";
  text += worker_section(first, facts) + "\n";
  text += verify_section(facts) + "\n";
  text += rest;
  return text;
}

}  // namespace vitana::config
