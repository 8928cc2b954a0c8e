#include "cli/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/shell.h"
#include "cli/terminal.h"
#include "wire/error_json.h"

namespace vitana::cli {
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

/// A context value that holds a list gets a line for each item.
std::string lines_of(std::string value, std::string_view indent) {
  for (auto at = value.find("; "); at != std::string::npos; at = value.find("; ", at)) {
    value.replace(at, 2, fmt::format("\n{}", indent));
  }
  return value;
}

}  // namespace

int exit_code(FailureCode code) {
  if (code == FailureCode::USAGE) return exit_usage;
  if (code == FailureCode::INTERRUPTED || code == FailureCode::OUTPUT_LOST) return exit_unavailable;
  switch (failure_info(code).cls) {
    case FailureClass::storage:
    case FailureClass::network:
    case FailureClass::git:
      return exit_unavailable;
    case FailureClass::governance:
      return exit_not_allowed;
    case FailureClass::spec:
    case FailureClass::dispatch:
    case FailureClass::worker:
    case FailureClass::agent:
    case FailureClass::timeout:
    case FailureClass::verification:
    case FailureClass::delivery:
    case FailureClass::budget:
    case FailureClass::environment:
    case FailureClass::internal:
      return exit_no;
  }
  return exit_no;
}

std::string hint_of(const Error& error, const HintWords& words) {
  if (const auto own = error.context.find("hint"); own != error.context.end()) return own->second;
  return with_words(std::string(failure_info(error.code).hint), words);
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view safe = "-_./+,:=@%";
  const bool plain = !text.empty() && std::ranges::all_of(text, [safe](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || safe.find(c) != safe.npos;
  });
  return plain ? text : shell_quoted(text);
}

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

std::string error_text(const Error& error, const HintWords& words) {
  std::string text = fmt::format("error: {} [{}]\n", brief(error.message), name_of(error.code));
  for (const auto& [key, value] : error.context) {
    if (key == "hint" || value.empty() || error.message.find(value) != std::string::npos) continue;
    const bool list = value.find("; ") != std::string::npos;
    text += list ? fmt::format("  {}:\n    {}\n", key, lines_of(value, "    "))
                 : fmt::format("  {}: {}\n", key, value);
  }
  for (const auto& cause : error.causes) text += fmt::format("  because: {}\n", cause);
  if (const auto hint = hint_of(error, words); !hint.empty())
    text += fmt::format("  next: {}\n", hint);
  return text;
}

std::string error_json(const Error& error, const HintWords& words) {
  Error told = error;
  told.context.erase("hint");
  wire::Json json = wire::error_json(told);
  json["error"]["hint"] = hint_of(error, words);
  return wire::to_text(json);
}

int report(const Error& error, const HintWords& words, bool json, Console& console) {
  if (json) {
    console.data(error_json(error, words) + "\n");
  } else {
    console.say(error_text(error, words), Ink::red);
  }
  return exit_code(error.code);
}

}  // namespace vitana::cli
