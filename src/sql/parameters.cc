#include "sql/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sql/fault.h"
#include "sql/multi_row.h"

namespace vitana::sql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As SQLite's own tokenizer: `$` may stand inside a name, and so may any byte above ASCII.
bool in_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

[[noreturn]] void refuse(std::string_view sql, std::size_t at, std::string_view why) {
  throw Fault({FailureCode::STORE_FAILED,
               fmt::format("{}, at byte {} of the statement", why, at),
               {},
               {{"statement", std::string(sql.substr(0, sql.find('\0')))}}});
}

/// Where the quoted part ends that starts at `at`: behind its closing mark, a doubled mark being
/// part of it, or at the end of an unclosed one, which SQLite then refuses.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
  const char mark = sql[at] == '[' ? ']' : sql[at];
  for (std::size_t i = at + 1; i < sql.size(); ++i) {
    if (sql[i] != mark) continue;
    if (mark == ']' || i + 1 == sql.size() || sql[i + 1] != mark) return i + 1;
    ++i;
  }
  return sql.size();
}

std::size_t end_of_comment(std::string_view sql, std::size_t at) {
  const bool line = sql[at] == '-';
  const auto end = sql.find(line ? "\n" : "*/", at + 2);
  if (end == std::string_view::npos) return sql.size();
  return end + (line ? 1 : 2);
}

std::size_t end_of_name(std::string_view sql, std::size_t at) {
  while (at < sql.size() && in_name(sql[at])) ++at;
  return at;
}

/// Where the parameter ends that starts at `at`; its number goes to `number`.
std::size_t end_of_parameter(std::string_view sql, std::size_t at, std::size_t& number) {
  std::size_t end = at + 1;
  while (end < sql.size() && is_digit(sql[end])) ++end;
  number = 0;
  const auto digits = sql.substr(at + 1, end - at - 1);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || digits.front() == '0' || number > parameters_max) {
    refuse(sql, at, fmt::format("a parameter's number is 1 to {}", parameters_max));
  }
  if (end < sql.size() && (in_name(sql[end]) || sql[end] == ':')) {
    refuse(sql, at, "a parameter is $ and a number, and nothing behind it; casts are CAST()");
  }
  return end;
}

/// Gives `copy` the text part by part; `visit` the number of each parameter, before its part.
template <typename Visit, typename Copy>
void scan(std::string_view sql, Visit&& visit, Copy&& copy) {
  std::size_t at = 0;
  while (at < sql.size()) {
    const char c = sql[at];
    const char next = at + 1 < sql.size() ? sql[at + 1] : ' ';
    std::size_t end = at + 1;
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      end = end_of_quoted(sql, at);
    } else if ((c == '-' && next == '-') || (c == '/' && next == '*')) {
      end = end_of_comment(sql, at);
    } else if (c == '$' && is_digit(next)) {
      std::size_t number = 0;
      end = end_of_parameter(sql, at, number);
      visit(number);
      ++at;
    } else if (c == '$' || c == '?' || c == '@' || c == ':' || c == '#') {
      refuse(sql, at, fmt::format("'{}' has no place in a statement; parameters are $1, $2, …", c));
    } else if (c == '\0') {
      refuse(sql, at, "a NUL");
    } else if (in_name(c)) {
      end = end_of_name(sql, at);
    }
    copy(sql.substr(at, end - at));
    at = end;
  }
}

}  // namespace

std::string numbered_parameters(std::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  scan(
      sql, [&](std::size_t) { out += '?'; }, [&](std::string_view part) { out += part; });
  if (out.find('\0') != std::string::npos) refuse(sql, out.find('\0'), "a NUL");
  return out;
}

std::size_t parameter_count(std::string_view sql) {
  std::size_t highest = 0;
  if (sql.find('\0') != std::string_view::npos) refuse(sql, sql.find('\0'), "a NUL");
  scan(
      sql, [&](std::size_t number) { highest = std::max(highest, number); }, [](std::string_view) {});
  return highest;
}

}  // namespace vitana::sql
