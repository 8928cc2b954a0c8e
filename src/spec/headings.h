// What a heading means, whatever its spelling: one table from words to meanings.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vitana::spec {

enum class Section {
  none,          ///< words that the table does not know
  summary,
  problem,
  acceptance,
  approach,
  tests,
  dependencies,  ///< these block
  related,       ///< other tasks that are named and do not block
  files,
  risk,
  scope,
};

std::string_view name_of(Section section);

/// How surely words stand for their meaning. Of several acceptance sections the surest with items
/// is taken; a text without a `likely` or `sure` one may be any document.
enum class Strength { faint, weak, likely, sure };

struct HeadingMeaning {
  Section section = Section::none;
  Strength strength = Strength::weak;
};

/// One row: words as `heading_words` gives them.
struct HeadingRow {
  std::string_view words;
  Section section;
  Strength strength;
  bool prefix;  ///< more words may follow: "problem statement and history"
  bool suffix;  ///< words may stand before: "functional acceptance criteria"
};

std::span<const HeadingRow> heading_table();

/// The row with exactly these words, or null.
const HeadingRow* row_of(std::string_view words);

/// The heading without numbering (`1.`, `2.3`, `1)`, `Part 2:`), emoji, punctuation and case:
/// "🚀 2.3 ACCEPTANCE CRITERIA:" is "acceptance criteria".
std::string heading_words(std::string_view heading);

/// What the heading means. A dash, a colon or a bracket separates parts; the first part that is
/// known decides: "Overview — what we build", "Part 2: Acceptance Criteria (MVP)".
HeadingMeaning meaning_of(std::string_view heading);

/// The section that a heading without a meaning was probably meant to be: one or two letters off
/// one of its headings; `none` otherwise.
Section nearly(std::string_view heading);

}  // namespace vitana::spec
