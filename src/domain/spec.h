// A task's specification: where it came from, what was read from it, and the locked version.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/time.h"
#include "base/vtid.h"
#include "domain/criterion.h"
#include "domain/diagnostic.h"

namespace vitana::domain {

enum class SpecSource { git, oasis, intake, manual, ledger };

std::string_view name_of(SpecSource source);
std::optional<SpecSource> spec_source(std::string_view name);

/// Who brought a text, when, and from where. Fields that a source does not have are empty.
struct Provenance {
  SpecSource source = SpecSource::manual;
  std::string author;
  Instant at{};
  std::string repo;    ///< name of the configured repository
  std::string path;    ///< inside the repository
  std::string commit;  ///< git: the commit that brought it
  std::string blob;    ///< git: the blob's id
  std::string reference;  ///< oasis: the draft's id; intake: the session's id
  std::string reason;     ///< manual: why

  /// What makes two texts rivals: "git:hub:docs/specs/01213-x.md", "oasis:7", "intake:3", …
  /// A manual text that names a repository's file is of the same origin as that file.
  std::string origin() const;

  bool operator==(const Provenance&) const = default;
};

/// One immutable, locked version. Row of `vtid_specs`.
struct SpecVersion {
  Vtid vtid;
  int version = 1;  ///< from 1
  std::string text;
  Digest digest;    ///< of `text` when it was locked
  Provenance provenance;
  Instant locked_at{};
};

/// Only front matter `status:` acts.
enum class SpecDirective { none, hold, close };

/// What was read from a text. A disposable value: it can always be made again from the bytes.
struct ParsedSpec {
  std::optional<Vtid> vtid;  ///< named by the text itself (front matter, metadata, title)
  std::string title;
  std::string summary;
  std::string problem;
  std::string approach;
  std::string test_plan;
  std::vector<Criterion> criteria;
  std::vector<Vtid> dependencies;      ///< that block
  /// These too, as far as the repository has a spec of that name ("task-2").
  std::vector<std::string> dependency_names;
  std::vector<std::string> files;      ///< paths the text names
  std::vector<std::string> paths;      ///< front matter `paths:`: globs the change may touch
  SpecDirective directive = SpecDirective::none;
  std::string status_shown;            ///< a Status line of the body; shown, never acts
  std::optional<int> priority;         ///< front matter `priority:`, 1 (first) to 4
  bool no_change = false;              ///< front matter `change: none`: success without a change
  std::string dialect = "plain";
};

/// The result of reading one text.
struct SpecReading {
  ParsedSpec spec;
  std::vector<Diagnostic> diagnostics;  ///< in order of line
  /// Empty for a text with the shape of a spec; otherwise why it is none ("no headings that …").
  std::string not_a_spec;

  bool valid() const { return not_a_spec.empty() && !has_errors(diagnostics); }
};

enum class SpecProfile { standard, strict };

}  // namespace vitana::domain
