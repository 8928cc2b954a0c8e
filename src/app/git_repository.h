// The engine's port to a repository, over git and a mirror of our own.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "base/stop.h"
#include "git/mirror.h"
#include "git/source.h"
#include "port/repository.h"

namespace vitana::app {

/// Thread-safe. The mirror is opened by the first call that needs it.
class GitRepository : public port::Repository {
 public:
  /// `branch` empty: the source's default one, asked for when it is needed first and as often as it
  /// could not be told.
  GitRepository(std::filesystem::path mirror, git::Source source, std::string branch,
                git::Options options);

  std::string default_branch() const override;

  Result<std::optional<std::string>> branch_tip() override;
  Result<std::string> fetch() override;
  Result<std::vector<port::TreeChange>> changes(const std::string& from, const std::string& to,
                                                const std::vector<std::string>& globs) override;
  Result<std::map<std::string, std::string>> renames(const std::string& from,
                                                     const std::string& to) override;
  Result<std::string> read_blob(const std::string& blob, std::size_t bytes_max) override;
  Result<std::optional<std::string>> read_file(const std::string& commit, const std::string& path,
                                               std::size_t bytes_max) override;
  Result<std::vector<port::PathCommit>> last_commits(const std::string& tip, const std::string& since,
                                                     const std::vector<std::string>& paths) override;
  Result<std::vector<port::DeliveryTrailer>> deliveries(const std::string& from,
                                                        const std::string& to) override;
  Result<bool> holds(const std::string& ref, const std::string& ancestor) override;
  Result<std::optional<std::string>> ref_commit(const std::string& ref) override;
  Result<std::optional<port::BranchBeside>> fetch_beside(const std::string& ref) override;
  Result<void> forget_beside() override;
  Result<port::PushAnswer> push(const domain::Deliverable& deliverable, const port::MayBegin& may_begin) override;
  Result<bool> withdraw(const domain::Deliverable& deliverable) override;
  Result<void> remove(const std::string& ref, const std::string& commit) override;

  /// The mirror itself, for workspaces and verification on this machine.
  Result<std::shared_ptr<git::Mirror>> mirror();
  /// Fetches when the mirror does not have the commit: another engine of the same store may have seen it first.
  /// Errors: as fetch(); that the commit is nowhere is none.
  Result<void> reach(const std::string& commit);
  const git::Source& source() const { return source_; }
  const git::Git& git() const { return git_; }

 private:
  /// Errors: REPO_UNAVAILABLE, BRANCH_MISSING - it is not known, and cannot be told now.
  Result<std::string> branch();
  /// The commit, if the mirror has it: a force push and a prune may have taken it.
  Result<std::optional<git::Oid>> known(const std::string& commit);

  const std::filesystem::path path_;
  const git::Source source_;
  const git::Options options_;
  const git::Git git_;
  mutable std::mutex branch_mutex_;
  std::string branch_;
  Turn opening_;
  std::shared_ptr<git::Mirror> mirror_;
};

}  // namespace vitana::app
