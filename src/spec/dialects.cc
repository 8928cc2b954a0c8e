#include "spec/dialects.h"

#include <algorithm>

#include "base/check.h"
#include "base/glob.h"
#include "spec/identity.h"

namespace vitana::spec {
namespace {

bool matches(std::string_view path, std::string_view pattern) { return glob_match(pattern, path); }

constexpr const char* accompanies = "it accompanies the spec of its folder";

/// One change is one task: its proposal.
std::string no_change_of(std::string_view path) {
  if (matches(path, "**/openspec/changes/archive/**")) return "its change is archived";
  if (matches(path, "**/openspec/changes/*/proposal.md")) return {};
  if (!matches(path, "**/openspec/changes/*/specs/**")) return accompanies;
  constexpr std::string_view changes = "openspec/changes/";
  const auto end = path.find('/', path.find(changes) + changes.size());
  return "it belongs to the change of " + std::string(path.substr(0, end)) + "/proposal.md";
}

DialectFinding of_path(std::string_view path) {
  if (matches(path, "**/.kiro/specs/*/*.md")) {
    return {Dialect::kiro, file_name(path) == "requirements.md" ? "" : accompanies};
  }
  if (matches(path, "**/openspec/specs/**/*.md")) {
    return {Dialect::openspec, "it says what holds already, not what is to be done"};
  }
  if (matches(path, "**/openspec/changes/**/*.md")) return {Dialect::openspec, no_change_of(path)};
  if (matches(path, "**/backlog/tasks/*.md")) return {Dialect::backlog};
  if (matches(path, "**/backlog/drafts/**/*.md")) return {Dialect::backlog, "it is a draft of the backlog"};
  if (matches(path, "**/backlog/completed/**/*.md") || matches(path, "**/backlog/archive/**/*.md")) {
    return {Dialect::backlog, "the backlog keeps it as completed or archived"};
  }
  if (matches(path, "**/specs/[0-9][0-9][0-9]-*/**/*.md")) {
    return {Dialect::spec_kit, file_name(path) == "spec.md" ? "" : accompanies};
  }
  return {};
}

/// "Scenario: it is full" → "it is full"; nothing for other headings.
std::optional<std::string_view> after(std::string_view heading, std::string_view word) {
  if (!heading.starts_with(word)) return std::nullopt;
  return trimmed(heading.substr(word.size()));
}

DialectFinding of_content(const Markdown& markdown) {
  for (const auto& title : markdown.titles()) {
    if (title.text.starts_with("Feature Specification:")) return {Dialect::spec_kit};
  }
  bool requirement = false;
  for (const auto& body : markdown.sections()) {
    requirement = requirement || body.heading.starts_with("Requirement: ");
    if (requirement && body.heading.starts_with("Scenario: ")) return {Dialect::openspec};
  }
  return {};
}

std::string first_words_of(const SectionBody& body) {
  for (auto* block : body.blocks) {
    if (cmark_node_get_type(block) == CMARK_NODE_PARAGRAPH) return plain_text(block);
  }
  return {};
}

std::optional<std::string> words_below(const Markdown& markdown,
                                       std::initializer_list<std::string_view> headings) {
  for (const auto start : headings) {
    for (const auto& body : markdown.sections()) {
      if (!heading_words(body.heading).starts_with(start)) continue;
      if (auto words = first_words_of(body); !words.empty()) return words;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::plain: return "plain";
    case Dialect::spec_kit: return "spec-kit";
    case Dialect::openspec: return "openspec";
    case Dialect::kiro: return "kiro";
    case Dialect::backlog: return "backlog";
  }
  CHECK(false);
}

DialectFinding dialect_of(std::string_view path, const Markdown& markdown) {
  const auto by_path = of_path(path);
  return by_path.dialect == Dialect::plain ? of_content(markdown) : by_path;
}

std::optional<std::string> dialect_summary(Dialect dialect, const Markdown& markdown,
                                           const std::vector<MetadataEntry>& metadata) {
  switch (dialect) {
    case Dialect::plain:
    case Dialect::backlog: return std::nullopt;
    case Dialect::kiro: return words_below(markdown, {"requirement"});
    case Dialect::openspec: return words_below(markdown, {"what changes", "why", "requirement"});
    case Dialect::spec_kit: break;
  }
  for (const auto& entry : metadata) {
    if (entry.key != "input") continue;
    std::string_view words = entry.value;
    if (const auto rest = after(words, "User description:")) words = *rest;
    if (words.size() > 2 && words.front() == '"' && words.back() == '"') {
      words = words.substr(1, words.size() - 2);
    }
    // The tool's own template asks for the user's words with a name in capitals.
    if (words != "$ARGUMENTS" && !words.empty()) return std::string(words);
  }
  return words_below(markdown, {"user story"});
}

bool is_kind_of_text(Dialect dialect, std::string_view title) {
  return dialect == Dialect::kiro && heading_words(title) == "requirements document";
}

std::vector<domain::Criterion> dialect_criteria(Dialect dialect, const CriteriaInput& input) {
  std::vector<domain::Criterion> criteria;
  if (dialect != Dialect::openspec) return criteria;
  for (const auto& body : input.markdown.sections()) {
    const auto name = after(body.heading, "Scenario:");
    if (!name) continue;
    const SectionBody* const section = &body;
    domain::Criterion whole;
    whole.line = std::max(body.line, 1) + input.first_line - 1;
    if (criteria.size() == criteria_max) {
      input.findings.add(Rule::CRITERIA_TOO_MANY, whole.line, 1);
      break;
    }
    std::string steps;
    for (auto& step : read_criteria(input, std::span(&section, 1))) {
      steps += (steps.empty() ? "" : "; ") + step.text;
      std::move(step.checks.begin(), step.checks.end(), std::back_inserter(whole.checks));
    }
    if (name->empty() && steps.empty()) {
      input.findings.add(Rule::CRITERION_EMPTY, whole.line, 1);
      continue;
    }
    const bool both = !name->empty() && !steps.empty();
    whole.text = std::string(*name) + (both ? ": " : "") + steps;
    if (!whole.checks.empty()) whole.cls = domain::CriterionClass::command;
    criteria.push_back(std::move(whole));
  }
  return criteria;
}

void clean_criterion(Dialect dialect, domain::Criterion& criterion) {
  if (dialect != Dialect::backlog || !criterion.text.starts_with('#')) return;
  const auto end = criterion.text.find_first_not_of("0123456789", 1);
  if (end == 1 || end == std::string::npos || criterion.text[end] != ' ') return;
  criterion.text.erase(0, end + 1);
}

const SectionBody* unjudged_requirements(Dialect dialect, const Markdown& markdown) {
  if (dialect != Dialect::spec_kit) return nullptr;
  for (const auto& body : markdown.sections()) {
    const auto words = heading_words(body.heading);
    if (words != "requirements" && !words.starts_with("functional requirements")) continue;
    const auto is_list = [](cmark_node* block) { return cmark_node_get_type(block) == CMARK_NODE_LIST; };
    if (std::any_of(body.blocks.begin(), body.blocks.end(), is_list)) return &body;
  }
  return nullptr;
}

}  // namespace vitana::spec
