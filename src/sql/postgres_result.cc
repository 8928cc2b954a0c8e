#include "sql/postgres_result.h"

#include <fmt/format.h>

#include <cstddef>

#include "sql/postgres_fault.h"

namespace vitana::sql::postgres {
namespace {

// Of the server's table pg_type; they never change.
constexpr Oid oid_bytes = 17;
constexpr Oid oid_name = 19;
constexpr Oid oid_int64 = 20;
constexpr Oid oid_int16 = 21;
constexpr Oid oid_int32 = 23;
constexpr Oid oid_text = 25;
constexpr Oid oid_varchar = 1043;

constexpr int binary = 1;

Oid oid_of(ValueType type) {
  switch (type) {
    case ValueType::int64: return oid_int64;
    case ValueType::text: return oid_text;
    case ValueType::bytes: return oid_bytes;
  }
  return oid_text;
}

std::array<char, 8> big_endian(std::int64_t number) {
  std::array<char, 8> out{};
  auto bits = static_cast<std::uint64_t>(number);
  for (std::size_t i = out.size(); i > 0; bits >>= 8) out[--i] = static_cast<char>(bits & 0xff);
  return out;
}

/// Of 2, 4 or 8 bytes, with their sign.
std::int64_t integer(std::string_view bytes) {
  const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0x80) != 0;
  std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(bits);
}

Row::Cell read_cell(const PGresult* result, int row, int column, std::string_view sql) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate{};
  const std::string_view bytes(PQgetvalue(result, row, column),
                               static_cast<std::size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case oid_int16:
    case oid_int32:
    case oid_int64: return integer(bytes);
    case oid_text:
    case oid_varchar:
    case oid_name: return std::string(bytes);
    case oid_bytes: return Bytes(bytes.begin(), bytes.end());
    default: break;
  }
  throw refused(fmt::format("column {} is neither an integer nor text nor bytes", column), sql);
}

}  // namespace

Arguments::Arguments(Params params) {
  // Never grows again: the values point into it.
  numbers_.reserve(params.size());
  for (const auto& param : params) {
    types_.push_back(oid_of(param.type()));
    formats_.push_back(binary);
    const auto& value = param.get();
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      numbers_.push_back(big_endian(*number));
      values_.push_back(numbers_.back().data());
      lengths_.push_back(static_cast<int>(numbers_.back().size()));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      values_.push_back(text->data());
      lengths_.push_back(static_cast<int>(text->size()));
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      // An empty vector may point nowhere, which would be NULL.
      values_.push_back(bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data()));
      lengths_.push_back(static_cast<int>(bytes->size()));
    } else {
      values_.push_back(nullptr);
      lengths_.push_back(0);
    }
  }
}

std::string Arguments::signature() const {
  std::string letters;
  letters.reserve(types_.size());
  for (const auto type : types_) letters += type == oid_int64 ? 'i' : type == oid_text ? 't' : 'b';
  return letters;
}

Row read_row(const PGresult* result, int index, std::string_view sql) {
  const int columns = PQnfields(result);
  std::vector<Row::Cell> cells;
  cells.reserve(static_cast<std::size_t>(columns));
  for (int column = 0; column < columns; ++column) cells.push_back(read_cell(result, index, column, sql));
  return Row(std::move(cells));
}

}  // namespace vitana::sql::postgres
