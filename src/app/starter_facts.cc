#include "app/starter_facts.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>

#include "app/repositories.h"
#include "app/system.h"
#include "process/program.h"
#include "worker/sandbox.h"

namespace vitana::app {

namespace fs = std::filesystem;

namespace {

std::optional<std::string> first_existing(const fs::path& folder,
                                          std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::exists(folder / name)) return name;
  }
  return std::nullopt;
}

bool file_has_line(const fs::path& path, std::string_view start) {
  std::ifstream file(path);
  std::string line;
  for (int i = 0; i < 5000 && std::getline(file, line); ++i) {
    if (line.starts_with(start)) return true;
  }
  return false;
}

bool file_contains(const fs::path& path, std::string_view text) {
  std::ifstream file(path);
  std::string content(std::size_t{256} << 10, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return content.find(text) != std::string::npos;
}

/// The test command that a repository of this shape usually has.
void detect_checks(const fs::path& folder, config::StarterFacts& facts) {
  if (fs::exists(folder / "package.json")) {
    facts.setup.push_back(fs::exists(folder / "package-lock.json") ? "npm ci" : "npm install");
    facts.cache.emplace_back("node_modules");
    if (file_contains(folder / "package.json", "\"test\"")) facts.checks.emplace_back("npm test");
  }
  if (fs::exists(folder / "Cargo.toml")) facts.checks.emplace_back("cargo test");
  if (fs::exists(folder / "go.mod")) facts.checks.emplace_back("go test ./...");
  if (const auto makefile = first_existing(folder, {"GNUmakefile", "makefile", "Makefile"})) {
    for (const char* target : {"check", "test"}) {
      if (file_has_line(folder / *makefile, std::string(target) + ":")) {
        facts.checks.push_back(std::string("make ") + target);
        break;
      }
    }
  }
  if (first_existing(folder, {"pytest.ini", "conftest.py", "tox.ini"})) {
    facts.checks.emplace_back("python3 -m pytest -q");
  }
}

void detect_agents(config::StarterFacts& facts) {
  const auto add = [&](const char* program, std::vector<std::string> arguments,
                       std::vector<std::string> hosts, const char* key) {
    if (!process::find_program(program, search_path())) return;
    config::FoundAgent agent{.name = program};
    agent.command.emplace_back(program);
    agent.command.insert(agent.command.end(), arguments.begin(), arguments.end());
    agent.hosts = std::move(hosts);
    if (std::getenv(key) != nullptr) agent.secrets.push_back(std::string("env:") + key);
    facts.agents.push_back(std::move(agent));
  };
  add("claude", {"-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"},
      {"api.anthropic.com"}, "ANTHROPIC_API_KEY");
  add("codex", {"exec", "--skip-git-repo-check", "-s", "workspace-write", "-"}, {"api.openai.com"},
      "CODEX_API_KEY");
  add("gemini", {"--approval-mode", "yolo"}, {"generativelanguage.googleapis.com"}, "GEMINI_API_KEY");
  add("opencode", {"run"}, {"opencode.ai"}, "OPENCODE_API_KEY");
}

}  // namespace

Result<config::StarterFacts> starter_facts(const std::string& folder) {
  const fs::path root = fs::absolute(folder).lexically_normal();
  const git::Git git(git_options());
  auto branch = git::default_branch(git, git::Source::at_path(root));
  if (!branch) return failure(std::move(branch.error()));
  config::StarterFacts facts;
  const auto tip = git::remote_ref(git, git::Source::at_path(root), "refs/heads/" + *branch);
  facts.has_commit = tip && *tip;
  facts.branch = std::move(*branch);
  facts.repo_name = root.filename().empty() ? root.parent_path().filename().string()
                                            : root.filename().string();
  detect_checks(root, facts);
  detect_agents(facts);
  const auto probe = worker::probe_sandbox({.path = search_path()});
  facts.sandbox_works = probe.available;
  facts.sandbox_reason = probe.reason;
  return facts;
}

}  // namespace vitana::app
