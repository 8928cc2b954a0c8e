#include "spec/criteria.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace vitana::spec {
namespace {

using domain::Check;
using domain::Criterion;
using domain::CriterionClass;

constexpr std::size_t text_bytes_max = 2'000;
constexpr Duration timeout_max = std::chrono::hours(6);

std::string_view first_word(std::string_view& text) {
  text = trimmed(text);
  const auto word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

/// Something that may be a criterion.
struct Candidate {
  enum class Kind { item, paragraph, heading, check };
  Kind kind = Kind::item;
  std::string text;
  std::vector<Check> checks;
  int line = 1;
  bool human = false;
};

/// "A colon ends the sentence that leads to a list or a block."
bool leads_on(const Candidate& candidate) {
  return candidate.kind == Candidate::Kind::paragraph && candidate.text.ends_with(':');
}

void append_part(std::string& text, std::string_view part) {
  part = trimmed(part);
  if (part.empty()) return;
  if (!text.empty()) {
    const bool ended = std::string_view(".:;,!?").find(text.back()) != std::string_view::npos;
    text += ended ? " " : "; ";
  }
  text += part;
}

/// Takes `[ ]`, `[-]` and other boxes that the parser does not know, and the mark `[human]`.
void take_marks(Candidate& candidate) {
  std::string_view text = trimmed(candidate.text);
  if (text.size() >= 3 && text[0] == '[' && text[2] == ']' &&
      (text.size() == 3 || text[3] == ' ')) {
    text = trimmed(text.substr(3));
  }
  constexpr std::string_view mark = "[human]";
  if (lower(text.substr(0, mark.size())) == mark) {
    candidate.human = true;
    text = trimmed(text.substr(mark.size()));
  }
  candidate.text = std::string(utf8_prefix(text, text_bytes_max));
}

/// The columns of a table that say something about the item, not what it is.
bool is_side_column(std::string_view header) {
  static constexpr auto sides = std::to_array<std::string_view>(
      {"", "#", "ac", "checked", "done", "id", "nr", "no", "ok", "pass", "result", "state",
       "status"});
  return std::find(sides.begin(), sides.end(), heading_words(header)) != sides.end();
}

class Reader {
 public:
  explicit Reader(const CriteriaInput& input) : input_(input) {}

  void read(const SectionBody& section) {
    if (section.inherited && !section.heading.empty()) {
      Candidate heading;
      heading.kind = Candidate::Kind::heading;
      heading.text = section.heading;
      heading.line = file_line(section.line);
      add(std::move(heading));
    }
    for (auto* block : section.blocks) read_block(block, true);
  }

  std::vector<Criterion> finish();

 private:
  int file_line(int line) const { return std::max(line, 1) + input_.first_line - 1; }

  void add(Candidate candidate) {
    take_marks(candidate);
    if (candidate.text.empty() && !candidate.checks.empty()) {
      const std::string_view script = trimmed(candidate.checks.front().script);
      candidate.text = fmt::format("{} succeeds", script.substr(0, script.find('\n')));
    }
    if (candidate.text.empty()) {
      if (candidate.kind == Candidate::Kind::item) {
        input_.findings.add(Rule::CRITERION_EMPTY, candidate.line, 1);
      }
      return;
    }
    if (!leads_on(candidate)) owner_ = candidates_.size();
    candidates_.push_back(std::move(candidate));
  }

  void read_block(cmark_node* block, bool outermost) {
    const auto type = cmark_node_get_type(block);
    if (type == CMARK_NODE_LIST) {
      for (auto* item = cmark_node_first_child(block); item != nullptr;
           item = cmark_node_next(item)) {
        read_item(item);
      }
    } else if (type == CMARK_NODE_PARAGRAPH) {
      Candidate candidate = gathered(block);
      candidate.kind = Candidate::Kind::paragraph;
      add(std::move(candidate));
    } else if (type == CMARK_NODE_CODE_BLOCK) {
      if (auto check = check_of(block)) attach(std::move(*check));
    } else if (auto* const row = cmark_node_first_child(block); row != nullptr && is_row(row)) {
      read_table(row);
    } else if (type == CMARK_NODE_BLOCK_QUOTE && outermost) {
      for (auto* child = cmark_node_first_child(block); child != nullptr;
           child = cmark_node_next(child)) {
        read_block(child, false);
      }
    }
  }

  void read_item(cmark_node* item) { add(gathered(item)); }

  /// All words below a node in one line, and the checks that stand there.
  Candidate gathered(cmark_node* node) {
    Candidate candidate;
    candidate.line = file_line(cmark_node_get_start_line(node));
    std::string part;
    walk(node, [&](cmark_event_type event, cmark_node* at) {
      const auto type = cmark_node_get_type(at);
      if (event == CMARK_EVENT_EXIT) {
        if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING || type == CMARK_NODE_ITEM ||
            is_row(at)) {
          append_part(candidate.text, part);
          part.clear();
        } else if (is_cell(at)) {
          part += ' ';
        }
        return;
      }
      part += placeholder_tag(at);
      if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) {
        part += literal_of(at);
      } else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) {
        part += ' ';
      } else if (type == CMARK_NODE_CODE_BLOCK) {
        if (auto check = check_of(at)) candidate.checks.push_back(std::move(*check));
      }
    });
    drop_strikes(candidate.text);
    return candidate;
  }

  static void drop_strikes(std::string& text) {
    std::string kept;
    append_without_strikes(kept, text);
    text = std::move(kept);
  }

  void read_table(cmark_node* header) {
    std::vector<bool> side;
    bool any_left = false;
    for (auto* cell = cmark_node_first_child(header); cell != nullptr;
         cell = cmark_node_next(cell)) {
      side.push_back(is_side_column(plain_text(cell)));
      any_left = any_left || !side.back();
    }
    for (auto* row = cmark_node_next(header); row != nullptr; row = cmark_node_next(row)) {
      Candidate candidate;
      candidate.line = file_line(cmark_node_get_start_line(row));
      std::size_t column = 0;
      for (auto* cell = cmark_node_first_child(row); cell != nullptr;
           cell = cmark_node_next(cell), ++column) {
        const auto text = plain_text(cell);
        if (any_left && column < side.size() && side[column]) continue;
        if (text.empty()) continue;
        if (!candidate.text.empty()) candidate.text += " \xE2\x80\x94 ";
        candidate.text += text;
      }
      add(std::move(candidate));
    }
  }

  /// A check that stands between blocks belongs to what is before it.
  void attach(Check check) {
    if (!candidates_.empty()) {
      auto& target = owner_ ? candidates_[*owner_] : candidates_.back();
      target.checks.push_back(std::move(check));
      return;
    }
    Candidate candidate;
    candidate.kind = Candidate::Kind::check;
    candidate.line = check.line;
    candidate.checks.push_back(std::move(check));
    add(std::move(candidate));
  }

  std::optional<Check> check_of(cmark_node* block);
  bool read_options(std::string_view options, Check& check, int column);

  const CriteriaInput& input_;
  std::vector<Candidate> candidates_;
  std::optional<std::size_t> owner_;  ///< the last candidate that leads to nothing else
};

