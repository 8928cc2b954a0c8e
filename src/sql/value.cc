#include "sql/value.h"

#include <fmt/format.h>

#include "base/check.h"
#include "sql/fault.h"

namespace vitana::sql {
namespace {

// In the order of the alternatives of Row::Cell.
constexpr std::array<std::string_view, 4> cell_words = {"NULL", "an integer", "text", "bytes"};

}  // namespace

ValueType Value::type() const {
  if (const auto* null = std::get_if<Null>(&value_)) return null->type;
  if (std::holds_alternative<std::int64_t>(value_)) return ValueType::int64;
  return std::holds_alternative<std::string>(value_) ? ValueType::text : ValueType::bytes;
}

const Row::Cell& Row::cell(std::size_t column) const {
  CHECK(column < cells_.size());
  return cells_[column];
}

template <typename T>
const T& Row::get(std::size_t column) const {
  const Cell& found = cell(column);
  if (const T* value = std::get_if<T>(&found)) return *value;
  throw Fault({FailureCode::STORE_DAMAGED,
               fmt::format("column {} holds {} where {} was expected", column,
                           cell_words.at(found.index()), cell_words.at(Cell(T{}).index()))});
}

template <typename T>
std::optional<T> Row::get_optional(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return get<T>(column);
}

bool Row::is_null(std::size_t column) const {
  return std::holds_alternative<std::monostate>(cell(column));
}

std::int64_t Row::int64(std::size_t column) const { return get<std::int64_t>(column); }

bool Row::boolean(std::size_t column) const {
  const auto number = int64(column);
  if (number == 0 || number == 1) return number == 1;
  throw Fault({FailureCode::STORE_DAMAGED,
               fmt::format("column {} holds {} where 0 or 1 was expected", column, number)});
}

const std::string& Row::text(std::size_t column) const { return get<std::string>(column); }
const Bytes& Row::bytes(std::size_t column) const { return get<Bytes>(column); }

std::optional<std::int64_t> Row::optional_int64(std::size_t column) const {
  return get_optional<std::int64_t>(column);
}
std::optional<std::string> Row::optional_text(std::size_t column) const {
  return get_optional<std::string>(column);
}
std::optional<Bytes> Row::optional_bytes(std::size_t column) const {
  return get_optional<Bytes>(column);
}

}  // namespace vitana::sql
