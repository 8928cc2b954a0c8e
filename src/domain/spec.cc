#include "domain/spec.h"

#include <fmt/format.h>

#include "base/check.h"

namespace vitana::domain {

std::string Provenance::origin() const {
  switch (source) {
    case SpecSource::git: return fmt::format("git:{}:{}", repo, path);
    case SpecSource::manual:
      return repo.empty() || path.empty() ? "manual" : fmt::format("git:{}:{}", repo, path);
    case SpecSource::oasis: return fmt::format("oasis:{}", reference);
    case SpecSource::intake: return fmt::format("intake:{}", reference);
    case SpecSource::ledger: return "ledger";
  }
  CHECK(false);
}

}  // namespace vitana::domain
