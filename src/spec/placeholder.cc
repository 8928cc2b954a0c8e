#include "spec/placeholder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/utf8.h"

namespace vitana::spec {
namespace {

constexpr char code_mark = '\x01';  // no reader sees it: it only keeps words apart

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) {
           return lower(x) == lower(y);
         });
}

std::string_view without_marks(std::string_view item) {
  constexpr std::string_view human = "[human]";
  if (item.size() >= 3 && item[0] == '[' && item[2] == ']') item = trimmed(item.substr(3));
  if (equal_ignoring_case(item.substr(0, human.size()), human)) item.remove_prefix(human.size());
  return trimmed(item);
}

/// The words of one paragraph or cell, as they are gathered.
struct Item {
  std::string text;
  std::string_view only_tag;  ///< the HTML tag, as long as there is one and nothing else
  int tags = 0;
  int line = 1;
  int column = 1;
};

class Search {
 public:
  Search(const Markdown& markdown, int first_line, domain::Severity severity, Findings& findings)
      : markdown_(markdown), first_line_(first_line), severity_(severity), findings_(findings) {}

  void visit(cmark_event_type event, cmark_node* node) {
    const auto type = cmark_node_get_type(node);
    const bool leaf = type == CMARK_NODE_PARAGRAPH || is_cell(node);
    if (event == CMARK_EVENT_EXIT) {
      if (leaf) judge();
      return;
    }
    if (leaf) {
      item_ = {};
      item_.line = std::max(cmark_node_get_start_line(node), 1);
      item_.column = cmark_node_get_start_column(node);
    } else if (type == CMARK_NODE_TEXT) {
      item_.text += literal_of(node);
    } else if (type == CMARK_NODE_CODE) {
      item_.text += code_mark;
    } else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) {
      item_.text += '\n';
    } else if (type == CMARK_NODE_HTML_INLINE) {
      item_.only_tag = literal_of(node);
      ++item_.tags;
    } else if (type == CMARK_NODE_HTML_BLOCK) {
      const auto html = trimmed(literal_of(node));
      if (is_placeholder_tag(html)) {
        report(html, cmark_node_get_start_line(node), cmark_node_get_start_column(node));
      }
    }
  }

  bool found() const { return found_; }

 private:
  void judge() {
    if (item_.tags == 1 && without_marks(trimmed(item_.text)).empty() &&
        is_placeholder_tag(item_.only_tag)) {
      report(item_.only_tag, item_.line, item_.column);
      return;
    }
    const auto word = placeholder_in(item_.text);
    if (word.empty()) return;
    const auto at = static_cast<std::size_t>(word.data() - item_.text.data());
    const int line = item_.line + static_cast<int>(std::count(
                                      item_.text.begin(),
                                      item_.text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    const auto column = markdown_.line(line).find(word);
    report(word, line, column == word.npos ? item_.column : static_cast<int>(column) + 1);
  }

  void report(std::string_view word, int line, int column) {
    constexpr std::size_t shown_max = 60;
    found_ = true;
    findings_.add(Rule::PLACEHOLDER, severity_, line + first_line_ - 1, column,
                  fmt::format("\"{}\" is a placeholder", utf8_prefix(word, shown_max)));
  }

  const Markdown& markdown_;
  int first_line_;
  domain::Severity severity_;
  Findings& findings_;
  Item item_;
  bool found_ = false;
};

}  // namespace

std::string_view placeholder_in(std::string_view item) {
  static constexpr std::array<std::string_view, 3> words{"TBD", "TODO", "FIX" "ME"};
  static constexpr std::array<std::string_view, 9> wholes{
      "tbd", "todo", "to do", "fixme", "to be determined", "to be defined", "to be written",
      "...", "\xE2\x80\xA6"};
  auto whole = without_marks(trimmed(item));
  for (const auto known : wholes) {
    if (equal_ignoring_case(whole, known)) return whole;
    if (whole.ends_with('.') && equal_ignoring_case(whole.substr(0, whole.size() - 1), known)) {
      return whole;
    }
  }
  const bool bracketed = whole.size() > 2 && whole.front() == '<' && whole.back() == '>' &&
                         whole.find('>') == whole.size() - 1;
  if (bracketed) return whole;
  for (const auto word : words) {
    for (auto at = item.find(word); at != item.npos; at = item.find(word, at + 1)) {
      const auto after = at + word.size();
      const bool alone = (at == 0 || !is_word(item[at - 1])) &&
                         (after == item.size() || !is_word(item[after]));
      if (alone) return item.substr(at, word.size());
    }
  }
  for (const std::string_view sign : {"???", "[NEEDS CLARIFICATION"}) {
    if (const auto at = item.find(sign); at != item.npos) return item.substr(at, sign.size());
  }
  return {};
}

bool is_placeholder_tag(std::string_view tag) {
  static constexpr auto html = std::to_array<std::string_view>(
      {"a", "abbr", "article", "aside", "audio", "b", "blockquote", "body", "br", "button",
       "caption", "center", "cite", "code", "col", "dd", "del", "details", "div", "dl", "dt", "em",
       "figure", "font", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header",
       "hr", "html", "i", "iframe", "img", "input", "ins", "kbd", "label", "li", "link", "main",
       "mark", "meta", "nav", "ol", "option", "p", "picture", "pre", "q", "s", "script", "section",
       "select", "small", "source", "span", "strong", "style", "sub", "summary", "sup", "svg",
       "table", "tbody", "td", "template", "textarea", "th", "thead", "title", "tr", "tt", "u",
       "ul", "var", "video"});
  if (tag.size() < 3 || tag.front() != '<' || tag.back() != '>') return false;
  if (tag.find('>') != tag.size() - 1 || tag[1] == '!' || tag[1] == '/' || tag[1] == '?') {
    return false;
  }
  const auto name = tag.substr(1, tag.find_first_of(" \t\n/>") - 1);
  return std::none_of(html.begin(), html.end(), [&](std::string_view known) {
    return equal_ignoring_case(known, name);
  });
}

bool find_placeholders(const Markdown& markdown, cmark_node* block, int first_line,
                       domain::Severity severity, Findings& findings) {
  Search search(markdown, first_line, severity, findings);
  walk(block, [&](cmark_event_type event, cmark_node* node) { search.visit(event, node); });
  return search.found();
}

}  // namespace vitana::spec
