#include "spec/headings.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "base/check.h"

namespace vitana::spec {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_word(char c) { return is_digit(c) || is_alpha(c) || c == '\''; }
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool prefix = true;
constexpr bool suffix = true;
constexpr auto sure = Strength::sure;
constexpr auto likely = Strength::likely;
constexpr auto weak = Strength::weak;
constexpr auto faint = Strength::faint;

// clang-format off
constexpr auto table = std::to_array<HeadingRow>({
    {"summary",                     Section::summary, sure,   false, false},
    {"executive summary",           Section::summary, sure,   prefix, false},
    {"tl dr",                       Section::summary, sure,   false, false},
    {"tldr",                        Section::summary, sure,   false, false},
    {"abstract",                    Section::summary, sure,   false, false},
    {"goal",                        Section::summary, likely, false, false},
    {"goals",                       Section::summary, likely, false, false},
    {"objective",                   Section::summary, likely, false, false},
    {"objectives",                  Section::summary, likely, false, false},
    {"purpose",                     Section::summary, likely, false, false},
    {"goals and non goals",         Section::summary, likely, false, false},
    {"overview",                    Section::summary, weak,   prefix, suffix},
    {"description",                 Section::summary, weak,   false, false},
    {"introduction",                Section::summary, weak,   false, false},

    {"problem",                     Section::problem, sure,   prefix, false},
    {"problems",                    Section::problem, sure,   false, false},
    {"the problem",                 Section::problem, sure,   prefix, false},
    {"problem statement",           Section::problem, sure,   prefix, suffix},
    {"current behavior",            Section::problem, sure,   prefix, false},
    {"current behaviour",           Section::problem, sure,   prefix, false},
    {"current state",               Section::problem, likely, prefix, false},
    {"current situation",           Section::problem, likely, prefix, false},
    {"root cause",                  Section::problem, likely, prefix, false},
    {"root causes",                 Section::problem, likely, prefix, false},
    {"symptom",                     Section::problem, likely, false, false},
    {"symptoms",                    Section::problem, likely, false, false},
    {"issue",                       Section::problem, likely, false, false},
    {"issue description",           Section::problem, likely, prefix, false},
    {"motivation",                  Section::problem, weak,   prefix, false},
    {"background",                  Section::problem, weak,   prefix, false},
    {"context",                     Section::problem, weak,   false, false},
    {"background and motivation",   Section::problem, weak,   false, false},
    {"why",                         Section::problem, weak,   false, false},
    {"why this matters",            Section::problem, weak,   false, false},
    {"rationale",                   Section::problem, weak,   false, false},

    {"acceptance criteria",         Section::acceptance, sure,   prefix, suffix},
    {"acceptance criterion",        Section::acceptance, sure,   prefix, suffix},
    {"acceptance checklist",        Section::acceptance, sure,   prefix, suffix},
    {"acceptance tests",            Section::acceptance, sure,   prefix, suffix},
    {"acceptance scenarios",        Section::acceptance, sure,   prefix, suffix},
    {"acceptance",                  Section::acceptance, sure,   false, false},
    {"success criteria",            Section::acceptance, sure,   prefix, suffix},
    {"testing criteria",            Section::acceptance, sure,   prefix, suffix},
    {"test criteria",               Section::acceptance, sure,   prefix, suffix},
    {"completion criteria",         Section::acceptance, sure,   prefix, suffix},
    {"definition of done",          Section::acceptance, sure,   prefix, suffix},
    {"done when",                   Section::acceptance, sure,   false, false},
    {"exit criteria",               Section::acceptance, sure,   prefix, suffix},
    {"expected behavior after fix",   Section::acceptance, sure, prefix, false},
    {"expected behaviour after fix",  Section::acceptance, sure, prefix, false},
    {"expected behavior",           Section::acceptance, likely, prefix, false},
    {"expected behaviour",          Section::acceptance, likely, prefix, false},
    {"success metrics",             Section::acceptance, likely, prefix, suffix},
    {"verification checklist",      Section::acceptance, likely, prefix, suffix},
    {"verification criteria",       Section::acceptance, likely, prefix, suffix},
    {"testing checklist",           Section::acceptance, likely, prefix, suffix},
    {"test checklist",              Section::acceptance, likely, prefix, suffix},
    {"deliverables",                Section::acceptance, likely, false, suffix},
    {"verification",                Section::acceptance, weak,   false, false},
    {"implementation checklist",    Section::acceptance, faint,  prefix, suffix},

    {"required changes",            Section::approach, likely, prefix, false},
    {"changes required",            Section::approach, likely, prefix, false},
    {"proposed changes",            Section::approach, likely, prefix, false},
    {"technical approach",          Section::approach, likely, prefix, false},
    {"technical design",            Section::approach, likely, prefix, false},
    {"technical specification",     Section::approach, likely, prefix, false},
    {"proposed solution",           Section::approach, likely, prefix, false},
    {"solution",                    Section::approach, likely, prefix, false},
    {"the fix",                     Section::approach, likely, prefix, false},
    {"fix",                         Section::approach, weak,   prefix, false},
    {"approach",                    Section::approach, weak,   false, false},
    {"implementation",              Section::approach, weak,   prefix, false},
    {"architecture",                Section::approach, weak,   prefix, suffix},
    {"design",                      Section::approach, weak,   false, false},
    {"requirements",                Section::approach, weak,   false, suffix},
    {"changes",                     Section::approach, weak,   false, false},
    {"what changes",                Section::approach, weak,   false, false},
    {"api endpoints",               Section::approach, weak,   prefix, false},
    {"endpoints",                   Section::approach, weak,   false, false},
    {"database schema",             Section::approach, weak,   prefix, false},
    {"schema",                      Section::approach, weak,   false, false},
    {"database changes",            Section::approach, weak,   prefix, false},
    {"deployment",                  Section::approach, weak,   prefix, false},

    {"affected files",              Section::files, likely, prefix, false},
    {"files affected",              Section::files, likely, prefix, false},
    {"files to modify",             Section::files, likely, prefix, false},
    {"files to change",             Section::files, likely, prefix, false},
    {"files to create",             Section::files, likely, prefix, false},
    {"files changed",               Section::files, likely, prefix, false},
    {"files modified",              Section::files, likely, prefix, false},
    {"modified files",              Section::files, likely, prefix, false},
    {"new files",                   Section::files, likely, prefix, false},
    {"key files",                   Section::files, likely, prefix, false},
    {"files",                       Section::files, weak,   false, false},

    {"test plan",                   Section::tests, weak, prefix, false},
    {"testing",                     Section::tests, weak, false, false},
    {"testing plan",                Section::tests, weak, prefix, false},
    {"testing strategy",            Section::tests, weak, prefix, false},
    {"test strategy",               Section::tests, weak, prefix, false},
    {"test cases",                  Section::tests, weak, prefix, false},
    {"tests",                       Section::tests, weak, false, false},
    {"unit tests",                  Section::tests, weak, prefix, false},
    {"integration tests",           Section::tests, weak, prefix, false},
    {"verify",                      Section::tests, weak, prefix, false},
    {"verification steps",          Section::tests, weak, prefix, false},
    {"verification plan",           Section::tests, weak, prefix, false},

    {"depends on",                  Section::dependencies, weak, false, false},
    {"dependencies",                Section::dependencies, weak, false, false},
    {"dependency",                  Section::dependencies, weak, false, false},
    {"blocked by",                  Section::dependencies, weak, false, false},
    {"prerequisites",               Section::dependencies, weak, false, false},
    {"prerequisite",                Section::dependencies, weak, false, false},

    {"related vtids",               Section::related, weak, prefix, false},
    {"related vtid",                Section::related, weak, prefix, false},
    {"related tasks",               Section::related, weak, prefix, false},
    {"related work",                Section::related, weak, prefix, false},
    {"related",                     Section::related, weak, false, false},
    {"references",                  Section::related, weak, false, false},
    {"blocks",                      Section::related, weak, false, false},
    {"required by",                 Section::related, weak, false, false},
    {"dependents",                  Section::related, weak, false, false},

    {"risk",                        Section::risk, weak, false, false},
    {"risks",                       Section::risk, weak, prefix, false},
    {"risk assessment",             Section::risk, weak, prefix, false},
    {"rollback",                    Section::risk, weak, false, false},
    {"rollback plan",               Section::risk, weak, prefix, false},
    {"rollback strategy",           Section::risk, weak, prefix, false},

    {"scope",                       Section::scope, weak, false, false},
    {"in scope",                    Section::scope, weak, false, false},
    {"out of scope",                Section::scope, weak, prefix, false},
    {"non goals",                   Section::scope, weak, prefix, false},
    {"constraints",                 Section::scope, weak, false, false},
});
// clang-format on

std::string words_of(std::string_view text) {
  std::string words;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i]) && text[i] != '&') {
      ++i;
      continue;
    }
    if (!words.empty()) words += ' ';
    if (text[i] == '&') {
      words += "and";
      ++i;
      continue;
    }
    for (; i < text.size() && is_word(text[i]); ++i) words += to_lower(text[i]);
  }
  return words;
}

