// Other tools' ways to lay out a spec, mapped to ours: spec-kit, OpenSpec, Kiro, Backlog.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/criterion.h"
#include "spec/criteria.h"
#include "spec/markdown.h"
#include "spec/metadata.h"

namespace vitana::spec {

enum class Dialect { plain, spec_kit, openspec, kiro, backlog };

/// As in ParsedSpec::dialect: "plain", "spec-kit", "openspec", "kiro", "backlog".
std::string_view name_of(Dialect dialect);

struct DialectFinding {
  Dialect dialect = Dialect::plain;
  /// Why a file of the dialect is no spec itself: a plan, a task list, what is archived.
  std::string no_spec = {};
};

/// By the folders of the path where they tell (`.kiro/specs/x/requirements.md`), else by headings
/// that only one tool writes.
DialectFinding dialect_of(std::string_view path, const Markdown& markdown);

/// Where the dialect keeps what we call the summary, for a text without a summary section.
std::optional<std::string> dialect_summary(Dialect dialect, const Markdown& markdown,
                                           const std::vector<MetadataEntry>& metadata);

/// A title that every spec of the dialect has: Kiro's "Requirements Document".
bool is_kind_of_text(Dialect dialect, std::string_view title);

/// OpenSpec: each `#### Scenario:` is one criterion, its steps joined. Empty for other dialects.
std::vector<domain::Criterion> dialect_criteria(Dialect dialect, const CriteriaInput& input);

/// Backlog.md numbers its items: "#3 The page loads" → "The page loads".
void clean_criterion(Dialect dialect, domain::Criterion& criterion);

/// The heading of a list of requirements that stands beside the criteria of its dialect: spec-kit's
/// scenarios and success criteria say how such requirements are seen to be met. Null: there is none.
const SectionBody* unjudged_requirements(Dialect dialect, const Markdown& markdown);

}  // namespace vitana::spec
