// What goes into a statement and what comes out of it.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vitana::sql {

using Bytes = std::vector<std::uint8_t>;

enum class ValueType { int64, text, bytes };

/// NULL with its type: PostgreSQL must know a parameter's type even when there is no value.
struct Null {
  ValueType type;
  bool operator==(const Null&) const = default;
};

inline constexpr Null null_int64{ValueType::int64};
inline constexpr Null null_text{ValueType::text};
inline constexpr Null null_bytes{ValueType::bytes};

template <typename T>
concept Storable64 = std::integral<T> && !std::same_as<T, char> &&
                     (std::signed_integral<T> || sizeof(T) < sizeof(std::int64_t));

/// One parameter. Converts from what store code has at hand: integers (a bool becomes 0 or 1; an
/// unsigned 64-bit one does not convert), text, bytes, digests, and optionals of these, whose
/// absence is a NULL of their type.
/// Text must be UTF-8 without NUL, or the statement throws STORE_FAILED: PostgreSQL refuses any
/// other, so no driver takes it (see utf8_clean).
class Value {
 public:
  using Variant = std::variant<Null, std::int64_t, std::string, Bytes>;

  template <Storable64 T>
  Value(T number) : value_(static_cast<std::int64_t>(number)) {}
  Value(std::string text) : value_(std::move(text)) {}
  Value(std::string_view text) : value_(std::string(text)) {}
  Value(const char* text) : value_(std::string(text)) {}
  Value(Bytes bytes) : value_(std::move(bytes)) {}
  template <std::size_t N>
  Value(const std::array<std::uint8_t, N>& bytes) : value_(Bytes(bytes.begin(), bytes.end())) {}
  Value(Null null) : value_(null) {}
  Value(std::nullptr_t) = delete;
  template <typename T>
  Value(const std::optional<T>& value) : value_(value ? Value(*value).value_ : null_of<T>()) {}

  ValueType type() const;
  bool is_null() const { return std::holds_alternative<Null>(value_); }
  const Variant& get() const { return value_; }

 private:
  template <typename T>
  static Variant null_of() {
    if constexpr (Storable64<T>) {
      return null_int64;
    } else if constexpr (std::convertible_to<T, std::string_view>) {
      return null_text;
    } else {
      return null_bytes;
    }
  }

  Variant value_;
};

/// The parameters of one statement, `$1` first. Owns nothing: made in a call, gone with it.
/// `{}`, `{vtid, "text", null_int64}` and a vector of values all convert.
class Params {
 public:
  Params() = default;
  Params(std::initializer_list<Value> values) : values_(std::data(values), values.size()) {}
  Params(std::span<const Value> values) : values_(values) {}
  Params(const std::vector<Value>& values) : values_(values) {}

  std::size_t size() const { return values_.size(); }
  const Value& operator[](std::size_t index) const { return values_[index]; }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  std::span<const Value> values_;
};

/// One row of an answer; it owns its cells and outlives the statement. Columns count from 0.
/// A column that holds NULL or another type than asked for throws Fault STORE_DAMAGED: the schema
/// promised something else. A column that the statement does not have is a broken invariant.
/// References live as long as the row.
class Row {
 public:
  /// A NULL out of the database has no type.
  using Cell = std::variant<std::monostate, std::int64_t, std::string, Bytes>;

  /// For drivers and tests.
  explicit Row(std::vector<Cell> cells) : cells_(std::move(cells)) {}

  std::size_t size() const { return cells_.size(); }
  bool is_null(std::size_t column) const;

  std::int64_t int64(std::size_t column) const;
  /// An int64 that is 0 or 1; any other number throws as a wrong type does.
  bool boolean(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  const Bytes& bytes(std::size_t column) const;

  std::optional<std::int64_t> optional_int64(std::size_t column) const;
  std::optional<std::string> optional_text(std::size_t column) const;
  std::optional<Bytes> optional_bytes(std::size_t column) const;

 private:
  const Cell& cell(std::size_t column) const;
  template <typename T>
  const T& get(std::size_t column) const;
  template <typename T>
  std::optional<T> get_optional(std::size_t column) const;

  std::vector<Cell> cells_;
};

using Rows = std::vector<Row>;

}  // namespace vitana::sql