/// Takes `1.`, `2.3`, `1)`, `10` or `IV.` off the front of words; "issue 3" keeps its number.
std::string_view without_number(std::string_view words) {
  while (!words.empty()) {
    const auto space = words.find(' ');
    const auto first = words.substr(0, space);
    const bool number = std::all_of(first.begin(), first.end(), is_digit);
    const bool roman = first.size() <= 4 && first.find_first_not_of("ivx") == first.npos;
    if ((!number && !roman) || space == words.npos) return words;
    words.remove_prefix(space + 1);
  }
  return words;
}

/// The parts that a dash, a colon or a bracket separates, in order.
std::vector<std::string_view> parts_of(std::string_view heading) {
  static constexpr std::array<std::string_view, 7> separators{
      "\xE2\x80\x94", "\xE2\x80\x93", " - ", ":", "(", "[", "/"};
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i < heading.size();) {
    const auto rest = heading.substr(i);
    const auto* const found =
        std::find_if(separators.begin(), separators.end(),
                     [&](std::string_view separator) { return rest.starts_with(separator); });
    if (found == separators.end()) {
      ++i;
      continue;
    }
    parts.push_back(heading.substr(start, i - start));
    i += found->size();
    start = i;
  }
  parts.push_back(heading.substr(start));
  return parts;
}

