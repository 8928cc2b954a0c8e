#include "git/source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "git/output.h"

namespace vitana::git {
namespace {

constexpr std::string_view heads = "refs/heads/";

auto unavailable(const Source& source, const Answer& answer) {
  return failure(git_error(FailureCode::REPO_UNAVAILABLE,
                           fmt::format("the repository {} cannot be read", source.to_string()),
                           answer));
}

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<std::string> list_remote(const Git& git, const Source& source, std::string option,
                                std::string_view pattern) {
  auto answer = git.try_run(
      {.args = {"ls-remote", std::move(option), "--", source.url(), std::string(pattern)},
       .network = true});
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code != 0) return unavailable(source, *answer);
  return std::move(answer->out);
}

Result<std::string> url_default_branch(const Git& git, const Source& source) {
  auto listed = list_remote(git, source, "--symref", "HEAD");
  if (!listed) return failure(std::move(listed.error()));
  if (auto branch = parse_remote_head(*listed)) return std::move(*branch);
  return failure(FailureCode::BRANCH_MISSING,
                 fmt::format("{} names no default branch", source.to_string()));
}

}  // namespace

std::string Source::to_string() const {
  return local() ? path_.string() : without_credentials(url_);
}

Result<LocalRepository> locate(const Git& git, const std::filesystem::path& path) {
  std::error_code error;
  const auto where = std::filesystem::canonical(path, error);
  if (error) {
    return failure(FailureCode::REPO_UNAVAILABLE,
                   fmt::format("{}: {}", path.string(), error.message()));
  }
  auto answer = git.try_run({.args = {"rev-parse", "--path-format=absolute", "--git-dir",
                                      "--git-common-dir", "--is-bare-repository"},
                             .cwd = where});
  if (!answer) {
    auto cause = std::move(answer.error());
    if (cause.code == FailureCode::PROGRAM_FAILED) {
      // git is started in that folder; without the right to enter it the fault is not git's.
      if (!std::filesystem::is_directory(where, error)) {
        cause.code = FailureCode::REPO_UNAVAILABLE;
      } else if (::access(where.c_str(), R_OK | X_OK) != 0) {
        return failure(FailureCode::REPO_UNAVAILABLE,
                       fmt::format("{}: {}", where.string(), std::strerror(errno)));
      }
    }
    return failure(std::move(cause));
  }
  if (answer->exit_code != 0) {
    return failure(git_error(FailureCode::REPO_UNAVAILABLE,
                             fmt::format("{} is no git repository", where.string()), *answer));
  }
  if (auto repository = parse_repository(answer->out)) return std::move(*repository);
  return failure(FailureCode::REPO_UNAVAILABLE,
                 fmt::format("the path of the repository {} has a newline", where.string()));
}

Result<std::optional<Oid>> remote_ref(const Git& git, const Source& source, std::string_view ref) {
  if (!is_ref(ref)) {
    return failure(FailureCode::BRANCH_MISSING, fmt::format("{} is no name of a ref", ref));
  }
  if (source.local()) {
    // Its real name: git compares it with the folder above which it may not look.
    std::error_code error;
    const auto where = std::filesystem::canonical(source.path(), error);
    if (error) {
      return failure(FailureCode::REPO_UNAVAILABLE,
                     fmt::format("{}: {}", source.path().string(), error.message()));
    }
    auto answer = git.try_run({.args = {"rev-parse", "--verify", "--quiet", "--end-of-options",
                                        fmt::format("{}^{{commit}}", ref)},
                               .cwd = where});
    auto oid = answer ? trimmed(std::move(answer->out)) : std::string();
    if (answer && answer->exit_code == 0 && is_oid(oid)) return std::optional<Oid>(std::move(oid));
    if (answer && answer->exit_code == 1) return std::optional<Oid>();
    // What is wrong with the path is said there.
    if (auto there = locate(git, source.path()); !there) return failure(std::move(there.error()));
    if (!answer) return failure(std::move(answer.error()));
    return unavailable(source, *answer);
  }
  auto listed = list_remote(git, source, "--refs", ref);
  if (!listed) return failure(std::move(listed.error()));
  return parse_ls_remote(*listed, ref);
}

Result<Oid> remote_tip(const Git& git, const Source& source, std::string_view branch) {
  auto tip = remote_ref(git, source, fmt::format("{}{}", heads, branch));
  if (!tip) return failure(std::move(tip.error()));
  if (*tip) return std::move(**tip);
  return failure(FailureCode::BRANCH_MISSING,
                 fmt::format("{} has no branch {} with a commit", source.to_string(), branch));
}

Result<std::string> default_branch(const Git& git, const Source& source) {
  if (!source.local()) return url_default_branch(git, source);
  auto repository = locate(git, source.path());
  if (!repository) return failure(std::move(repository.error()));
  auto answer =
      git.try_run({.args = {"symbolic-ref", "--quiet", "HEAD"}, .git_dir = repository->git_dir});
  if (!answer) return failure(std::move(answer.error()));
  const auto ref = trimmed(std::move(answer->out));
  if (answer->exit_code == 0 && ref.starts_with(heads)) return ref.substr(heads.size());
  if (answer->exit_code > 1) return unavailable(source, *answer);
  return failure(FailureCode::BRANCH_MISSING,
                 fmt::format("HEAD of {} is detached; name the branch", source.to_string()));
}

Result<std::optional<Identity>> configured_identity(const Git& git, const Source& source) {
  if (!source.local()) return std::optional<Identity>();
  auto repository = locate(git, source.path());
  if (!repository) return failure(std::move(repository.error()));
  process::Environment environment;
  const auto& home = git.options().home;
  if (!home.empty()) environment = {{"GIT_CONFIG_GLOBAL", (home / ".gitconfig").string()}};
  auto answer = git.try_run({.args = {"config", "-z", "--get-regexp", "^user\\.(name|email)$"},
                             .git_dir = repository->git_dir,
                             .environment = environment});
  if (!answer) return failure(std::move(answer.error()));
  // Each is "key\nvalue", ended by NUL; the last of a key counts.
  std::optional<std::string> name;
  std::optional<std::string> email;
  for (std::string_view rest = answer->out; !rest.empty();) {
    const auto entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const auto end = entry.find('\n');
    if (end == entry.npos) continue;
    (entry.substr(0, end) == "user.name" ? name : email) = entry.substr(end + 1);
  }
  if (!name || !email) return std::optional<Identity>();
  return std::optional(Identity{std::move(*name), std::move(*email)});
}

}  // namespace vitana::git
