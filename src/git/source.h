// The user's repository: where a mirror is fetched from and where a result is delivered to. It is
// only read here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "git/names.h"
#include "git/run.h"

namespace vitana::git {

/// A repository as the operator named it: a path on this machine, or a URL.
class Source {
 public:
  /// A work tree's top folder (linked work trees too), a bare repository or a `.git` folder. What
  /// lies above the path is never taken instead.
  static Source at_path(std::filesystem::path path) { return {std::move(path), {}}; }
  /// http, https, ssh, git, file, or `host:path`.
  static Source at_url(std::string url) { return {{}, std::move(url)}; }

  bool local() const { return url_.empty(); }
  const std::filesystem::path& path() const { return path_; }
  const std::string& url() const { return url_; }
  /// For messages; without credentials.
  std::string to_string() const;

 private:
  Source(std::filesystem::path path, std::string url)
      : path_(std::move(path)), url_(std::move(url)) {}

  std::filesystem::path path_;
  std::string url_;
};

/// A repository of this machine.
struct LocalRepository {
  /// Of this work tree; for the main one and for bare repositories equal to `common_dir`.
  std::filesystem::path git_dir;
  std::filesystem::path common_dir;
  bool bare = false;
};

/// Errors: REPO_UNAVAILABLE - no such folder, or no repository.
Result<LocalRepository> locate(const Git& git, const std::filesystem::path& path);

/// The commit that `ref` names there, or nothing when it has no such ref. For a URL one round trip.
/// Errors: REPO_UNAVAILABLE.
Result<std::optional<Oid>> remote_ref(const Git& git, const Source& source, std::string_view ref);

/// The newest commit of a branch. Errors: REPO_UNAVAILABLE, BRANCH_MISSING.
Result<Oid> remote_tip(const Git& git, const Source& source, std::string_view branch);

/// The branch that HEAD names, also when it has no commit yet.
/// Errors: REPO_UNAVAILABLE, BRANCH_MISSING - HEAD names none (detached).
Result<std::string> default_branch(const Git& git, const Source& source);

/// `user.name` and `user.email` as the repository (and Options::home) configure them.
struct Identity {
  std::string name;
  std::string email;
  bool operator==(const Identity&) const = default;
};
Result<std::optional<Identity>> configured_identity(const Git& git, const Source& source);

}  // namespace vitana::git
