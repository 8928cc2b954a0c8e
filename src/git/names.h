// What may stand where git expects an object id or a ref: nothing that it could read as an option,
// a range or an expression.
#pragma once

#include <string>
#include <string_view>

namespace vitana::git {

/// A full object id in lower-case hexadecimal: 40 digits (SHA-1) or 64 (SHA-256).
using Oid = std::string;

bool is_oid(std::string_view text);

/// A branch name that git accepts and that is no option: `main`, `vtid/01213-slug`.
bool is_branch_name(std::string_view text);

/// `refs/` and a valid name: `refs/heads/main`.
bool is_ref(std::string_view text);

/// A path in a tree that a checkout can hold: no empty, `.`, `..` or `.git` component (in any
/// spelling that git refuses), none over 255 bytes, all together under 4,096.
bool is_checkout_path(std::string_view path);

/// As it is shown in messages: printable, on one line, of a long one the first 200 bytes and "…".
std::string shown_path(std::string_view path);

/// `text` with the user and password of every URL in it replaced: for messages and logs.
std::string without_credentials(std::string_view text);

}  // namespace vitana::git
