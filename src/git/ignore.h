// The .gitignore files of a tree as one list of patterns.
#pragma once

#include <string>
#include <string_view>

namespace vitana::git {

/// The rules of the .gitignore in `folder` ("" for the top, else without a slash at its end),
/// rewritten so that they mean the same in a file that counts for the whole tree. The rules of
/// deeper folders must follow those of their parents: the last match decides.
std::string ignore_rules(std::string_view folder, std::string_view text);

}  // namespace vitana::git
