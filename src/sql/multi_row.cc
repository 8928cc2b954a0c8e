#include "sql/multi_row.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "base/check.h"

namespace vitana::sql {
namespace {

constexpr std::array<std::size_t, 3> sizes = {256, 16, 1};

}  // namespace

std::size_t multi_row_size(std::size_t rows_left, std::size_t columns) {
  CHECK(rows_left > 0 && columns > 0 && columns <= parameters_max);
  for (const auto size : sizes) {
    if (size <= rows_left && size * columns <= parameters_max) return size;
  }
  CHECK(false);
}

std::string multi_row_text(std::string_view prefix, std::size_t rows, std::size_t columns,
                           std::string_view suffix) {
  constexpr std::size_t placeholder_length_typical = 7;
  std::string text;
  text.reserve(prefix.size() + suffix.size() + rows * columns * placeholder_length_typical + 16);
  text.append(prefix).append(" VALUES ");
  std::size_t number = 1;
  for (std::size_t row = 0; row < rows; ++row) {
    text += row == 0 ? "(" : ", (";
    for (std::size_t column = 0; column < columns; ++column) {
      if (column > 0) text += ", ";
      text += '$';
      text += fmt::format_int(number++).c_str();
    }
    text += ')';
  }
  text.append(" ").append(suffix);
  return text;
}

}  // namespace vitana::sql
