#include "spec/markdown.h"

#include <cmark-gfm-core-extensions.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/lines.h"
#include "spec/placeholder.h"

namespace vitana::spec {
namespace {

// A spec has one heading a screen; beyond this, further headings are text of the last section.
constexpr std::size_t sections_max = 5'000;

struct FreeParser {
  void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
};

cmark_node* parse(std::string_view text, const TreeMemory& memory) {
  // Strikethrough is not attached: it registers its `~` in a table that all parsers share, so two
  // threads would change each other's reading. The tildes are taken off in plain_text.
  static const bool registered = (cmark_gfm_core_extensions_ensure_registered(), true);
  CHECK(registered);
  const std::unique_ptr<cmark_parser, FreeParser> parser(
      cmark_parser_new_with_mem(CMARK_OPT_DEFAULT, memory.parser_memory()));
  for (const auto* name : {"table", "tasklist"}) {
    auto* const extension = cmark_find_syntax_extension(name);
    CHECK(extension != nullptr);
    cmark_parser_attach_syntax_extension(parser.get(), extension);
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  auto* const root = cmark_parser_finish(parser.get());
  CHECK(root != nullptr);
  return root;
}

/// How often a rare character stands in a text. Faster than std::count, which looks at each byte.
std::size_t occurrences(std::string_view text, char wanted) {
  std::size_t count = 0;
  for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) ++count;
  return count;
}

/// "**Acceptance Criteria**" or "**Acceptance Criteria:**" alone in its paragraph.
std::optional<std::string> bold_heading(cmark_node* block) {
  if (cmark_node_get_type(block) != CMARK_NODE_PARAGRAPH) return std::nullopt;
  auto* const strong = cmark_node_first_child(block);
  if (strong == nullptr || cmark_node_get_type(strong) != CMARK_NODE_STRONG) return std::nullopt;
  if (auto* const next = cmark_node_next(strong); next != nullptr) {
    const bool colon = cmark_node_get_type(next) == CMARK_NODE_TEXT &&
                       trimmed(literal_of(next)) == ":" && cmark_node_next(next) == nullptr;
    if (!colon) return std::nullopt;
  }
  auto text = plain_text(strong);
  if (meaning_of(text).section == Section::none) return std::nullopt;
  return text;
}

bool is_break(cmark_node_type type) {
  return type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK;
}

/// Tables have types that are given out at run time, after the built-in ones.
bool is_extension_block(cmark_node_type type) {
  return (type & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK &&
         type > CMARK_NODE_FOOTNOTE_DEFINITION;
}

}  // namespace

std::optional<int> complexity_fault(std::string_view text) {
  // Measured on cmark-gfm 0.29.0.gfm.6: `![[]()` in one paragraph and wide tables grow with the
  // square; a table's short rows are filled up with cells. All stay within one run of lines.
  constexpr std::size_t brackets_max = 2'000;
  constexpr std::size_t pipes_max = 500;
  constexpr std::size_t cells_max = 100'000;
  const auto pipes_all = occurrences(text, '|');
  if (pipes_all <= pipes_max && pipes_all * (occurrences(text, '\n') + 1) <= cells_max &&
      occurrences(text, '[') <= brackets_max) {
    return std::nullopt;
  }
  std::size_t cells_before = 0;
  std::size_t brackets = 0;
  std::size_t pipes = 0;
  std::size_t rows = 0;
  int line = 0;
  int first_line = 1;
  while (!text.empty()) {
    ++line;
    const auto end = std::min(text.find('\n'), text.size());
    const auto row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.find_first_not_of(" \t\r") == row.npos) {
      cells_before += rows * pipes;
      brackets = pipes = rows = 0;
      first_line = line + 1;
      continue;
    }
    ++rows;
    brackets += static_cast<std::size_t>(std::count(row.begin(), row.end(), '['));
    pipes = std::max(pipes, static_cast<std::size_t>(std::count(row.begin(), row.end(), '|')));
    if (brackets > brackets_max || pipes > pipes_max || cells_before + rows * pipes > cells_max) {
      return first_line;
    }
  }
  return std::nullopt;
}

Markdown::Markdown(std::string_view text)
    : text_(text), root_(parse(text, memory_)), line_starts_(line_starts(text)) {
  cut();
}

void Markdown::open_section(std::string heading, int level, int line) {
  while (!open_.empty() && open_.back().level >= level) open_.pop_back();
  const auto own = meaning_of(heading);
  SectionBody body;
  body.section = own.section;
  body.strength = own.strength;
  body.heading = std::move(heading);
  body.level = level;
  body.line = line;
  if (!open_.empty()) {
    const auto& parent = open_.back();
    // Criteria are often grouped below their heading: "Unit Tests", "Phase 1", "API".
    const bool group = parent.section == Section::acceptance &&
                       (own.section == Section::tests || own.section == Section::approach ||
                        (own.section == Section::acceptance && own.strength <= parent.strength));
    if (own.section == Section::none || group) {
      body.section = parent.section;
      body.strength = parent.strength;
      body.inherited = parent.section != Section::none;
    }
  }
  open_.push_back({level, body.section, body.strength});
  sections_.push_back(std::move(body));
}

bool Markdown::is_title(std::string_view text) const {
  if (sections_.size() != 1) return false;
  if (titles_.empty()) {
    // "Fix the sidebar" is a title, though "fix" alone names a section.
    return row_of(heading_words(text)) == nullptr;
  }
  // `# Status: Draft` lines below the title are metadata, whatever their words mean.
  const bool pair = sections_.front().blocks.empty() && text.find(": ") != text.npos &&
                    text.find_first_of("0123456789") > text.find(": ");
  return pair || meaning_of(text).section == Section::none;
}

void Markdown::cut() {
  constexpr int bold_level = 7;
  sections_.emplace_back();
  for (auto* block = cmark_node_first_child(root_); block != nullptr;
       block = cmark_node_next(block)) {
    const int line = cmark_node_get_start_line(block);
    if (sections_.size() < sections_max) {
      if (cmark_node_get_type(block) == CMARK_NODE_HEADING) {
        auto text = plain_text(block);
        const int level = cmark_node_get_heading_level(block);
        if (level == 1 && is_title(text)) {
          titles_.push_back({std::move(text), line});
        } else {
          open_section(std::move(text), level, line);
        }
        continue;
      }
      if (auto text = bold_heading(block)) {
        open_section(std::move(*text), bold_level, line);
        continue;
      }
    }
    sections_.back().blocks.push_back(block);
  }
}

std::string_view Markdown::lines(int from, int to) const {
  const auto start = [&](int line) {
    const auto index = static_cast<std::size_t>(std::max(line, 1) - 1);
    return index < line_starts_.size() ? line_starts_[index] : text_.size();
  };
  if (to <= from) return {};
  auto text = text_.substr(start(from), start(to) - start(from));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == '\n' || text.front() == '\r')) text.remove_prefix(1);
  return text;
}

