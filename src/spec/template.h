// Specs that Vitana itself writes: the empty one for an author, and the one made of a form's
// answers.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/vtid.h"

namespace vitana::spec {

/// A text to fill in. Not valid until it is: what is to be replaced is a placeholder.
std::string spec_template(std::optional<Vtid> vtid);

struct DraftCriterion {
  std::string text;
  std::string script = {};  ///< empty: no check
  bool keeps = false;
  std::string options = {};  ///< more of the info string, as a person wrote it
  bool human = false;       ///< a person signs it off; REQUIRES: script is empty
  std::optional<Duration> timeout = {};
};

/// What a form or a ledger row gives. Empty parts are left out of the text, so that a validator
/// says that they are missing. The headings of `extra` are the program's own words.
struct Draft {
  std::optional<Vtid> vtid = {};
  std::string title = {};
  std::string summary = {};
  std::string problem = {};
  std::vector<DraftCriterion> criteria = {};
  std::vector<Vtid> depends_on = {};
  std::vector<std::pair<std::string, std::string>> extra = {};  ///< heading (ours), text
};

/// One Markdown text. Whatever the parts hold (headings, fences, HTML), they cannot become another
/// section, another criterion or a check: reading the text gives the same criteria again.
std::string render_spec(const Draft& draft);

}  // namespace vitana::spec
