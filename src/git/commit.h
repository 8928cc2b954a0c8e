// Making commits: merging trees, and the one commit that a run delivers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "git/mirror.h"
#include "git/names.h"

namespace vitana::git {

struct Signature {
  Identity who;
  Instant when;  ///< whole seconds count
};

/// The same inputs make the same commit, on every machine. Characters that a name or address may
/// not have are dropped. Errors: COMMIT_MISSING - no such tree or parent; GIT_FAILED.
Result<Oid> commit_tree(const Mirror& mirror, const Oid& tree, std::span<const Oid> parents,
                        std::string_view message, const Signature& author,
                        const Signature& committer);

using Trailers = std::vector<std::pair<std::string, std::string>>;

/// Subject (made one line), body (may be empty) and the trailers in a paragraph of their own, so
/// that nothing in the body is read as a trailer. Not valid or not printable text is replaced.
std::string commit_message(std::string_view subject, std::string_view body,
                           const Trailers& trailers);

/// The tree of `ours` and `theirs` brought together, each changed from `base`; commits or trees.
/// Works in the object store only. Errors: COMMIT_MISSING; MERGE_CONFLICT - the paths are among the
/// causes (the first 50) and, one a line, in the context `paths`.
Result<Oid> merge_trees(const Mirror& mirror, const Oid& base, const Oid& ours, const Oid& theirs);

}  // namespace vitana::git
