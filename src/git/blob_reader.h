// Objects of one repository, read through one long-lived `git cat-file --batch-command`.
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "git/names.h"
#include "git/run.h"
#include "process/child.h"

namespace vitana::git {

struct ObjectInfo {
  std::string type;  ///< blob, tree, commit, tag
  std::size_t size = 0;
  bool operator==(const ObjectInfo&) const = default;
};

/// Thread-safe; requests wait for each other. The process is started by the first request and
/// again after it died; each request has the deadline of its Options.
class BlobReader {
 public:
  BlobReader(const Git& git, std::filesystem::path git_dir);

  /// Nothing when there is no such object. Errors: GIT_FAILED, PROGRAM_FAILED, CANCELLED.
  Result<std::optional<ObjectInfo>> info(const Oid& oid);

  /// The commit that a ref names now. Nothing when it names none. REQUIRES: is_ref(ref).
  Result<std::optional<Oid>> commit_of(std::string_view ref);

  /// The tree of a commit, or of a tree itself. Nothing when there is no such commit or tree.
  /// Errors: as info().
  Result<std::optional<Oid>> tree_of(const Oid& commit_or_tree);

  /// A blob's bytes. Errors: as above; COMMIT_MISSING - no such object, or no blob;
  /// FILE_TOO_LARGE - more than `bytes_max`, nothing was read.
  Result<std::string> read(const Oid& oid, std::size_t bytes_max);

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  Result<std::optional<ObjectInfo>> info_locked(const Oid& oid);
  Result<std::optional<Oid>> peeled(const std::string& expression);
  Result<std::string> ask(const std::string& command, Deadline deadline);
  Result<std::string> ask_once(const std::string& command, Deadline deadline);
  Result<std::string> take_line(Deadline deadline);
  Result<std::string> take(std::size_t count, Deadline deadline);
  Result<void> fill(Deadline deadline);
  Deadline deadline() const;

  const Git& git_;
  const std::filesystem::path git_dir_;
  std::mutex mutex_;
  std::optional<process::Child> child_;
  std::string buffer_;
};

}  // namespace vitana::git
