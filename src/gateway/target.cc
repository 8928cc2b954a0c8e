#include "gateway/target.h"

#include <fmt/format.h>

#include <optional>

#include "base/utf8.h"

namespace vitana::gateway {
namespace {

constexpr std::size_t parts_max = 20;

tl::unexpected<Error> refused(std::string message) {
  return failure(FailureCode::REQUEST_INVALID, std::move(message));
}

std::optional<int> digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto high = i + 2 < text.size() ? digit(text[i + 1]) : std::nullopt;
      const auto low = i + 2 < text.size() ? digit(text[i + 2]) : std::nullopt;
      if (!high || !low) return refused("a % in the address is followed by no two hexadecimal digits");
      out += static_cast<char>(*high * 16 + *low);
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos || utf8_fault(out)) return refused("the address is no text in UTF-8");
  return out;
}

/// Calls `take` with each piece of `text` between separators.
template <typename Take>
Result<void> each(std::string_view text, char separator, Take take) {
  for (std::size_t pieces = 0;; ++pieces) {
    if (pieces == parts_max) return refused(fmt::format("the address has more than {} parts", parts_max));
    const auto end = text.find(separator);
    if (auto taken = take(text.substr(0, end)); !taken) return taken;
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (!text.starts_with('/')) return refused("the address is no path");
  Target target;
  const auto question = text.find('?');
  const auto path = text.substr(1, question == std::string_view::npos ? question : question - 1);
  if (!path.empty()) {
    auto read = each(path, '/', [&](std::string_view part) -> Result<void> {
      auto plain = decoded(part, false);
      if (!plain) return failure(std::move(plain.error()));
      target.path.push_back(std::move(*plain));
      return {};
    });
    if (!read) return failure(std::move(read.error()));
  }
  if (question == std::string_view::npos || question + 1 == text.size()) return target;
  auto read = each(text.substr(question + 1), '&', [&](std::string_view pair) -> Result<void> {
    const auto equals = pair.find('=');
    auto name = decoded(pair.substr(0, equals), true);
    if (!name) return failure(std::move(name.error()));
    auto value = decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!value) return failure(std::move(value.error()));
    target.query.emplace_back(std::move(*name), std::move(*value));
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  return target;
}

std::string escaped(std::string_view text) {
  static constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace vitana::gateway