std::optional<Check> Reader::check_of(cmark_node* block) {
  const int line = file_line(cmark_node_get_start_line(block));
  const int column = std::max(cmark_node_get_start_column(block), 1);
  auto options = fence_info(block);
  const auto word = first_word(options);
  if (word != "check") {
    int length = 0;
    int offset = 0;
    char mark = 0;
    const bool fenced = cmark_node_get_fenced(block, &length, &offset, &mark) != 0;
    const std::string_view text = literal_of(block);
    if (!fenced && (text.starts_with("```check") || text.starts_with("~~~check"))) {
      input_.findings.add(Rule::CHECK_INDENTED, line, column);
    }
    const auto meant = lower(word);
    if (meant == "check" || meant == "checks") {
      input_.findings.add(Rule::CHECK_OPTION, line, column,
                          fmt::format("\"{}\" is not run; the word is \"check\"", word));
    }
    return std::nullopt;
  }
  Check check;
  check.line = line;
  check.script = std::string(literal_of(block));
  if (!is_closed(input_.markdown, block)) {
    input_.findings.add(Rule::CHECK_UNCLOSED, line, column);
    return std::nullopt;
  }
  if (trimmed(check.script).empty()) {
    input_.findings.add(Rule::CHECK_EMPTY, line, column);
    return std::nullopt;
  }
  if (!read_options(options, check, column)) return std::nullopt;
  return check;
}

bool Reader::read_options(std::string_view options, Check& check, int column) {
  for (auto word = first_word(options); !word.empty(); word = first_word(options)) {
    constexpr std::string_view timeout_key = "timeout=";
    if (word == "keeps") {
      check.keeps = true;
    } else if (word.starts_with(timeout_key)) {
      const auto timeout = parse_duration(word.substr(timeout_key.size()));
      if (!timeout || *timeout <= Duration::zero() || *timeout > timeout_max) {
        input_.findings.add(Rule::CHECK_OPTION, check.line, column,
                            "a timeout is a number and a unit up to 6h, such as timeout=30s");
        return false;
      }
      check.timeout = *timeout;
    } else {
      input_.findings.add(Rule::CHECK_OPTION, check.line, column,
                          fmt::format("a check has no option \"{}\"", utf8_prefix(word, 60)));
      return false;
    }
  }
  return true;
}

