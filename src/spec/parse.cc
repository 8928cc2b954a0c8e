#include "spec/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/lines.h"
#include "base/utf8.h"
#include "spec/criteria.h"
#include "spec/dialects.h"
#include "spec/front_matter.h"
#include "spec/identity.h"
#include "spec/markdown.h"
#include "spec/metadata.h"
#include "spec/paths.h"
#include "spec/placeholder.h"
#include "spec/rules.h"

namespace vitana::spec {
namespace {

using domain::Severity;
using domain::SpecReading;

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// Finds what keeps a text from being parsed at all. True when there is something.
bool refuse_bytes(std::string_view text, Findings& findings) {
  if (text.size() > text_bytes_max) {
    findings.add(Rule::TOO_LARGE, 1, 1,
                 fmt::format("the file has {} bytes; the limit is {}", text.size(),
                             text_bytes_max));
    return true;
  }
  const auto fault = std::min(utf8_fault(text).value_or(text.npos), text.find('\0'));
  if (fault != text.npos) {
    const auto starts = line_starts(text.substr(0, fault));
    findings.add(Rule::NOT_UTF8, static_cast<int>(starts.size()),
                 static_cast<int>(fault - starts.back()) + 1,
                 text[fault] == '\0' ? "the text has a NUL byte" : "the text is not UTF-8 here");
    return true;
  }
  if (const auto line = complexity_fault(text)) {
    findings.add(Rule::TOO_COMPLEX, *line, 1);
    return true;
  }
  return false;
}

/// Reads one text whose bytes are good.
class Reader {
 public:
  Reader(std::string_view text, const ParseOptions& options, Findings& findings,
         SpecReading& reading)
      : options_(options),
        findings_(findings),
        reading_(reading),
        spec_(reading.spec),
        matter_(read_front_matter(text, findings)),
        markdown_(matter_.body),
        first_line_(matter_.lines + 1) {}

  void read() {
    read_head();
    dialect_ = dialect_of(options_.file, markdown_);
    spec_.dialect = name_of(dialect_.dialect);
    reading_.not_a_spec = shape_fault();
    if (!reading_.not_a_spec.empty()) return;
    read_identity({matter_, markdown_.titles(), metadata_, first_line_, options_.file}, spec_,
                  findings_);
    if (spec_.title.empty() || is_kind_of_text(dialect_.dialect, spec_.title)) {
      spec_.title = title_of_path(options_.file);
    }
    read_front();
    read_summary();
    read_problem();
    read_acceptance();
    read_dependencies();
    read_rest();
    spec_.approach = source_of(Section::approach);
    spec_.test_plan = source_of(Section::tests);
    spec_.files = paths_.take();
  }

 private:
  using Bodies = std::vector<const SectionBody*>;

  int file_line(int line) const { return std::max(line, 1) + first_line_ - 1; }

  void read_head();
  std::string shape_fault() const;
  void read_front();
  void read_summary();
  bool assume_summary();
  void read_problem();
  void read_acceptance();
  void add_dependency(Vtid vtid, int line);
  void read_dependencies();
  void read_rest();

  Bodies sections_of(Section section) const {
    Bodies bodies;
    for (const auto& body : markdown_.sections()) {
      if (body.section == section) bodies.push_back(&body);
    }
    return bodies;
  }

  /// The words of a section and of the sub-sections that share its meaning.
  std::string prose_of(const Bodies& bodies, std::size_t first) const {
    constexpr std::size_t prose_bytes_max = 16'000;
    std::string prose;
    for (auto i = first; i < bodies.size() && (i == first || bodies[i]->inherited); ++i) {
      for (auto* block : bodies[i]->blocks) {
        const auto text = plain_text(block);
        if (text.empty()) continue;
        if (!prose.empty()) prose += '\n';
        prose += text;
        if (prose.size() > prose_bytes_max) return std::string(utf8_prefix(prose, prose_bytes_max));
      }
    }
    return prose;
  }

  std::string source_of(Section section) const;

  /// A section that is not there; said at the heading that looks like it, where there is one.
  void add_missing(Rule rule, Section section) {
    for (const auto& body : markdown_.sections()) {
      if (body.section != Section::none || nearly(body.heading) != section) continue;
      findings_.add(rule, file_line(body.line), 1,
                    fmt::format("{}; is \"{}\" meant for it?", rule_info(rule).meaning, body.heading));
      return;
    }
    findings_.add(rule, 1, 1);
  }

