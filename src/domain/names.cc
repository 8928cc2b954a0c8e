#include <array>
#include <utility>

#include "base/check.h"
#include "domain/criterion.h"
#include "domain/diagnostic.h"
#include "domain/spec.h"

namespace vitana::domain {
namespace {

/// The names of an enumeration, in one place for both directions.
template <typename Enum, std::size_t n>
using Names = std::array<std::pair<Enum, std::string_view>, n>;

constexpr Names<Severity, 3> severities{{
    {Severity::error, "error"}, {Severity::warning, "warning"}, {Severity::info, "info"}}};

constexpr Names<CriterionClass, 6> criterion_classes{{
    {CriterionClass::command, "command"}, {CriterionClass::file, "file"},
    {CriterionClass::http, "http"}, {CriterionClass::agent, "agent"},
    {CriterionClass::human, "human"}, {CriterionClass::none, "none"}}};

constexpr Names<EvidenceVerdict, 6> verdicts{{
    {EvidenceVerdict::passed, "passed"}, {EvidenceVerdict::failed, "failed"},
    {EvidenceVerdict::held, "held"}, {EvidenceVerdict::vacuous, "vacuous"},
    {EvidenceVerdict::attested, "attested"}, {EvidenceVerdict::skipped, "skipped"}}};

constexpr Names<SpecSource, 5> sources{{
    {SpecSource::git, "git"}, {SpecSource::oasis, "oasis"}, {SpecSource::intake, "intake"},
    {SpecSource::manual, "manual"}, {SpecSource::ledger, "ledger"}}};

template <typename Enum, std::size_t n>
std::string_view name_in(const Names<Enum, n>& names, Enum value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  CHECK(false);
}

template <typename Enum, std::size_t n>
std::optional<Enum> value_in(const Names<Enum, n>& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Severity severity) { return name_in(severities, severity); }
std::string_view name_of(CriterionClass cls) { return name_in(criterion_classes, cls); }
std::string_view name_of(EvidenceVerdict verdict) { return name_in(verdicts, verdict); }
std::string_view name_of(SpecSource source) { return name_in(sources, source); }

std::optional<CriterionClass> criterion_class(std::string_view name) {
  return value_in(criterion_classes, name);
}

std::optional<EvidenceVerdict> evidence_verdict(std::string_view name) {
  return value_in(verdicts, name);
}

std::optional<SpecSource> spec_source(std::string_view name) { return value_in(sources, name); }

}  // namespace vitana::domain
