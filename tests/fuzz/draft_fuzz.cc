// A form's answers become a text that reads as the same answers: no answer can smuggle in a
// criterion, a check or a section.
#include <string>
#include <vector>

#include "fuzz/input.h"
#include "spec/parse.h"
#include "spec/template.h"

namespace {

using namespace vitana;

constexpr char part_end = '\x1f';
constexpr std::size_t criteria_max = 8;

spec::Draft draft_of(fuzz::Input& input) {
  spec::Draft draft;
  draft.vtid = Vtid(1213);
  draft.title = input.until(part_end);
  draft.summary = input.until(part_end);
  draft.problem = input.until(part_end);
  while (!input.empty() && draft.criteria.size() < criteria_max) {
    const auto flags = input.byte();
    spec::DraftCriterion criterion;
    criterion.text = input.until(part_end);
    criterion.human = (flags & 1) != 0;
    criterion.keeps = (flags & 2) != 0;
    if ((flags & 4) != 0) criterion.timeout = std::chrono::seconds(30);
    if ((flags & 8) != 0) {
      draft.extra.emplace_back("Notes", criterion.text);
      continue;
    }
    if (!criterion.human) criterion.script = input.until(part_end);
    if ((flags & 16) != 0) criterion.options = input.until(part_end);
    draft.criteria.push_back(std::move(criterion));
  }
  return draft;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto draft = draft_of(input);
  const auto text = spec::render_spec(draft);
  CHECK(fuzz::is_utf8(text));
  const auto reading = spec::parse_spec(text, {.file = "docs/specs/VTID-01213-x.md"});
  if (reading.spec.criteria.empty() && reading.diagnostics.size() == 1) return 0;  // not parsed

  CHECK(reading.not_a_spec.empty());
  CHECK(reading.spec.vtid == Vtid(1213));
  CHECK(reading.spec.directive == domain::SpecDirective::none);
  CHECK(reading.spec.dependencies.empty() && !reading.spec.no_change);
  CHECK(reading.spec.paths.empty());
  std::size_t checks = 0;
  std::size_t people = 0;
  for (const auto& criterion : reading.spec.criteria) {
    checks += criterion.checks.size();
    if (criterion.cls == domain::CriterionClass::human) ++people;
    for (const auto& check : criterion.checks) CHECK(!check.file);
  }
  std::size_t scripts = 0;
  std::size_t signed_off = 0;
  for (const auto& criterion : draft.criteria) {
    if (!is_blank(criterion.script)) ++scripts;
    if (criterion.human) ++signed_off;
  }
  CHECK(reading.spec.criteria.size() <= draft.criteria.size());
  CHECK(checks <= scripts);
  CHECK(!reading.valid() || people >= signed_off || draft.criteria.size() > reading.spec.criteria.size());
  return 0;
}