std::string_view literal_of(cmark_node* node) {
  const char* const literal = cmark_node_get_literal(node);
  return literal == nullptr ? std::string_view() : std::string_view(literal);
}

std::string_view fence_info(cmark_node* node) {
  const char* const info = cmark_node_get_fence_info(node);
  return info == nullptr ? std::string_view() : std::string_view(info);
}

bool is_row(cmark_node* node) {
  if (!is_extension_block(cmark_node_get_type(node))) return false;
  const char* const name = cmark_node_get_type_string(node);
  return std::strcmp(name, "table_row") == 0 || std::strcmp(name, "table_header") == 0;
}

bool is_cell(cmark_node* node) {
  if (!is_extension_block(cmark_node_get_type(node))) return false;
  return std::strcmp(cmark_node_get_type_string(node), "table_cell") == 0;
}

void append_without_strikes(std::string& out, std::string_view text) {
  for (auto at = text.find("~~"); at != text.npos; at = text.find("~~")) {
    out += text.substr(0, at);
    text.remove_prefix(at + 2);
  }
  out += text;
}

std::string plain_text(cmark_node* node) {
  std::string text;
  walk(node, [&](cmark_event_type event, cmark_node* at) {
    const auto type = cmark_node_get_type(at);
    if (event == CMARK_EVENT_EXIT) {
      const bool block = type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_ITEM || is_row(at);
      if (block && !text.empty() && text.back() != '\n') text += '\n';
      if (is_cell(at)) text += ' ';
      return;
    }
    if (type == CMARK_NODE_TEXT) append_without_strikes(text, literal_of(at));
    if (type == CMARK_NODE_CODE) text += literal_of(at);
    if (is_break(type)) text += ' ';
    text += placeholder_tag(at);
  });
  return std::string(trimmed(text));
}

std::string_view placeholder_tag(cmark_node* node) {
  const auto type = cmark_node_get_type(node);
  if (type != CMARK_NODE_HTML_INLINE && type != CMARK_NODE_HTML_BLOCK) return {};
  const auto tag = trimmed(literal_of(node));
  return is_placeholder_tag(tag) ? tag : std::string_view();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace vitana::spec
