// A finding about a text: the same from command line, API, webhook and editor.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace vitana::domain {

enum class Severity { error, warning, info };

std::string_view name_of(Severity severity);

struct Diagnostic {
  std::string rule;      ///< stable name, upper case: SPEC_SUMMARY_MISSING
  Severity severity = Severity::error;
  std::string message;   ///< one sentence: what is wrong
  std::string file;      ///< as it was named to the reader; empty for text without a file
  int line = 1;          ///< from 1; a finding about the whole file stands at 1:1
  int column = 1;        ///< from 1, in bytes
  std::string hint;      ///< one sentence: what to do

  bool operator==(const Diagnostic&) const = default;
};

inline bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

/// Moves each finding that stands behind the end of its line, or of the text, to that end: parsers
/// count columns of their own where tabs, tables and escapes are.
void keep_inside(std::vector<Diagnostic>& diagnostics, std::string_view text);

/// "docs/specs/x.md:12:3: error: message [RULE]"
std::string to_string(const Diagnostic& diagnostic);

}  // namespace vitana::domain
