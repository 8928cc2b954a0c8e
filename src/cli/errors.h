// Errors as a person and as a program read them.
#pragma once

#include <string>

#include "base/hint.h"
#include "base/result.h"
#include "cli/terminal.h"

namespace vitana::cli {

inline constexpr int exit_yes = 0;
inline constexpr int exit_no = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unavailable = 3;
inline constexpr int exit_not_allowed = 4;

/// By the code's class; USAGE and INTERRUPTED stand for themselves.
int exit_code(FailureCode code);

/// The catalogue's hint, with the command in it ready to be copied.
std::string hint_of(const Error& error, const HintWords& words);

/// What, where, why, and the next command; a few lines, without colour.
std::string error_text(const Error& error, const HintWords& words);

/// {"error":{"code","message","hint", …}} on one line.
std::string error_json(const Error& error, const HintWords& words);

/// error_text on stderr; with `json` error_json on stdout. Returns the exit code.
int report(const Error& error, const HintWords& words, bool json, Console& console);

}  // namespace vitana::cli