std::vector<Criterion> Reader::finish() {
  using Kind = Candidate::Kind;
  const auto any = [&](auto holds) {
    return std::any_of(candidates_.begin(), candidates_.end(), holds);
  };
  const bool items = any([](const Candidate& c) { return c.kind == Kind::item; });
  const bool sentences =
      any([](const Candidate& c) { return c.kind == Kind::paragraph && !leads_on(c); });
  std::vector<Criterion> criteria;
  for (auto& candidate : candidates_) {
    bool kept = !candidate.checks.empty() || candidate.kind == Kind::item;
    if (candidate.kind == Kind::paragraph) kept = kept || (!items && !leads_on(candidate));
    if (candidate.kind == Kind::heading) kept = kept || (!items && !sentences);
    if (!kept) continue;
    if (criteria.size() == criteria_max) {
      input_.findings.add(Rule::CRITERIA_TOO_MANY, candidate.line, 1);
      break;
    }
    if (candidate.human && !candidate.checks.empty()) {
      input_.findings.add(Rule::CHECK_ON_HUMAN, candidate.line, 1);
    }
    Criterion criterion;
    criterion.text = std::move(candidate.text);
    criterion.line = candidate.line;
    criterion.checks = std::move(candidate.checks);
    if (candidate.human) criterion.cls = CriterionClass::human;
    else if (!criterion.checks.empty()) criterion.cls = CriterionClass::command;
    criteria.push_back(std::move(criterion));
  }
  return criteria;
}

}  // namespace

bool is_check(cmark_node* block) {
  if (cmark_node_get_type(block) != CMARK_NODE_CODE_BLOCK) return false;
  auto info = fence_info(block);
  return first_word(info) == "check";
}

bool is_closed(const Markdown& markdown, cmark_node* block) {
  int length = 0;
  int offset = 0;
  char mark = 0;
  if (cmark_node_get_fenced(block, &length, &offset, &mark) == 0) return true;
  const int last = cmark_node_get_end_line(block);
  if (last <= cmark_node_get_start_line(block)) return false;
  auto line = trimmed(markdown.line(last));
  while (!line.empty() && (line.front() == '>' || line.front() == ' ')) line.remove_prefix(1);
  return line.size() >= static_cast<std::size_t>(length) &&
         line.find_first_not_of(mark) == line.npos;
}

std::vector<Criterion> read_criteria(const CriteriaInput& input,
                                     std::span<const SectionBody* const> sections) {
  Reader reader(input);
  for (const auto* section : sections) reader.read(*section);
  return reader.finish();
}

void finish_criteria(std::vector<Criterion>& criteria, const FrontMatter& matter,
                     Findings& findings) {
  const auto number = [&] {
    for (std::size_t i = 0; i < criteria.size(); ++i) {
      criteria[i].id = fmt::format("AC-{}", i + 1);
    }
  };
  number();
  for (const auto& entry : matter.checks) {
    const auto cls =
        entry.check.file ? CriterionClass::file : CriterionClass::command;
    if (entry.criterion.empty()) {
      Criterion own;
      own.text = entry.name;
      if (own.text.empty() && entry.check.file) {
        own.text = fmt::format("{} is as its check says", entry.check.file->path);
      } else if (own.text.empty()) {
        const std::string_view script = trimmed(entry.check.script);
        own.text = fmt::format("{} succeeds", script.substr(0, script.find('\n')));
      }
      own.text = std::string(utf8_prefix(own.text, text_bytes_max));
      own.cls = cls;
      own.line = entry.check.line;
      own.checks.push_back(entry.check);
      criteria.push_back(std::move(own));
      continue;
    }
    const auto named = std::find_if(criteria.begin(), criteria.end(), [&](const Criterion& c) {
      return c.id == entry.criterion;
    });
    if (named == criteria.end()) {
      findings.add(Rule::CHECK_CRITERION, entry.check.line, 1,
                   fmt::format("there is no criterion \"{}\"", utf8_prefix(entry.criterion, 60)));
      continue;
    }
    if (named->cls == CriterionClass::human) {
      findings.add(Rule::CHECK_ON_HUMAN, entry.check.line, 1);
      continue;
    }
    if (named->cls != CriterionClass::command) named->cls = cls;
    named->checks.push_back(entry.check);
  }
  number();
}

}  // namespace vitana::spec
