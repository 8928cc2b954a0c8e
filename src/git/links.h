// Symbolic links inside a tree: where do they lead?
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace vitana::git {

/// The links of a tree: path to target.
using Links = std::map<std::string, std::string, std::less<>>;

/// True when following the link at `path` ends outside the tree, in its `.git`, or never. Links on
/// the way are followed as the kernel would, in the tree alone. REQUIRES: `path` is in `links`.
bool link_leaves(const Links& links, std::string_view path);

}  // namespace vitana::git
