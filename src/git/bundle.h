// Commits as bytes: from one mirror to another that no git speaks to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/mirror.h"
#include "git/names.h"

namespace vitana::git {

inline constexpr std::size_t bundle_without_max = 64;  ///< commits that the other side says it has

/// A bundle with one ref, the commit that is kept under `kept_name` (Mirror::keep), and its history, but for what
/// the commits in `without` reach; those that are not here are passed over.
/// Errors: GIT_FAILED - also where it is larger than `bytes_max`, or the commit is reached by `without`.
Result<std::string> make_bundle(const Mirror& mirror, std::string_view kept_name, const std::vector<Oid>& without,
                                std::size_t bytes_max);

/// What the objects that `commit` has and `base` has not take on the disk: a bundle of them is about as large.
/// Errors: GIT_FAILED.
Result<std::uint64_t> bytes_between(const Mirror& mirror, const Oid& base, const Oid& commit);

/// What a bundle brings.
struct BundleTip {
  Oid commit;
  std::string ref;
  bool operator==(const BundleTip&) const = default;
};

enum class BundleTrust {
  hashes,  ///< objects are what their names say, and no more
  none,    ///< each is looked at as well (fsck), and all that it names is here; foreign_memory_max and the deadline of
           ///< an ordinary call hold, since a few bytes can stand for any number of them
};

/// What git may take to unfold the objects of a bundle. Files larger than large_file_bytes are never sent as
/// differences, and written while they are read: what make_bundle() made fits.
inline constexpr std::uint64_t foreign_memory_max = std::uint64_t{1} << 30;
inline constexpr std::uint64_t large_file_bytes = std::uint64_t{64} << 20;

/// Puts the objects of a bundle into the mirror, and says what its one ref names; no ref is made here.
/// Errors: GIT_FAILED - it is no bundle of one ref, what it builds on is not here, or an object is refused; nothing of
/// it is taken then. Where it does not hold what its ref names, its objects stay, and no ref leads to them.
Result<BundleTip> take_bundle(const Mirror& mirror, std::string_view bundle, BundleTrust trust);

/// May a tree that somebody else made from `base` be checked out and judged here? Holds it to what
/// git::snapshot() holds a folder to. Errors: PATH_FORBIDDEN, with the context `path` - a new or changed
/// submodule, a repository of its own, a link that leaves the tree and did not leave that of `base`, a name that no
/// checkout can hold;
/// AGENT_DISK_LIMIT - what is new in it is larger than `bytes_max`; COMMIT_MISSING, GIT_FAILED.
Result<void> judge_foreign_tree(const Mirror& mirror, const Oid& base, const Oid& tree, std::uint64_t bytes_max);

/// What somebody else made of a base.
struct ForeignResult {
  Oid tree;
  bool changed = false;
};

/// May `commit`, which somebody else made, be the result of a run that began from the commit `base`?
/// Errors: COMMIT_MISSING - it is not here; GIT_FAILED - it is no commit whose only parent is `base`; and those of
/// judge_foreign_tree().
Result<ForeignResult> judge_foreign_commit(const Mirror& mirror, const Oid& base, const Oid& commit,
                                           std::uint64_t bytes_max);

}  // namespace vitana::git