  bool find_placeholders_in(const Bodies& bodies, Severity severity) {
    bool found = false;
    for (const auto* body : bodies) {
      for (auto* block : body->blocks) {
        found = find_placeholders(markdown_, block, first_line_, severity, findings_) || found;
      }
    }
    return found;
  }

  const MetadataEntry* metadata_meaning(Section section) const {
    for (const auto& entry : metadata_) {
      if (!entry.value.empty() && meaning_of(entry.key).section == section) return &entry;
    }
    return nullptr;
  }

  const ParseOptions& options_;
  Findings& findings_;
  SpecReading& reading_;
  domain::ParsedSpec& spec_;
  FrontMatter matter_;
  Markdown markdown_;
  int first_line_;
  std::vector<MetadataEntry> metadata_;
  DialectFinding dialect_;
  Bodies changes_;         ///< of a proposal, whose items are its criteria
  cmark_node* lead_ = nullptr;  ///< the first paragraph above all sections
  PathCollector paths_;
};

void Reader::read_head() {
  for (const auto& title : markdown_.titles()) {
    if (auto entry = metadata_of_title(title.text, title.line)) {
      metadata_.push_back(std::move(*entry));
    }
  }
  for (auto* block : markdown_.sections().front().blocks) {
    if (read_metadata(block, metadata_)) continue;
    if (lead_ == nullptr && cmark_node_get_type(block) == CMARK_NODE_PARAGRAPH) lead_ = block;
  }
  for (const auto& entry : metadata_) {
    if (entry.key == "status") spec_.status_shown = entry.value;
  }
}

/// A text is a spec when it names an id in its text, or has a section that only specs have. An id
/// in the file's name counts with a heading: notes about a task often carry its number.
std::string Reader::shape_fault() const {
  const auto& sections = markdown_.sections();
  if (utf8_fault(options_.file)) return "its name is not UTF-8 text";
  if (!dialect_.no_spec.empty()) return dialect_.no_spec;
  if (dialect_.dialect != Dialect::plain) return {};
  if (matter_.vtid || !matter_.checks.empty()) return {};
  const bool says_id =
      std::any_of(metadata_.begin(), metadata_.end(),
                  [](const MetadataEntry& e) { return e.key == "vtid"; }) ||
      std::any_of(markdown_.titles().begin(), markdown_.titles().end(), [](const auto& title) {
        return heading_words(title.text).starts_with("vtid ");
      });
  if (says_id) return {};
  bool any_known = false;
  bool weak_summary = false;
  bool weak_acceptance = false;
  for (const auto& body : sections) {
    if (body.section == Section::none) continue;
    any_known = true;
    if (body.strength >= Strength::likely) return {};
    weak_summary = weak_summary || body.section == Section::summary;
    weak_acceptance = weak_acceptance || body.section == Section::acceptance;
  }
  if (weak_summary && weak_acceptance) return {};
  const bool titled = !markdown_.titles().empty();
  if (vtid_of_file_name(file_name(options_.file)) && (titled || any_known)) return {};
  if (sections.size() == 1 && sections.front().blocks.empty() && !titled) {
    return "the file is empty";
  }
  if (!titled && sections.size() == 1) return "it has no headings";
  return "it names no VTID and has no heading of a spec, such as Summary or Acceptance Criteria";
}

void Reader::read_front() {
  spec_.directive = matter_.directive;
  spec_.paths = matter_.paths;
  spec_.priority = matter_.priority;
  spec_.no_change = matter_.no_change;
}

bool Reader::assume_summary() {
  if (const auto* entry = metadata_meaning(Section::summary)) {
    spec_.summary = entry->value;
    if (const auto word = placeholder_in(entry->value); !word.empty()) {
      findings_.add(Rule::PLACEHOLDER, file_line(entry->line), 1,
                    fmt::format("\"{}\" is a placeholder", word));
    }
    return true;
  }
  if (auto words = dialect_summary(dialect_.dialect, markdown_, metadata_)) {
    spec_.summary = std::move(*words);
    return true;
  }
  if (lead_ == nullptr) return false;
  spec_.summary = plain_text(lead_);
  findings_.add(Rule::SUMMARY_ASSUMED, file_line(cmark_node_get_start_line(lead_)), 1);
  find_placeholders(markdown_, lead_, first_line_, Severity::error, findings_);
  return true;
}

void Reader::read_summary() {
  constexpr std::size_t summary_characters_min = 10;
  const auto bodies = sections_of(Section::summary);
  int line = file_line(1);
  bool placeholders = false;
  if (bodies.empty()) {
    if (!assume_summary()) {
      add_missing(Rule::SUMMARY_MISSING, Section::summary);
      return;
    }
    if (lead_ != nullptr) line = file_line(cmark_node_get_start_line(lead_));
  } else {
    line = file_line(bodies.front()->line);
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      if (bodies[i]->inherited) continue;
      auto prose = prose_of(bodies, i);
      if (characters_in(prose) >= summary_characters_min || i == 0) {
        spec_.summary = std::move(prose);
        line = file_line(bodies[i]->line);
      }
      if (characters_in(spec_.summary) >= summary_characters_min) break;
    }
    placeholders = find_placeholders_in(bodies, Severity::error);
  }
  if (characters_in(spec_.summary) < summary_characters_min && !placeholders) {
    findings_.add(Rule::SUMMARY_SHORT, line, 1);
  }
}

void Reader::read_problem() {
  const auto severity = options_.profile == domain::SpecProfile::strict ? Severity::error
                                                                        : Severity::warning;
  const auto bodies = sections_of(Section::problem);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    if (!bodies[i]->inherited && spec_.problem.empty()) spec_.problem = prose_of(bodies, i);
  }
  find_placeholders_in(bodies, severity);
  if (const auto* entry = metadata_meaning(Section::problem); spec_.problem.empty() && entry) {
    spec_.problem = entry->value;
  }
  if (spec_.problem.empty()) {
    findings_.add(Rule::PROBLEM_MISSING, severity, bodies.empty() ? 1 : file_line(bodies[0]->line),
                  1);
  }
}

