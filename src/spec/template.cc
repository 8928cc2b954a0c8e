#include "spec/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/utf8.h"
#include "spec/markdown.h"

namespace vitana::spec {
namespace {

/// True for a line that would begin something other than a sentence or a list item.
bool begins_block(std::string_view line) {
  if (line.empty()) return false;
  for (const std::string_view start :
       {"#", "```", "~~~", "<", "**", "__", "=", "|", ">", "[", "!"}) {
    if (line.starts_with(start)) return true;
  }
  return line.find_first_not_of("-_*+ \t") == line.npos;
}

/// Cleaned, and with newlines for all that Markdown takes for the end of a line.
std::string lines_of(std::string_view text) {
  std::string out = utf8_clean(text);
  for (auto at = out.find('\r'); at != out.npos; at = out.find('\r', at + 1)) {
    if (at + 1 == out.size() || out[at + 1] != '\n') out[at] = '\n';
  }
  std::erase(out, '\r');
  return out;
}

/// A text of several lines, each of which is a sentence or a list item.
std::string quiet(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (begins_block(line)) out += '\\';
    // A list item may hold a heading or a fence, too.
    const bool item = line.size() > 2 && (line[0] == '-' || line[0] == '*' || line[0] == '+') &&
                      line[1] == ' ';
    if (item && begins_block(trimmed(line.substr(2)))) {
      out += line.substr(0, 2);
      out += '\\';
      out += trimmed(line.substr(2));
    } else {
      out += line;
    }
    out += '\n';
  }
  return std::string(trimmed(out));
}

/// A text as one line.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  return std::string(trimmed(out));
}

/// As a list item's one sentence: nothing in it opens a list, a quote or a table of its own.
std::string item_text(std::string_view text) {
  auto line = one_line(text);
  const auto space = line.find(' ');
  const auto first = std::string_view(line).substr(0, space);
  const bool bullet = first == "-" || first == "+" || first == "*";
  const bool number = first.size() > 1 && (first.back() == '.' || first.back() == ')') &&
                      first.find_first_not_of("0123456789") == first.size() - 1;
  const bool marked = line.starts_with("[human]") || line.starts_with("**");
  if (number) line.insert(first.size() - 1, "\\");
  else if (bullet || (begins_block(line) && !marked)) line.insert(0, "\\");
  return line;
}

std::string fence_for(std::string_view script) {
  std::size_t longest = 2;
  std::size_t run = 0;
  for (const char c : script) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest + 1, '`');
}

void append_check(std::string& out, const DraftCriterion& criterion) {
  const auto bytes = lines_of(criterion.script);
  const auto fence = fence_for(bytes);
  auto options = one_line(utf8_clean(criterion.options));
  std::replace(options.begin(), options.end(), '`', '\'');  // with one it would be no fence
  out += fmt::format("\n  {}check{}{}{}{}\n", fence, criterion.keeps ? " keeps" : "",
                     criterion.timeout ? " timeout=" + to_string(*criterion.timeout) : "",
                     options.empty() ? "" : " ", options);
  std::string_view script = bytes;
  while (!script.empty()) {
    const auto end = std::min(script.find('\n'), script.size());
    const auto line = script.substr(0, end);
    if (!line.empty()) out += fmt::format("  {}", line);
    out += '\n';
    script.remove_prefix(std::min(end + 1, script.size()));
  }
  out += fmt::format("  {}\n", fence);
}

void append_section(std::string& out, std::string_view heading, std::string_view text) {
  if (trimmed(text).empty()) return;
  out += fmt::format("\n## {}\n\n{}\n", heading, text);
}

}  // namespace

std::string spec_template(std::optional<Vtid> vtid) {
  const std::string id = vtid ? vtid->to_string() + ": " : "";
  return fmt::format(R"(# {}<What is to be done>

## Summary

<In one or two sentences: what will be different when this is done>

## Problem

<What is wrong today, and for whom>

## Acceptance Criteria

- <One thing that must be true, which the command below it can tell>

  ```check
  test -f the-file-that-is-to-be-made
  ```

- [human] <One thing that only a person can judge>

## Technical Approach

## Dependencies

None
)",
                     id);
}

std::string render_spec(const Draft& draft) {
  std::string out = "# ";
  if (draft.vtid) out += draft.vtid->to_string() + ": ";
  out += item_text(utf8_clean(draft.title)) + "\n";
  append_section(out, "Summary", quiet(lines_of(draft.summary)));
  append_section(out, "Problem", quiet(lines_of(draft.problem)));
  if (!draft.criteria.empty()) out += "\n## Acceptance Criteria\n\n";
  for (const auto& criterion : draft.criteria) {
    CHECK(!criterion.human || criterion.script.empty());
    out += fmt::format("- {}{}\n", criterion.human ? "[human] " : "",
                       item_text(utf8_clean(criterion.text)));
    if (!criterion.script.empty()) append_check(out, criterion);
  }
  for (const auto& [heading, text] : draft.extra) {
    append_section(out, one_line(utf8_clean(heading)), quiet(lines_of(text)));
  }
  std::string dependencies;
  for (const auto vtid : draft.depends_on) dependencies += fmt::format("- {}\n", vtid.to_string());
  append_section(out, "Dependencies", trimmed(dependencies));
  return out;
}

}  // namespace vitana::spec
