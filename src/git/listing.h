// Reading what git prints. Inside git/ only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "git/mirror.h"
#include "git/names.h"
#include "git/tree.h"

namespace vitana::git {

inline constexpr std::size_t listing_bytes_max = std::size_t{512} << 20;

/// Takes up to the next `end`, which is dropped; all when there is none.
inline std::string_view take(std::string_view& rest, char end) {
  const auto field = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(rest.size(), field.size() + 1));
  return field;
}

// What git prints with -z ends each field with a NUL.
inline std::string_view take_field(std::string_view& rest) { return take(rest, '\0'); }
inline std::string_view take_word(std::string_view& rest) { return take(rest, ' '); }
inline std::string_view take_line(std::string_view& rest) { return take(rest, '\n'); }

/// Of `git log -z`, for take_commit_info().
inline constexpr const char* commit_info_format = "--format=%H%x00%an%x00%ae%x00%at";
Result<CommitInfo> take_commit_info(std::string_view& rest);

/// GIT_FAILED.
tl::unexpected<Error> garbled(std::string_view command);

/// Errors: COMMIT_MISSING.
Result<void> require_commit(const Mirror& mirror, const Oid& commit);

/// The tree without files, which git knows without storing it, in the hash of `like`.
Oid empty_tree_of(const Oid& like);

}  // namespace vitana::git
