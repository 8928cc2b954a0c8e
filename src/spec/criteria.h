// From the blocks of an acceptance section to criteria with their checks.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "domain/criterion.h"
#include "spec/front_matter.h"
#include "spec/markdown.h"
#include "spec/rules.h"

namespace vitana::spec {

/// Of one text; more are SPEC_CRITERIA_TOO_MANY.
constexpr std::size_t criteria_max = 300;

/// True for a fence whose info string is `check` with or without options.
bool is_check(cmark_node* block);

/// True when the fence of a code block has its closing line.
bool is_closed(const Markdown& markdown, cmark_node* block);

struct CriteriaInput {
  const Markdown& markdown;
  int first_line;  ///< line of the file on which the Markdown begins
  Findings& findings;
};

/// The criteria of these sections, in order, without ids: list items and table rows; where there
/// are none, paragraphs; where there are none of these either, sub-headings. A check belongs to
/// the item that it is in, or that stands before it; a paragraph or sub-heading with a check right
/// behind it is a criterion too.
std::vector<domain::Criterion> read_criteria(const CriteriaInput& input,
                                             std::span<const SectionBody* const> sections);

/// Gives ids and adds the checks of the front matter, to the criteria they name or as their own.
void finish_criteria(std::vector<domain::Criterion>& criteria, const FrontMatter& matter,
                     Findings& findings);

}  // namespace vitana::spec
