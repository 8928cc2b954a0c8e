// `$1` in a statement's text, read alike for every driver.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vitana::sql {

/// `sql` with each `$n` as `?n`: to SQLite `$1` is a name, numbered by its first appearance. String
/// literals, quoted names and comments stay as they are. Throws Fault STORE_FAILED for what would
/// mean something else on one of the drivers: another kind of placeholder, a number out of range,
/// `$1` with letters or `::` behind it, a NUL.
std::string numbered_parameters(std::string_view sql);

/// The highest `n` of its `$n`; 0 without one. Throws as numbered_parameters().
std::size_t parameter_count(std::string_view sql);

}  // namespace vitana::sql
