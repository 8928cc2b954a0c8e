#include "app/starter_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "app/repositories.h"
#include "app/system.h"
#include "process/program.h"
#include "process/run.h"
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

/// The `test` script of a package.json; nothing where there is none, or the one that npm init writes.
std::optional<std::string> test_script(const nlohmann::json& package) {
  const auto scripts = package.find("scripts");
  if (scripts == package.end() || !scripts->is_object()) return std::nullopt;
  const auto test = scripts->find("test");
  if (test == scripts->end() || !test->is_string()) return std::nullopt;
  auto text = test->get<std::string>();
  if (text.find("no test specified") != std::string::npos) return std::nullopt;
  return text;
}

/// Commands for what the lock file says installs the packages. A package.json that cannot be read gives
/// none: each of them would fail.
void detect_packages(const fs::path& folder, config::StarterFacts& facts) {
  std::ifstream file(folder / "package.json");
  if (!file) return;
  const auto package = nlohmann::json::parse(file, nullptr, false);
  if (!package.is_object()) return;
  std::string tool = "npm";
  std::string install = fs::exists(folder / "package-lock.json") ? "npm ci" : "npm install";
  for (const auto& [lock, name] : {std::pair{"pnpm-lock.yaml", "pnpm"}, std::pair{"yarn.lock", "yarn"}}) {
    if (!fs::exists(folder / lock)) continue;
    tool = name;
    install = tool + " install --frozen-lockfile";
    break;
  }
  facts.setup.push_back(install);
  facts.cache.emplace_back("node_modules");
  if (test_script(package)) facts.checks.push_back(tool + " test");
}

template <typename Matches>
bool any_entry(const fs::path& folder, Matches matches) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (matches(entry.path())) return true;
  }
  return false;
}

bool has_pytest(const fs::path& folder) {
  if (first_existing(folder, {"pytest.ini", "conftest.py", "tox.ini"})) return true;
  if (file_has_line(folder / "pyproject.toml", "[tool.pytest")) return true;
  return any_entry(folder / "tests", [](const fs::path& path) {
    const auto name = path.filename().string();
    return name.starts_with("test_") && name.ends_with(".py");
  });
}

/// The system's own pytest where it is there and the repository asks for nothing else; otherwise what it
/// asks for is installed beside it. A sandbox has no other Python than the system's.
void detect_pytest(const fs::path& folder, config::StarterFacts& facts) {
  std::string install;
  if (fs::exists(folder / "requirements.txt")) install += " -r requirements.txt";
  if (file_has_line(folder / "pyproject.toml", "[project]")) install += " -e .";
  const auto probe = process::run({.argv = {"/usr/bin/python3", "-I", "-c", "import pytest"},
                                   .cwd = "/",
                                   .environment = {{"PATH", "/usr/bin:/bin"}},
                                   .input = {},
                                   .deadline = std::chrono::seconds(10)});
  if (install.empty() && probe && probe->ok()) {
    facts.checks.emplace_back("python3 -m pytest -q");
    return;
  }
  facts.setup.push_back("python3 -m venv .venv && .venv/bin/pip install --quiet pytest" + install);
  facts.cache.emplace_back(".venv");
  facts.checks.emplace_back(".venv/bin/python -m pytest -q");
}

/// The folders of other tools' specs, beside the usual one.
void detect_specs(const fs::path& folder, config::StarterFacts& facts) {
  const auto is_spec_kit = [](const fs::path& path) {
    const auto name = path.filename().string();
    const bool numbered = name.size() > 4 && name[3] == '-' && name.find_first_not_of("0123456789") == 3;
    return numbered && fs::exists(path / "spec.md");
  };
  std::vector<std::string> found;
  if (any_entry(folder / "specs", is_spec_kit)) found.emplace_back("specs/*/spec.md");
  if (fs::is_directory(folder / "openspec")) found.emplace_back("openspec/changes/*/proposal.md");
  if (fs::is_directory(folder / ".kiro/specs")) found.emplace_back(".kiro/specs/*/requirements.md");
  if (fs::is_directory(folder / "backlog")) found.emplace_back("backlog/tasks/*.md");
  if (found.empty()) return;
  facts.unnumbered = true;
  facts.specs = config::Repo{}.specs;
  facts.specs.insert(facts.specs.end(), found.begin(), found.end());
}

/// The test command that a repository of this shape usually has.
void detect_checks(const fs::path& folder, config::StarterFacts& facts) {
  detect_packages(folder, facts);
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
  if (has_pytest(folder)) detect_pytest(folder, facts);
}

void detect_agents(config::StarterFacts& facts) {
  const auto add = [&](const char* program, std::vector<std::string> arguments,
                       std::vector<std::string> hosts, const char* key) {
    if (!process::find_program(program, search_path())) return;
    config::FoundAgent agent{.name = program};
    agent.command.emplace_back(program);
    agent.command.insert(agent.command.end(), arguments.begin(), arguments.end());
    agent.hosts = std::move(hosts);
    agent.key = key;
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

/// For a HEAD that is on none: a usual one that is there, else a new one.
std::string way_to_a_branch(const git::Git& git, const fs::path& root) {
  for (const char* name : {"main", "master"}) {
    const auto tip = git::remote_ref(git, git::Source::at_path(root), std::string("refs/heads/") + name);
    if (tip && *tip) return fmt::format("git switch {}, then: vitana init", name);
  }
  return "git switch -c main, then: vitana init";
}

}  // namespace

Result<config::StarterFacts> starter_facts(const std::string& folder) {
  const fs::path root = fs::absolute(folder).lexically_normal();
  const git::Git git(git_options());
  auto branch = git::default_branch(git, git::Source::at_path(root));
  if (!branch && branch.error().code == FailureCode::BRANCH_MISSING) {
    branch.error().context["hint"] = way_to_a_branch(git, root);
  }
  if (!branch) return failure(std::move(branch.error()));
  config::StarterFacts facts;
  const auto tip = git::remote_ref(git, git::Source::at_path(root), "refs/heads/" + *branch);
  facts.has_commit = tip && *tip;
  facts.branch = std::move(*branch);
  facts.repo_name = root.filename().empty() ? root.parent_path().filename().string()
                                            : root.filename().string();
  detect_checks(root, facts);
  detect_specs(root, facts);
  detect_agents(facts);
  const auto probe = worker::probe_sandbox({.path = search_path()});
  facts.sandbox_works = probe.available;
  facts.sandbox_reason = probe.reason;
  return facts;
}

}  // namespace vitana::app
