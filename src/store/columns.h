// Columns that hold more than a number or a word: how they are written and read.
//
// What is read here was written by whoever had the file in hand, so every reader checks shape and
// range, and throws sql::Fault STORE_DAMAGED with the column's name where it does not fit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/vtid.h"
#include "domain/diagnostic.h"
#include "domain/run.h"
#include "domain/task.h"
#include "sql/fault.h"
#include "sql/value.h"

namespace vitana::store {

[[noreturn]] void damaged(std::string_view column, std::string_view text);

// Objects, as JSON text.
std::string waits_column(const domain::Waits& waits);
domain::Waits waits_of(std::string_view text);
std::string spent_column(const domain::Spent& spent);
domain::Spent spent_of(std::string_view text);
std::string failure_column(const domain::Failure& failure);
domain::Failure failure_of(std::string_view text);
std::string newer_spec_column(const domain::NewerSpec& newer);
domain::NewerSpec newer_spec_of(std::string_view text);
std::string deliverable_column(const domain::Deliverable& deliverable);
domain::Deliverable deliverable_of(std::string_view text);
std::string diagnostics_column(const std::vector<domain::Diagnostic>& diagnostics);
std::vector<domain::Diagnostic> diagnostics_of(std::string_view text);

/// Texts, as a JSON array.
std::string list_column(const std::vector<std::string>& texts);
std::vector<std::string> list_of(std::string_view text);

/// The keys of both objects; where both have one, `first`'s value. `first` alone when `second` is
/// no object. REQUIRES: `first` is an object.
std::string merged(std::string_view first, std::string_view second);
/// A member of a JSON object as text: a string as it is, all else as JSON; nothing when there is no
/// such member or the text is no object.
std::optional<std::string> member(std::string_view json, const std::string& name);
/// {"a":1,"b":"x"} of names and values; values that are absent are left out.
using Members = std::vector<std::pair<std::string, std::optional<std::string>>>;
using Numbers = std::vector<std::pair<std::string, std::int64_t>>;
std::string object(const Numbers& numbers, const Members& texts);

// Words and numbers of narrower types.
Vtid vtid_of(const std::string& text);
RunId run_id_of(const std::string& text);
Digest digest_of(const std::string& text);
int int_of(std::int64_t value);
inline Instant instant_of(std::int64_t us) { return from_us(us); }
std::optional<Instant> optional_instant(const sql::Row& row, std::size_t column);
std::optional<Vtid> optional_vtid(const sql::Row& row, std::size_t column);
std::optional<RunId> optional_run(const sql::Row& row, std::size_t column);

/// `column` of `row` through one of the name tables: word(row, 3, "state", domain::run_state).
template <typename Parse>
auto word(const sql::Row& row, std::size_t column, std::string_view name, Parse parse) {
  const auto value = parse(row.text(column));
  if (!value) damaged(name, row.text(column));
  return *value;
}

}  // namespace vitana::store