void Reader::read_acceptance() {
  const CriteriaInput input{markdown_, first_line_, findings_};
  const auto all = sections_of(Section::acceptance);
  Bodies taken;
  spec_.criteria = dialect_criteria(dialect_.dialect, input);
  const bool of_dialect = !spec_.criteria.empty();
  const auto say_assumed = [&](const SectionBody& body) {
    findings_.add(Rule::CRITERIA_ASSUMED, file_line(body.line), 1,
                  fmt::format("the criteria are taken from \"{}\"", body.heading));
  };
  for (const auto strength : {Strength::sure, Strength::likely, Strength::weak, Strength::faint}) {
    Bodies bodies;
    std::copy_if(all.begin(), all.end(), std::back_inserter(bodies),
                 [&](const SectionBody* body) { return body->strength == strength; });
    if (bodies.empty() || of_dialect) continue;
    spec_.criteria = read_criteria(input, bodies);
    taken = bodies;
    if (spec_.criteria.empty()) continue;
    if (strength != Strength::sure) say_assumed(*bodies.front());
    break;
  }
  if (spec_.criteria.empty() && all.empty() && dialect_.dialect == Dialect::openspec) {
    // A proposal: each change that it lists is to be there in the end.
    changes_ = taken = sections_of(Section::approach);
    spec_.criteria = read_criteria(input, changes_);
    if (!spec_.criteria.empty()) say_assumed(*changes_.front());
  }
  find_placeholders_in(taken, Severity::error);
  for (auto& criterion : spec_.criteria) clean_criterion(dialect_.dialect, criterion);
  finish_criteria(spec_.criteria, matter_, findings_);
  if (const auto* body = unjudged_requirements(dialect_.dialect, markdown_)) {
    findings_.add(Rule::REQUIREMENTS_UNJUDGED, file_line(body->line), 1);
  }
  if (!spec_.criteria.empty()) return;
  if (all.empty()) add_missing(Rule::CRITERIA_MISSING, Section::acceptance);
  else findings_.add(Rule::CRITERIA_EMPTY, file_line(all.front()->line), 1);
}

void Reader::add_dependency(Vtid vtid, int line) {
  constexpr std::size_t dependencies_max = 200;
  auto& known = spec_.dependencies;
  const auto named = vtid_of_file_name(file_name(options_.file));
  if (vtid == spec_.vtid || (!spec_.vtid && named && *named && **named == vtid)) {
    findings_.add(Rule::DEPENDENCY_SELF, line, 1);
    return;
  }
  if (known.size() < dependencies_max &&
      std::find(known.begin(), known.end(), vtid) == known.end()) {
    known.push_back(vtid);
  }
}

