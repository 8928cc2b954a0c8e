// Symbolic links inside a tree: where do they lead?
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/mirror.h"
#include "git/names.h"

namespace vitana::git {

/// The links of a tree: path to target.
using Links = std::map<std::string, std::string, std::less<>>;

/// Errors: COMMIT_MISSING, GIT_FAILED; PATH_FORBIDDEN - there are too many, or one is too long.
Result<Links> links_of(const Mirror& mirror, const Oid& tree);

/// What following a path in the tree meets, links on the way followed as the kernel would.
struct Followed {
  bool leaves = false;           ///< it ends outside the tree, in its `.git`, or never
  std::vector<std::string> met;  ///< each link that was followed; at the end, unless it leaves, where it ends
};
Followed follow(const Links& links, std::string_view path);

/// True when following the link at `path` ends outside the tree, in its `.git`, or never. Links on
/// the way are followed as the kernel would, in the tree alone. REQUIRES: `path` is in `links`.
bool link_leaves(const Links& links, std::string_view path);

/// A link of `tree` that leaves it, if there is one which did not leave `base` in the same words: a changed link can
/// lead others astray, so all of them are followed, before and after. Errors: as links_of().
Result<std::optional<Links::value_type>> link_led_out(const Mirror& mirror, const Oid& base, const Oid& tree);

}  // namespace vitana::git
