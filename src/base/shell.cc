#include "base/shell.h"

#include <algorithm>
#include <cctype>

namespace vitana {

std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') result += "'\\''";
    else result += c;
  }
  return result + "'";
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view safe = "-_./+,:=@%";
  const bool plain = !text.empty() && std::ranges::all_of(text, [safe](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || safe.find(c) != safe.npos;
  });
  return plain ? std::string(text) : shell_quoted(text);
}

}  // namespace vitana
