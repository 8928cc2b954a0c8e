#include "app/repositories.h"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "app/system.h"
#include "app/uncommitted.h"
#include "base/check.h"
#include "config/repository_policy.h"
#include "git/owner_programs.h"
#include "process/program.h"
#include "worker/paths.h"

namespace vitana::app {
namespace {

/// "Name <address>"
std::optional<git::Identity> identity_of(const std::string& author) {
  const auto open = author.find('<');
  const auto close = author.rfind('>');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  auto name = author.substr(0, open);
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return git::Identity{name, author.substr(open + 1, close - open - 1)};
}

/// Wherever it is now: somebody else's checkout of the branch may hold one.
constexpr const char* default_data_folder = ".vitana";

/// The path of `inner` below `outer`, as git writes it; nothing when it lies elsewhere.
std::optional<std::string> path_within(const std::string& outer, const std::filesystem::path& inner) {
  if (outer.empty()) return std::nullopt;
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(inner, error);
  const auto path = whole.lexically_relative(std::filesystem::weakly_canonical(outer, error));
  if (path.empty() || path == "." || *path.begin() == "..") return std::nullopt;
  return path.generic_string();
}

/// See worker::RepositoryRules::configured_programs. A link in the tree and what it leads to both count.
std::set<std::string> configured_programs(const config::Config& config, const std::string& repo) {
  std::set<std::string> result;
  const auto add = [&](std::filesystem::path file) {
    for (file = file.lexically_normal(); !file.empty() && *file.begin() != ".."; file = file.parent_path()) {
      result.insert(file.generic_string());
    }
  };
  const auto add_command = [&](std::vector<std::string> command) {
    if (command.empty()) return;
    if (auto found = process::find_program(command[0], search_path())) command[0] = *found;
    for (const std::filesystem::path program : worker::started_programs(command)) {
      if (program.is_relative()) {
        add(program);  // of an agent, which starts in a workspace
      } else if (!repo.empty()) {
        const auto named = program.lexically_relative(repo);
        if (!named.empty()) add(named);
        if (const auto real = path_within(repo, program)) add(*real);
      }
    }
  };
  add_command(config.notify.command);
  for (const auto& [_, agent] : config.agents) add_command(agent.command);
  return result;
}

}  // namespace

git::Source source_of(const config::Repo& repo) {
  return repo.url.empty() ? git::Source::at_path(repo.path) : git::Source::at_url(repo.url);
}

Result<std::string> branch_of(const git::Git& git, const config::Repo& repo) {
  return repo.branch.empty() ? git::default_branch(git, source_of(repo)) : repo.branch;
}

git::Options git_options() {
  git::Options options;
  options.path = search_path();
  if (const char* home = std::getenv("HOME")) options.home = home;
  for (const char* name : {"SSH_AUTH_SOCK", "https_proxy", "http_proxy", "no_proxy", "HOME"}) {
    if (const char* value = std::getenv(name)) options.network_environment.emplace(name, value);
  }
  return options;
}

std::unique_ptr<Repositories> Repositories::open(const config::Config& config, const std::string& config_file,
                                                 const DataFolder& data, const Branches& branches) {
  std::unique_ptr<Repositories> repositories(new Repositories(config, config_file, data.root()));
  const git::Git git(git_options());
  for (const auto& repo : config.repos) {
    const auto last = branches.find(repo.name);
    const auto branch = branch_of(git, repo).value_or(last == branches.end() ? "" : last->second);
    repositories->repositories_[repo.name] =
        std::make_shared<GitRepository>(data.mirror(repo.name), source_of(repo), branch, git_options());
  }
  return repositories;
}

std::vector<engine::RepoSetup> Repositories::setups() const {
  std::vector<engine::RepoSetup> setups;
  for (const auto& repo : config_.repos) {
    const auto repository = find(repo.name);
    setups.push_back({repo.name, repository, repo.branch, repo.specs,
                      repo.adopt == config::Adopt::all, repo.ids == config::Ids::local, repo.path,
                      [this, name = repo.name](const std::string& commit) { return spec_rules(name, commit); },
                      repo.labels, !repo.status_token.reference.empty()});
  }
  return setups;
}

std::shared_ptr<GitRepository> Repositories::find(const std::string& name) const {
  const auto it = repositories_.find(name);
  return it == repositories_.end() ? nullptr : it->second;
}

Result<config::Config> Repositories::effective(const config::Repo& repo, GitRepository& repository,
                                               const std::string& commit) const {
  auto own = repository.read_file(commit, config::file_name, own_config_bytes_max);
  if (!own && own.error().code == FailureCode::FILE_TOO_LARGE) own.error().code = FailureCode::REPO_RULES_INVALID;
  if (!own) return failure(std::move(own.error()));
  if (!*own) return config_;
  const auto reading = config::parse_repository_policy(**own);
  if (!reading.valid()) {
    return failure(FailureCode::REPO_RULES_INVALID,
                   fmt::format("vitana.toml of {} at {}: {}", repo.name, commit.substr(0, 12),
                               domain::to_string(reading.diagnostics.front())));
  }
  return is_own_file(config_file_, repo) ? config::committed(config_, reading.policy, process_environment())
                                         : config::tightened(config_, reading.policy);
}

Result<domain::SpecRules> Repositories::spec_rules(const std::string& name, const std::string& commit) const {
  const auto* repo = config_.repo(name);
  const auto repository = find(name);
  CHECK(repo != nullptr && repository);
  auto config = effective(*repo, *repository, commit);
  if (!config) return failure(std::move(config.error()));
  return config->policy_rules.specs;
}

Result<worker::RepositoryRules> Repositories::rules(const std::string& name,
                                                    const std::string& base_commit) const {
  const auto* repo = config_.repo(name);
  const auto repository = find(name);
  if (repo == nullptr || !repository) {
    return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", name));
  }
  auto mirror = repository->mirror();
  if (!mirror) return failure(std::move(mirror.error()));

  if (auto reached = repository->reach(base_commit); !reached) return failure(std::move(reached.error()));
  auto own = effective(*repo, *repository, base_commit);
  if (!own) return failure(std::move(own.error()));
  const config::Config& config = *own;

  worker::RepositoryRules rules;
  rules.mirror = std::move(*mirror);
  rules.source = repository->source();
  rules.setup = repo->setup;
  rules.cache = repo->cache;
  rules.commands = config.verify.commands;
  rules.unverified = config.verify.unverified;
  rules.protected_globs = config::protected_by_default();
  rules.protected_globs.insert(rules.protected_globs.end(), repo->specs.begin(), repo->specs.end());
  rules.protected_globs.insert(rules.protected_globs.end(), config.policy_rules.protect.begin(),
                               config.policy_rules.protect.end());
  rules.own_folders = {default_data_folder};
  if (const auto inside = path_within(repo->path, data_root_)) rules.own_folders.push_back(*inside);
  rules.configured_programs = configured_programs(config_, repo->path);
  auto owners = git::owner_programs(repository->git(), repository->source());
  if (!owners) return failure(std::move(owners.error()));
  rules.configured_programs.merge(owners->paths);
  rules.configured_folders = std::move(owners->folders);
  if (const auto author = identity_of(config_.delivery.author)) {
    rules.author = *author;
  } else {
    auto configured = git::configured_identity(repository->git(), repository->source());
    if (!configured) return failure(std::move(configured.error()));
    if (*configured) rules.author = **configured;
  }
  return rules;
}

}  // namespace vitana::app
