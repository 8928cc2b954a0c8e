#include "base/vtid.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/utf8.h"

namespace vitana {
namespace {

// ASCII only: ids are, and the C library's answers depend on the locale.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alpha(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

constexpr std::string_view prefix = "VTID-";
constexpr std::size_t digits_max = 9;

bool starts_with_prefix(std::string_view text) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char want, char have) { return want == to_upper(have); });
}

template <typename Accepts>
std::string_view take_while(std::string_view& text, Accepts accepts) {
  const auto end = std::find_if_not(text.begin(), text.end(), accepts);
  const auto taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

enum class Form { number, legacy, placeholder };

/// What stands behind the prefix: `01213`, `B95E9` (old), `012XX` or `PENDING` (to be filled).
Form form_of(std::string_view token) {
  const bool digit = std::any_of(token.begin(), token.end(), is_digit);
  if (!digit) return Form::placeholder;
  if (std::all_of(token.begin(), token.end(), is_digit)) return Form::number;
  const bool only_x = std::all_of(token.begin(), token.end(),
                                  [](char c) { return is_digit(c) || to_upper(c) == 'X'; });
  return only_x ? Form::placeholder : Form::legacy;
}

/// True when what follows `VTID-0526` belongs to the id (`-D`, `-0001`) and is no slug. A small
/// letter does where the prefix is small, too: `vtid-0526-d`, but not `VTID-01213-x`.
bool is_suffixed(std::string_view rest, bool small_prefix) {
  if (rest.empty() || rest.front() != '-') return false;
  rest.remove_prefix(1);
  const auto part = take_while(rest, is_alnum);
  if (part.empty()) return false;
  const bool last = rest.empty() || rest.front() != '-';
  if (std::all_of(part.begin(), part.end(), is_digit)) return last || part.size() >= 3;
  if (part.size() == 1) return is_upper(part.front()) || (last && small_prefix);
  return part.size() <= 3 && is_upper(part.front()) &&
         std::all_of(part.begin() + 1, part.end(), is_digit);
}

/// `DEV-CICDL-0035`: the families of ids before VTIDs. The length that the id takes, or 0.
std::size_t family_length(std::string_view text) {
  const auto whole = text;
  if (take_while(text, is_upper).size() < 2) return 0;
  if (text.empty() || text.front() != '-') return 0;
  text.remove_prefix(1);
  if (take_while(text, is_upper).size() < 2) return 0;
  if (text.empty() || text.front() != '-') return 0;
  text.remove_prefix(1);
  if (take_while(text, is_digit).size() < 3) return 0;
  if (!text.empty() && is_alpha(text.front())) return 0;
  return whole.size() - text.size();
}

Result<Vtid> of_digits(std::string_view digits, std::string_view shown) {
  std::uint32_t number = 0;
  if (digits.size() <= digits_max) {
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
  }
  if (number == 0) {
    return failure(FailureCode::VTID_INVALID, fmt::format("\"{}\" is not an id", shown));
  }
  return Vtid(number);
}

tl::unexpected<Error> legacy(std::string_view shown) {
  return failure(FailureCode::VTID_LEGACY_FORM,
                 fmt::format("\"{}\" is an id of an old form", shown));
}

/// The id at the front of `text`, which stands at the beginning of a word. Sets `taken`.
std::optional<Result<Vtid>> id_at(std::string_view text, std::size_t& taken) {
  taken = 0;
  if (!starts_with_prefix(text)) {
    taken = family_length(text);
    if (taken == 0) return std::nullopt;
    return legacy(text.substr(0, taken));
  }
  auto rest = text.substr(prefix.size());
  const auto token = take_while(rest, is_alnum);
  taken = prefix.size() + token.size();
  const auto form = form_of(token);
  if (form == Form::placeholder) return std::nullopt;
  const bool suffixed = is_suffixed(rest, !is_upper(text.front()));
  if (form == Form::legacy || suffixed) {
    const auto end = suffixed ? text.find_first_not_of(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", taken + 1) : taken;
    return legacy(text.substr(0, end));
  }
  return of_digits(token, text.substr(0, taken));
}

}  // namespace

Vtid::Vtid(std::uint32_t number) : number_(number) {
  CHECK(number > 0 && number <= number_max);
}

Result<Vtid> Vtid::parse(std::string_view text) {
  constexpr std::size_t shown_max = 64;
  const auto shown = utf8_prefix(text, shown_max);
  if (starts_with_prefix(text)) {
    auto rest = text.substr(prefix.size());
    const auto token = take_while(rest, is_alnum);
    const auto form = form_of(token);
    if (rest.empty() && form == Form::number) return of_digits(token, shown);
    const bool tail = rest.size() > 1 && rest.front() == '-' && is_alnum(rest[1]);
    if ((rest.empty() && form == Form::legacy) || (tail && form != Form::placeholder)) {
      return legacy(shown);
    }
  } else if (const auto length = family_length(text); length != 0 && length == text.size()) {
    return legacy(shown);
  }
  return failure(FailureCode::VTID_INVALID, fmt::format("\"{}\" is not an id", shown));
}

std::string Vtid::to_string() const { return fmt::format("VTID-{:05}", number_); }

std::optional<Result<Vtid>> vtid_of_file_name(std::string_view name) {
  constexpr std::size_t bare_digits = 5;
  std::size_t taken = 0;
  if (starts_with_prefix(name) || family_length(name) != 0) {
    const auto dot = name.rfind('.');
    return id_at(dot == std::string_view::npos ? name : name.substr(0, dot), taken);
  }
  auto rest = name;
  const auto digits = take_while(rest, is_digit);
  if (digits.size() != bare_digits || rest.empty() || rest.front() != '-') return std::nullopt;
  return of_digits(digits, digits);
}

std::optional<Result<Vtid>> vtid_in_text(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t taken = 0;
    if (is_alpha(text[at])) {
      auto id = id_at(text.substr(at), taken);
      if (id && (*id || id->error().code == FailureCode::VTID_LEGACY_FORM)) return id;
    }
    // To the next word: a hyphen joins, so that the CICDL-0035 of a longer id is not read alone.
    at += std::max<std::size_t>(taken, 1);
    while (at < text.size() && (is_alnum(text[at - 1]) || text[at - 1] == '_' ||
                                text[at - 1] == '-')) {
      ++at;
    }
  }
  return std::nullopt;
}

std::optional<RunId> RunId::parse(std::string_view text) {
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto vtid = Vtid::parse(text.substr(0, dot));
  const auto digits = text.substr(dot + 1);
  int attempt = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), attempt);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!vtid || !whole || attempt < 1 || digits.front() == '0') return std::nullopt;
  return RunId{*vtid, attempt};
}

std::string RunId::to_string() const { return fmt::format("{}.{}", vtid.to_string(), attempt); }

}  // namespace vitana
