// One spec from many sources: which text defines a task.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "domain/spec.h"

namespace vitana::domain {

/// What one source says about one VTID now.
struct Candidate {
  Provenance provenance;
  Digest digest;
  bool valid = false;
  std::vector<Diagnostic> diagnostics = {};
};

enum class UnifyOutcome {
  not_found,    ///< SPEC_NOT_FOUND
  invalid,      ///< SPEC_INVALID: there are texts, none is valid
  conflict,     ///< SPEC_CONFLICT: several differing texts and no owner
  registered,   ///< `chosen` becomes a new version
  unchanged,    ///< the current version is what the sources say
  refused,      ///< the current version stays; a rival or invalid text is reported
};

struct Unified {
  UnifyOutcome outcome = UnifyOutcome::not_found;
  std::optional<std::size_t> chosen = {};   ///< index into the candidates
  std::vector<std::size_t> rivals = {};     ///< candidates that differ and are refused
};

/// Reads all candidates. The ledger's description counts only where nothing else is. With an
/// owner, a text of the owner's origin is its next version and any other differing text is a
/// rival. With no owner, texts that differ are a conflict, valid or not, unless `resolve` names the
/// digest of a valid one, which a person chose; one text wins when it is valid.
Unified unify(const std::vector<Candidate>& candidates, const std::optional<Provenance>& owner,
              const std::optional<Digest>& current, const std::optional<Digest>& resolve);

}  // namespace vitana::domain
