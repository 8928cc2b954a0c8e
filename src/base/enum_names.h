// One table for both directions between an enumeration and the names users read.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace vitana {

template <typename Enum, std::size_t Size>
struct EnumNames {
  std::array<std::pair<Enum, std::string_view>, Size> entries;

  constexpr std::string_view name(Enum value) const {
    for (const auto& [entry, text] : entries) {
      if (entry == value) return text;
    }
    ::vitana::base::check_failed("enumerator without a name", __FILE__, __LINE__);
  }

  constexpr std::optional<Enum> value(std::string_view text) const {
    for (const auto& [entry, name] : entries) {
      if (name == text) return entry;
    }
    return std::nullopt;
  }
};

template <typename Enum, std::size_t Size>
constexpr EnumNames<Enum, Size> enum_names(const std::pair<Enum, std::string_view> (&entries)[Size]) {
  return {std::to_array(entries)};
}

}  // namespace vitana
