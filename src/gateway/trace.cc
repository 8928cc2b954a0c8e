#include "gateway/trace.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace vitana::gateway {
namespace {

constexpr std::size_t id_digits = 32;
constexpr std::size_t span_digits = 16;
constexpr std::size_t id_at = 3;
constexpr std::size_t span_at = id_at + id_digits + 1;
constexpr std::size_t flags_at = span_at + span_digits + 1;
constexpr std::size_t length = flags_at + 2;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

std::string random_digits(std::size_t digits) {
  std::array<unsigned char, id_digits / 2> bytes{};
  std::string text;
  do {  // all zeros are no id
    CHECK(RAND_bytes(bytes.data(), static_cast<int>(digits / 2)) == 1);
    text.clear();
    for (std::size_t i = 0; i < digits / 2; ++i) text += fmt::format("{:02x}", bytes[i]);
  } while (is_zero(text));
  return text;
}

/// Of version 00, or of a later one, which may say more behind a further dash.
bool is_trace(std::string_view text) {
  if (text.size() < length || text[2] != '-' || text[span_at - 1] != '-' || text[flags_at - 1] != '-') return false;
  const auto version = text.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (text.size() > length && (version == "00" || text[length] != '-')) return false;
  const auto id = text.substr(id_at, id_digits);
  const auto span = text.substr(span_at, span_digits);
  return is_hex(id) && !is_zero(id) && is_hex(span) && !is_zero(span) && is_hex(text.substr(flags_at, 2));
}

}  // namespace

Trace trace_of(std::string_view traceparent) {
  if (!is_trace(traceparent)) return {random_digits(id_digits), random_digits(span_digits), "00"};
  return {std::string(traceparent.substr(id_at, id_digits)), random_digits(span_digits),
          std::string(traceparent.substr(flags_at, 2))};
}

}  // namespace vitana::gateway