void Reader::read_dependencies() {
  const auto read_text = [&](std::string_view text, int line) {
    while (!text.empty()) {
      const auto end = std::min(text.find_first_of(" \n,;()|/"), text.size());
      const auto id = vtid_in_text(text.substr(0, end));
      if (id && *id) add_dependency(**id, line);
      if (id && !*id) findings_.add(Rule::DEPENDENCY_LEGACY, line, 1, id->error().message);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  };
  spec_.dependency_names = matter_.dependency_names;
  for (const auto& vtid : matter_.depends_on) add_dependency(vtid, matter_.depends_on_line);
  for (const auto& entry : metadata_) {
    if (meaning_of(entry.key).section == Section::dependencies) {
      read_text(entry.value, file_line(entry.line));
    }
  }
  for (const auto* body : sections_of(Section::dependencies)) {
    for (auto* block : body->blocks) {
      read_text(plain_text(block), file_line(cmark_node_get_start_line(block)));
    }
  }
}

/// The paths of the whole text in its order, and code that is not where it should be.
void Reader::read_rest() {
  for (const auto& body : markdown_.sections()) {
    for (auto* block : body.blocks) {
      walk(block, [&](cmark_event_type event, cmark_node* node) {
        if (event != CMARK_EVENT_ENTER) return;
        const auto type = cmark_node_get_type(node);
        if (type == CMARK_NODE_CODE) paths_.see(literal_of(node));
        if (type != CMARK_NODE_CODE_BLOCK) return;
        const int line = file_line(cmark_node_get_start_line(node));
        if (is_check(node)) {
          const bool scenario = body.heading.starts_with("Scenario:");
          const bool change = std::ranges::find(changes_, &body) != changes_.end();
          if (body.section != Section::acceptance && !scenario && !change) {
            findings_.add(Rule::CHECK_OUTSIDE, line, cmark_node_get_start_column(node));
          }
        } else if (!is_closed(markdown_, node)) {
          findings_.add(Rule::FENCE_UNCLOSED, line, cmark_node_get_start_column(node));
        }
      });
      if (body.section == Section::files) paths_.see_words(plain_text(block));
    }
  }
}

std::string Reader::source_of(Section section) const {
  constexpr std::size_t source_bytes_max = 64'000;
  std::string source;
  const auto& sections = markdown_.sections();
  for (std::size_t i = 0; i < sections.size() && source.size() < source_bytes_max; ++i) {
    if (sections[i].section != section || sections[i].inherited) continue;
    auto end = i + 1;
    while (end < sections.size() && sections[end].inherited && sections[end].section == section) {
      ++end;
    }
    const int last = end < sections.size() ? sections[end].line : std::numeric_limits<int>::max();
    if (!source.empty()) source += "\n\n";
    source += markdown_.lines(sections[i].line + 1, last);
  }
  return std::string(utf8_prefix(source, source_bytes_max));
}

}  // namespace

SpecReading parse_spec(std::string_view text, const ParseOptions& options) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  Findings findings(options.file);
  SpecReading reading;
  if (!refuse_bytes(text, findings)) {
    const bool marked = text.starts_with(byte_order_mark);
    Reader(marked ? text.substr(byte_order_mark.size()) : text, options, findings, reading).read();
  }
  reading.diagnostics = findings.take(text);
  return reading;
}

SpecReading reading_of_too_large(const std::string& file) {
  Findings findings(file);
  findings.add(Rule::TOO_LARGE, 1, 1);
  SpecReading reading;
  reading.diagnostics = findings.take({});
  return reading;
}

std::vector<domain::Diagnostic> diagnostics_for_validate(const SpecReading& reading,
                                                         std::string_view file) {
  auto diagnostics = reading.diagnostics;
  if (reading.not_a_spec.empty()) return diagnostics;
  Findings findings{std::string(file)};
  findings.add(Rule::SHAPE, 1, 1, fmt::format("this is not a spec: {}", reading.not_a_spec));
  auto shape = findings.take({});
  diagnostics.insert(diagnostics.begin(), shape.front());
  return diagnostics;
}

}  // namespace vitana::spec
