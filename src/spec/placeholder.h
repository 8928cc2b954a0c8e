// Text that stands for text that nobody has written yet.
#pragma once

#include <cmark-gfm.h>

#include <string_view>

#include "spec/markdown.h"
#include "spec/rules.h"

namespace vitana::spec {

/// The placeholder in one item's words (code and HTML taken out), or empty: TBD, TODO, FIXME and
/// `???` anywhere; "to be determined", "…" and `<what is to be written>` as the whole item.
std::string_view placeholder_in(std::string_view item);

/// True for `<describe the problem>`, false for `<br>`, `</p>`, `<!-- x -->`: HTML is no
/// placeholder.
bool is_placeholder_tag(std::string_view tag);

/// Reports each placeholder of a block at its place, and says whether there was one. `first_line`
/// is the line of the file on which the Markdown begins.
bool find_placeholders(const Markdown& markdown, cmark_node* block, int first_line,
                       domain::Severity severity, Findings& findings);

}  // namespace vitana::spec
