// The optional YAML between two `---` lines at the top of a text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/vtid.h"
#include "domain/criterion.h"
#include "domain/spec.h"
#include "spec/rules.h"

namespace vitana::spec {

/// One entry of `checks:`.
struct FrontMatterCheck {
  std::string name;
  std::string criterion;  ///< "AC-2", or empty: the check is a criterion of its own
  domain::Check check;
};

struct FrontMatter {
  bool present = false;
  int lines = 0;          ///< that it takes, both fences included
  std::string_view body;  ///< the Markdown after it
  std::optional<std::string> vtid;
  int vtid_line = 1;
  std::string title;
  domain::SpecDirective directive = domain::SpecDirective::none;
  std::vector<Vtid> depends_on;
  int depends_on_line = 1;
  std::vector<std::string> dependency_names;  ///< of `dependencies:`, what is no VTID: "task-2"
  std::vector<std::string> paths;
  std::optional<int> priority;
  bool no_change = false;
  std::vector<FrontMatterCheck> checks;
};

/// Reads it, if there is any. Hostile YAML (aliases, depth, size, several documents) becomes a
/// finding; nothing throws. `text` has no byte order mark. Views into `text`.
FrontMatter read_front_matter(std::string_view text, Findings& findings);

}  // namespace vitana::spec
