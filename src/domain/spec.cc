#include "domain/spec.h"

#include <fmt/format.h>

#include "base/check.h"

namespace vitana::domain {

std::string to_string(const Diagnostic& d) {
  const std::string_view file = d.file.empty() ? "<text>" : std::string_view(d.file);
  return fmt::format("{}:{}:{}: {}: {} [{}]", file, d.line, d.column, name_of(d.severity),
                     d.message, d.rule);
}

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
