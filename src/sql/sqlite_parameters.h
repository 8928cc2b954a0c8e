// `$1` as SQLite reads it.
#pragma once

#include <string>
#include <string_view>

namespace vitana::sql::sqlite {

/// `sql` with each `$n` as `?n`: to SQLite `$1` is a name, numbered by its first appearance. String
/// literals, quoted names and comments stay as they are. Throws Fault STORE_FAILED for what would
/// mean something else on one of the drivers: another kind of placeholder, a number out of range,
/// `$1` with letters or `::` behind it, a NUL.
std::string numbered_parameters(std::string_view sql);

}  // namespace vitana::sql::sqlite
