#include "cli/errors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/terminal.h"
#include "wire/error_json.h"

namespace vitana::cli {
namespace {

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

std::string error_text(const Error& error, const HintWords& words) {
  std::string text = error.message.empty()
                         ? fmt::format("error: {}\n", name_of(error.code))
                         : fmt::format("error: {} [{}]\n", brief(error.message), name_of(error.code));
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
