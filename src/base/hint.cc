#include "base/hint.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/shell.h"

namespace vitana {
namespace {

/// Replaces `word` where it stands alone.
std::string fill(std::string text, std::string_view word, const std::string& value) {
  if (value.empty()) return text;
  const auto inner = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  };
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
    const auto end = at + word.size();
    const bool alone =
        (at == 0 || !inner(text[at - 1])) && (end == text.size() || !inner(text[end]));
    if (!alone) {
      at = end;
      continue;
    }
    text.replace(at, word.size(), value);
    at += value.size();
  }
  return text;
}

}  // namespace

std::string with_words(std::string hint, const HintWords& words) {
  // Only commands are filled in: "no task has that VTID" speaks of another one.
  std::size_t from = 0;
  for (auto at = hint.find("vitana ", from); at != std::string::npos;
       at = hint.find("vitana ", from)) {
    const auto end = std::min(hint.find_first_of(";,", at), hint.size());
    std::string command = fill(hint.substr(at, end - at), "VTID", words.vtid);
    command = fill(std::move(command), "FILE", words.file.empty() ? "" : shell_word(words.file));
    hint.replace(at, end - at, command);
    from = at + command.size();
  }
  return hint;
}

}  // namespace vitana
