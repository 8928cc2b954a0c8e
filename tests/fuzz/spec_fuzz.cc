// A spec from bytes to reading: what holds for every text, and what for a valid one.
#include <array>
#include <chrono>
#include <set>
#include <string>
#include <tuple>

#include "base/digest.h"
#include "fuzz/input.h"
#include "spec/front_matter.h"
#include "spec/parse.h"
#include "spec/rules.h"

namespace {

using namespace vitana;
using domain::CriterionClass;

// The first byte of an input chooses one; the path alone tells some dialects.
constexpr std::array<const char*, 9> files = {
    "docs/specs/VTID-01213-x.md", "",
    "docs/specs/01213-x.md",      "DEV-CICDL-0035-x.md",
    ".kiro/specs/x/requirements.md", "openspec/changes/x/specs/y/spec.md",
    "backlog/tasks/task-1.md",    "specs/001-x/spec.md",
    "notes.md"};

void check_findings(const domain::SpecReading& reading, std::string_view text,
                    const std::string& file) {
  const auto lines = fuzz::lines_of(text);
  const domain::Diagnostic* before = nullptr;
  CHECK(reading.diagnostics.size() <= spec::Findings::findings_max);
  for (const auto& finding : reading.diagnostics) {
    fuzz::check_finding(finding, lines);
    CHECK(finding.file == file);
    CHECK(!finding.hint.empty() && finding.rule.starts_with("SPEC_"));
    CHECK(!before || std::tie(before->line, before->column) <= std::tie(finding.line, finding.column));
    before = &finding;
  }
}

void check_criterion(const domain::Criterion& criterion, int lines) {
  CHECK(!criterion.text.empty() && fuzz::is_utf8(criterion.text));
  CHECK(criterion.line >= 1 && criterion.line <= lines);
  const bool runs = criterion.cls == CriterionClass::command || criterion.cls == CriterionClass::file;
  CHECK(runs || criterion.checks.empty() || criterion.cls == CriterionClass::human);
  CHECK(!runs || !criterion.checks.empty());
  for (const auto& check : criterion.checks) {
    CHECK(check.line >= 1 && check.line <= lines);
    CHECK(check.timeout > Duration::zero() && check.timeout <= std::chrono::hours(6));
    CHECK(check.file || check.script.find_first_not_of(" \t\r\n") != std::string::npos);
    CHECK(fuzz::is_utf8(check.script) && check.script.find('\0') == std::string::npos);
  }
}

void check_spec(const domain::SpecReading& reading, std::string_view text) {
  const auto& spec = reading.spec;
  const int lines = static_cast<int>(fuzz::lines_of(text).size());
  for (const auto* words : {&spec.title, &spec.summary, &spec.problem, &spec.approach,
                            &spec.test_plan, &spec.status_shown, &spec.dialect}) {
    CHECK(fuzz::is_utf8(*words) && words->find('\0') == std::string::npos);
  }
  CHECK(spec.title.find('\n') == std::string::npos);
  for (std::size_t i = 0; i < spec.criteria.size(); ++i) {
    CHECK(spec.criteria[i].id == "AC-" + std::to_string(i + 1));
    check_criterion(spec.criteria[i], lines);
  }
  CHECK(spec.criteria.size() <= 400 && spec.dependencies.size() <= 200);
  const std::set<Vtid> dependencies(spec.dependencies.begin(), spec.dependencies.end());
  CHECK(dependencies.size() == spec.dependencies.size());
  CHECK(!spec.vtid || !dependencies.contains(*spec.vtid));
  CHECK(!spec.priority || (*spec.priority >= 1 && *spec.priority <= 4));
}

void check_valid(const domain::SpecReading& reading, domain::SpecProfile profile) {
  const auto& spec = reading.spec;
  CHECK(spec.summary.size() >= 10);
  CHECK(!spec.criteria.empty());
  CHECK(profile != domain::SpecProfile::strict || !spec.problem.empty());
  for (const auto& criterion : spec.criteria) {
    CHECK(criterion.cls != CriterionClass::human || criterion.checks.empty());
  }
}

void check_same(const domain::SpecReading& a, const domain::SpecReading& b) {
  CHECK(a.diagnostics == b.diagnostics && a.not_a_spec == b.not_a_spec);
  CHECK(a.spec.criteria == b.spec.criteria && a.spec.vtid == b.spec.vtid);
  CHECK(a.spec.title == b.spec.title && a.spec.summary == b.spec.summary);
  CHECK(a.spec.dependencies == b.spec.dependencies && a.spec.files == b.spec.files);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto choice = input.byte();
  const spec::ParseOptions options{
      .file = files[choice % files.size()],
      .profile = choice >= 0x80 ? domain::SpecProfile::strict : domain::SpecProfile::standard};
  const auto text = input.rest();
  const auto reading = spec::parse_spec(text, options);

  check_findings(reading, text, options.file);
  check_spec(reading, text);
  if (reading.valid()) check_valid(reading, options.profile);
  check_same(reading, spec::parse_spec(std::string(text), options));
  CHECK(Digest::of(text) == Digest::of(std::string(text)));

  const auto id = spec::resolve_vtid(reading, options.file);
  CHECK(!id || !reading.spec.vtid || *id == *reading.spec.vtid);
  const auto shown = spec::diagnostics_for_validate(reading, options.file);
  CHECK(domain::has_errors(shown) == !reading.valid());
  return 0;
}
