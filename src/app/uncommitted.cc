#include "app/uncommitted.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "app/repositories.h"
#include "base/shell.h"
#include "config/repository_policy.h"

namespace vitana::app {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> text_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::is_regular_file(file, error) ? fs::file_size(file, error) : 0;
  std::ifstream in(file, std::ios::binary);
  if (!in || error || size == 0 || size > own_config_bytes_max) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Nothing where the branch has no such file.
Result<std::optional<std::string>> committed_text(const git::Git& git, const config::Repo& repo,
                                                  const std::string& branch) {
  auto there = git::locate(git, repo.path);
  if (!there) return failure(std::move(there.error()));
  auto answer = git.try_run({.args = {"cat-file", "blob", fmt::format("refs/heads/{}:{}", branch, config::file_name)},
                             .git_dir = there->common_dir});
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code != 0) return std::optional<std::string>();
  return std::optional(std::move(answer->out));
}

std::string different_tables(const config::RepositoryPolicy& here, const config::RepositoryPolicy& there) {
  std::string tables;
  if (here.verify != there.verify) tables = "[verify]";
  if (here.rules != there.rules) tables += tables.empty() ? "[policy]" : " and [policy]";
  return tables;
}

/// How a person commits the file on the branch that counts.
std::string how_to_commit(const git::Git& git, const config::Repo& repo, const std::string& branch) {
  const auto command = fmt::format("git -C {0} add {1} && git -C {0} commit {1}", shell_word(repo.path),
                                   config::file_name);
  const auto checked_out = git::default_branch(git, git::Source::at_path(repo.path));
  return checked_out && *checked_out == branch ? command : fmt::format("check out {}, then: {}", branch, command);
}

std::optional<cli::DoctorFinding> difference(const git::Git& git, const config::Repo& repo,
                                             const std::string& config_file) {
  if (repo.path.empty()) return std::nullopt;
  const auto here = text_of(fs::path(repo.path) / config::file_name);
  if (!here) return std::nullopt;
  const auto branch = branch_of(git, repo);
  if (!branch) return std::nullopt;
  const auto there = committed_text(git, repo, *branch);
  if (!there) return std::nullopt;
  // Before it is committed the operator's own file holds as it is.
  if (!*there && is_own_file(config_file, repo)) return std::nullopt;
  const auto written = config::parse_repository_policy(*here);
  const auto counts = config::parse_repository_policy(there->value_or(""));
  if (!written.valid() || !counts.valid()) return std::nullopt;
  const auto tables = different_tables(written.policy, counts.policy);
  if (tables.empty()) return std::nullopt;
  return cli::DoctorFinding{
      fmt::format("{} of {}", config::file_name, repo.name), false,
      fmt::format("its {} differs from what is committed on {}, and runs go by what is committed", tables, *branch),
      how_to_commit(git, repo, *branch)};
}

}  // namespace

bool is_own_file(const std::string& config_file, const config::Repo& repo) {
  std::error_code error;
  return !config_file.empty() && !repo.path.empty() &&
         fs::equivalent(config_file, fs::path(repo.path) / config::file_name, error);
}

std::vector<cli::DoctorFinding> uncommitted_rules(const config::Config& config, const std::string& config_file) {
  std::vector<cli::DoctorFinding> findings;
  const git::Git git(git_options());
  for (const auto& repo : config.repos) {
    if (auto finding = difference(git, repo, config_file)) findings.push_back(std::move(*finding));
  }
  return findings;
}

}  // namespace vitana::app
