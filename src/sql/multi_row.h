// The text of multi-row statements.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vitana::sql {

/// Most parameters that one statement takes, on every driver (PostgreSQL's limit is 65,535).
inline constexpr std::size_t parameters_max = 32'766;

/// How many rows the next statement carries: 256, 16 or 1. So few sizes that each text is prepared
/// once and stays cached.
/// REQUIRES: rows_left > 0 and 0 < columns <= parameters_max.
std::size_t multi_row_size(std::size_t rows_left, std::size_t columns);

/// "PREFIX VALUES ($1, $2), ($3, $4) SUFFIX" for 2 rows of 2 columns.
std::string multi_row_text(std::string_view prefix, std::size_t rows, std::size_t columns,
                           std::string_view suffix);

}  // namespace vitana::sql
