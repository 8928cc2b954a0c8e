// Acceptance criteria and the evidence for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace vitana::domain {

/// How a criterion is judged.
enum class CriterionClass {
  command,  ///< a shell command in a throw-away checkout of the result; exit 0 is green
  file,     ///< what a file of the result holds
  http,     ///< an answer of a server that the check starts
  agent,    ///< the configured judge, never the run's own agent
  human,    ///< a person signs it off
  none,     ///< no check: judged, signed off or attested, by policy
};

/// What a `file` check asks of the tree. All that are given must hold.
struct FileCheck {
  std::string path;
  std::vector<std::string> contains;  ///< each must occur, literally
  std::vector<std::string> absent;    ///< none may occur, literally
  bool missing = false;               ///< the file must not exist

  bool operator==(const FileCheck&) const = default;
};

/// What a machine can run for a criterion.
struct Check {
  std::string script;              ///< for /bin/sh -e, class command
  std::optional<FileCheck> file;   ///< class file
  bool keeps = false;              ///< green on the base too is meant: `check keeps`
  Duration timeout = std::chrono::minutes(5);
  int line = 1;                    ///< where it stands in the spec

  bool operator==(const Check&) const = default;
};

struct Criterion {
  std::string id;    ///< "AC-1", "AC-2", … in the order of the text
  std::string text;  ///< plain text of the item, without its check
  CriterionClass cls = CriterionClass::none;
  std::vector<Check> checks;  ///< empty for agent, human, none; all must hold
  int line = 1;

  bool operator==(const Criterion&) const = default;
};

/// What the verifier itself saw.
enum class EvidenceVerdict {
  passed,    ///< red on the base, green on the result
  failed,    ///< red on the result
  held,      ///< green on both, and meant to be (`check keeps`)
  vacuous,   ///< green on both: it proves nothing
  attested,  ///< nobody checked it; the agent says so
  skipped,   ///< not reached, because something before it ended the run
};

struct Evidence {
  std::string criterion;  ///< "AC-1", or "check:1" for the repository's own first check
  std::string text;       ///< what was judged, in words
  CriterionClass cls = CriterionClass::none;
  EvidenceVerdict verdict = EvidenceVerdict::skipped;
  std::string command;             ///< what was run, or who judged
  std::optional<int> exit_code;    ///< on the result
  std::optional<int> base_exit_code;
  std::string output;              ///< the tail, bounded, cleaned
  std::string tree;                ///< the git tree that was judged
  Instant at{};

  bool operator==(const Evidence&) const = default;
};

/// A person has found it met or not. (What still waits for one is `skipped`.)
inline bool is_judgement(const Evidence& evidence) {
  return evidence.cls == CriterionClass::human &&
         (evidence.verdict == EvidenceVerdict::passed || evidence.verdict == EvidenceVerdict::failed);
}

std::string_view name_of(CriterionClass cls);
std::string_view name_of(EvidenceVerdict verdict);
std::optional<CriterionClass> criterion_class(std::string_view name);
std::optional<EvidenceVerdict> evidence_verdict(std::string_view name);

}  // namespace vitana::domain