/// True when the row's words are the begin or the end of these, as the row allows.
bool fits(const HeadingRow& row, std::string_view words) {
  const auto length = row.words.size();
  if (words.size() <= length) return false;
  if (row.prefix && words[length] == ' ' && words.starts_with(row.words)) return true;
  return row.suffix && words[words.size() - length - 1] == ' ' && words.ends_with(row.words);
}

/// "issue 3" is one of several problems; "phase 2" one of several parts of the work.
HeadingMeaning numbered_meaning(std::string_view words) {
  const auto space = words.find(' ');
  if (space == words.npos || !is_digit(words[space + 1])) return {};
  const auto first = words.substr(0, space);
  if (first == "issue" || first == "problem") return {Section::problem, Strength::likely};
  if (first == "phase" || first == "step") return {Section::approach, Strength::weak};
  return {};
}

HeadingMeaning meaning_of_words(std::string_view words) {
  const HeadingRow* best = row_of(words);
  if (best != nullptr) return {best->section, best->strength};
  for (const auto& row : table) {
    if (fits(row, words) && (best == nullptr || row.words.size() > best->words.size())) {
      best = &row;
    }
  }
  if (best == nullptr) return {};
  return {best->section, best->strength};
}

}  // namespace

std::string_view name_of(Section section) {
  switch (section) {
    case Section::none: return "none";
    case Section::summary: return "summary";
    case Section::problem: return "problem";
    case Section::acceptance: return "acceptance";
    case Section::approach: return "approach";
    case Section::tests: return "tests";
    case Section::dependencies: return "dependencies";
    case Section::related: return "related";
    case Section::files: return "files";
    case Section::risk: return "risk";
    case Section::scope: return "scope";
  }
  CHECK(false);
}

std::span<const HeadingRow> heading_table() { return table; }

const HeadingRow* row_of(std::string_view words) {
  static const auto rows = [] {
    std::unordered_map<std::string_view, const HeadingRow*> made;
    for (const auto& row : table) made.emplace(row.words, &row);
    return made;
  }();
  const auto row = rows.find(words);
  return row == rows.end() ? nullptr : row->second;
}

std::string heading_words(std::string_view heading) {
  return std::string(without_number(words_of(heading)));
}

HeadingMeaning meaning_of(std::string_view heading) {
  constexpr std::size_t heading_max = 200;
  heading = heading.substr(0, heading_max);
  const auto whole = heading_words(heading);
  if (const auto meaning = meaning_of_words(whole); meaning.section != Section::none) {
    return meaning;
  }
  for (const auto part : parts_of(heading)) {
    const auto words = heading_words(part);
    if (const auto meaning = meaning_of_words(words); meaning.section != Section::none) {
      return meaning;
    }
  }
  return numbered_meaning(whole);
}

namespace {

/// Letters to change, add, drop or swap; anything over `limit` counts as `limit` + 1.
std::size_t letters_off(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<std::size_t> before;
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::move(last);
    last = row;
  }
  return last[b.size()];
}

}  // namespace

Section nearly(std::string_view heading) {
  constexpr std::size_t words_max = 60;
  constexpr std::size_t long_enough = 7;  // in short words two letters make another word
  const auto words = heading_words(heading.substr(0, words_max));
  for (const auto& row : table) {
    if (row.words.size() < long_enough) continue;
    if (letters_off(words, row.words, 2) <= 2) return row.section;
  }
  return Section::none;
}

}  // namespace vitana::spec
