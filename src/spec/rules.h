// Every rule that a spec is held to, in one table. The documentation is generated from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/diagnostic.h"

namespace vitana::spec {

// X(name without SPEC_, severity, meaning, hint)
// clang-format off
#define VITANA_SPEC_RULES(X)                                                                       \
  /* the file */                                                                                   \
  X(TOO_LARGE, error, "the file is larger than a spec may be", "split the task, or link to the material instead of holding it") \
  X(NOT_UTF8, error, "the file is not UTF-8 text", "save the file as UTF-8 without NUL bytes") \
  X(TOO_COMPLEX, error, "the file has a table or a paragraph of a size that no reader could follow", "make the table or the paragraph smaller") \
  X(SHAPE, error, "the file does not have the shape of a spec", "start from: vitana spec template") \
  /* front matter */                                                                               \
  X(FRONT_MATTER_INVALID, error, "the front matter is not the YAML that is read here", "write plain `key: value` lines between two `---` lines") \
  X(FRONT_MATTER_VALUE, error, "a front matter key has a value that it cannot have", "see the key's values: vitana spec template") \
  X(FRONT_MATTER_UNKNOWN, info, "a front matter key is not one of ours; it is kept and has no effect", "keys that act: vtid title status depends_on dependencies paths priority change checks") \
  X(STATUS_UNKNOWN, warning, "the front matter status has no effect", "`draft` holds the task; `done`, `completed` or `superseded` closes it; leave it out otherwise") \
  X(PRIORITY_UNKNOWN, warning, "the front matter priority has no effect", "1 (first), 2, 3 or 4; or `high`, `medium`, `low`") \
  /* identity */                                                                                   \
  X(VTID_MISSING, warning, "neither the file's name nor its text names a VTID", "name the file VTID-01213-slug.md, or write `# VTID-01213: Title`") \
  X(VTID_LEGACY, warning, "the id is of an old form", "give the file a number of its own, such as VTID-01213") \
  X(VTID_INVALID, warning, "the id is not a VTID", "an id is VTID- and 5 to 9 digits, such as VTID-01213") \
  X(VTID_MISMATCH, error, "the file's name and its text name different VTIDs", "make them one") \
  X(TITLE_MISSING, warning, "the text has no title", "begin with `# VTID-01213: What is to be done`") \
  /* content */                                                                                    \
  X(SUMMARY_MISSING, error, "there is no summary", "add `## Summary` with a sentence or two: what will be different") \
  X(SUMMARY_SHORT, error, "the summary has fewer than 10 characters", "say in a sentence what will be different") \
  X(SUMMARY_ASSUMED, info, "there is no summary heading; the first paragraph is taken as the summary", "put `## Summary` above it") \
  X(PROBLEM_MISSING, warning, "there is no problem statement", "add `## Problem` with what is wrong today, and for whom") \
  X(CRITERIA_MISSING, error, "there are no acceptance criteria", "add `## Acceptance Criteria` with one list item for each thing that must be true") \
  X(CRITERIA_EMPTY, error, "the acceptance section has no items", "write one list item for each thing that must be true") \
  X(CRITERIA_ASSUMED, info, "there is no section of acceptance criteria; a similar list is taken for it", "name the section `## Acceptance Criteria`") \
  X(CRITERIA_TOO_MANY, error, "there are more criteria than one task can have", "split the task") \
  X(REQUIREMENTS_UNJUDGED, info, "the functional requirements are material for the agent; they are no criteria", "what must be proved stands in the acceptance scenarios or the success criteria") \
  X(CRITERION_EMPTY, warning, "a criterion says nothing", "say what must be true, or remove the item") \
  X(PLACEHOLDER, error, "a required section holds a placeholder", "replace it; where the word itself is meant, put it in back-ticks") \
  /* checks */                                                                                     \
  X(CHECK_EMPTY, error, "a check has no command", "write the command that must exit with 0") \
  X(CHECK_OPTION, error, "a check has an option that it does not know", "write ```check, ```check keeps or ```check timeout=30s") \
  X(CHECK_OUTSIDE, warning, "a check outside the acceptance criteria is not run", "move it into the criterion that it proves") \
  X(CHECK_UNCLOSED, error, "a check's fence is not closed", "close it with ``` at the indentation of its start") \
  X(CHECK_INDENTED, warning, "a check stands so far to the right that it is plain code and is not run", "indent its fence as the text of its list item") \
  X(CHECK_ON_HUMAN, error, "a criterion is marked [human] and has a check", "remove the mark or the check, or make two criteria of them") \
  X(CHECK_CRITERION, error, "a front matter check names a criterion that does not exist", "criteria are AC-1, AC-2, … in the order of the text") \
  X(FENCE_UNCLOSED, warning, "a code fence is not closed; all that follows it is code", "close it with ```") \
  /* dependencies */                                                                               \
  X(DEPENDENCY_LEGACY, warning, "a dependency is named by an id of an old form and does not block", "name it by its VTID, such as VTID-01213") \
  X(DEPENDENCY_UNKNOWN, warning, "a dependency is named by what no one spec of the repository is called and does not block; found at registration", "name it by its VTID, or as the name of its file begins: task-2 for `task-2 - Title.md`") \
  X(DEPENDENCY_SELF, error, "the spec depends on itself", "remove its own VTID from the dependencies") \
  X(DEPENDENCY_CYCLE, error, "the specs it depends on wait for it; found at registration", "remove one Depends on line")
// clang-format on

enum class Rule {
#define X(name, severity, meaning, hint) name,
  VITANA_SPEC_RULES(X)
#undef X
};

struct RuleInfo {
  Rule rule;
  std::string_view name;  ///< what a diagnostic carries: "SPEC_SUMMARY_MISSING"
  domain::Severity severity;
  std::string_view meaning;
  std::string_view hint;
};

/// The whole table, in its order. `strict` turns SPEC_PROBLEM_MISSING into an error.
std::span<const RuleInfo> rule_table();

const RuleInfo& rule_info(Rule rule);

/// Collects the findings about one text. Bounded: findings beyond `findings_max` are dropped,
/// errors never in favour of weaker ones.
class Findings {
 public:
  static constexpr std::size_t findings_max = 200;

  explicit Findings(std::string file) : file_(std::move(file)) {}

  /// An empty `message` stands for the rule's own meaning. One that quotes the text becomes a
  /// printable line.
  void add(Rule rule, int line, int column, std::string message = {});
  void add(Rule rule, domain::Severity severity, int line, int column, std::string message = {});

  /// Everything that was found, in order of line and column, each at a place that `text` has: the
  /// parsers beneath count columns of their own where tabs, tables and lone CRs are.
  std::vector<domain::Diagnostic> take(std::string_view text);

 private:
  std::string file_;
  std::vector<domain::Diagnostic> found_;
};

}  // namespace vitana::spec
