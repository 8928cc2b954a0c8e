#include "domain/tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace vitana::domain {
namespace {

bool keeps(const Criterion& criterion) {
  return std::all_of(criterion.checks.begin(), criterion.checks.end(), [](const Check& check) { return check.keeps; });
}

const Evidence* judgement_of(const Measure& measure, const std::string& criterion) {
  const auto found = std::find_if(measure.signed_off.begin(), measure.signed_off.end(),
                                  [&](const Evidence& one) { return one.criterion == criterion; });
  return found == measure.signed_off.end() ? nullptr : &*found;
}

/// What the evidence for each of them has to say, by their ids.
struct Expected {
  CriterionClass cls = CriterionClass::command;
  const Criterion* criterion = nullptr;  ///< null: one of the repository's own checks
};

std::map<std::string, Expected> expected(const Measure& measure) {
  std::map<std::string, Expected> all;
  for (std::size_t i = 0; i < measure.commands.size(); ++i) all[command_id(i)] = {};
  for (const auto& criterion : measure.spec.criteria) {
    if (!criterion.checks.empty() || judgement_of(measure, criterion.id) == nullptr) {
      all[criterion.id] = {criterion.cls, &criterion};
    }
  }
  return all;
}

std::optional<EvidenceVerdict> verdict_by(const Expected& what, const Evidence& evidence, UnverifiedMode unverified) {
  if (what.criterion == nullptr) {
    if (!evidence.exit_code) return std::nullopt;
    return *evidence.exit_code == 0 ? EvidenceVerdict::held : EvidenceVerdict::failed;
  }
  const bool ran = evidence.exit_code || evidence.base_exit_code;
  if (what.criterion->checks.empty() && ran) return std::nullopt;  // there was nothing to run
  if (what.criterion->checks.empty()) return verdict_of_unchecked(*what.criterion, unverified);
  if (!evidence.exit_code || !evidence.base_exit_code) return std::nullopt;
  return verdict_of(*evidence.exit_code, *evidence.base_exit_code, keeps(*what.criterion));
}

void count(EvidenceVerdict verdict, Verified& counts) {
  switch (verdict) {
    case EvidenceVerdict::passed: ++counts.passed; break;
    case EvidenceVerdict::held: ++counts.held; break;
    case EvidenceVerdict::vacuous: ++counts.vacuous; break;
    case EvidenceVerdict::attested: ++counts.attested; break;
    case EvidenceVerdict::skipped: ++counts.open_sign_offs; break;
    case EvidenceVerdict::failed: break;
  }
}

}  // namespace

EvidenceVerdict verdict_of(int on_result, int on_base, bool keeps) {
  if (on_result != 0) return EvidenceVerdict::failed;
  if (on_base != 0) return EvidenceVerdict::passed;
  return keeps ? EvidenceVerdict::held : EvidenceVerdict::vacuous;
}

EvidenceVerdict verdict_of_unchecked(const Criterion& criterion, UnverifiedMode unverified) {
  const bool attest = unverified == UnverifiedMode::attest && criterion.cls != CriterionClass::human;
  return attest ? EvidenceVerdict::attested : EvidenceVerdict::skipped;
}

std::string words_of_unchecked(EvidenceVerdict verdict) {
  return verdict == EvidenceVerdict::attested ? "nobody checked it" : "waits for a person";
}

std::string command_id(std::size_t index) { return fmt::format("check:{}", index + 1); }
bool is_command_id(std::string_view id) { return id.starts_with("check:"); }

Result<Tally> tally(const Measure& measure, std::span<const Evidence> evidence) {
  const auto refused = [](const Evidence& one, std::string_view why) {
    return failure(FailureCode::REQUEST_INVALID, fmt::format("the evidence for \"{:.60}\" {}", one.criterion, why));
  };
  auto open = expected(measure);
  Tally tally;
  for (const auto& one : evidence) {
    const auto what = open.find(one.criterion);
    if (what == open.end()) return refused(one, "is for nothing that was to be judged, or stands there twice");
    if (one.tree != measure.tree) return refused(one, "is of another tree");
    if (one.cls != what->second.cls) return refused(one, "is of another class");
    if (one.verdict != verdict_by(what->second, one, measure.unverified)) {
      return refused(one, "has another verdict than its exit codes");
    }
    if (one.verdict == EvidenceVerdict::failed) tally.red.push_back(one.criterion);
    // The repository's own checks count for no criterion.
    if (what->second.criterion != nullptr) count(one.verdict, tally.counts);
    open.erase(what);
  }
  for (const auto& criterion : measure.spec.criteria) {
    const auto* judgement = criterion.checks.empty() ? judgement_of(measure, criterion.id) : nullptr;
    if (judgement == nullptr) continue;
    if (judgement->verdict == EvidenceVerdict::failed) tally.red.push_back(criterion.id);
    else ++tally.counts.signed_off;
  }
  tally.complete = open.empty();
  return tally;
}

}  // namespace vitana::domain
