// What evidence says of a spec's criteria: one reading for who gathered it and for who is sent it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/command.h"
#include "domain/criterion.h"
#include "domain/policy.h"
#include "domain/spec.h"

namespace vitana::domain {

/// Of a criterion with checks, by the exit codes on the result and on the base.
EvidenceVerdict verdict_of(int on_result, int on_base, bool keeps);
/// Of one without, that no person has judged.
EvidenceVerdict verdict_of_unchecked(const Criterion& criterion, UnverifiedMode unverified);
/// What stands in the place of its command.
std::string words_of_unchecked(EvidenceVerdict verdict);

/// The id of the repository's own check, counted from 0, as evidence names it: "check:1".
std::string command_id(std::size_t index);
bool is_command_id(std::string_view id);

/// What a result is judged by.
struct Measure {
  const ParsedSpec& spec;
  const std::vector<std::string>& commands;  ///< the repository's own checks
  UnverifiedMode unverified = UnverifiedMode::attest;
  const std::vector<Evidence>& signed_off;   ///< judgements of persons
  const std::string& tree;                   ///< of what was judged
};

struct Tally {
  Verified counts;               ///< without fence and deliverable
  std::vector<std::string> red;  ///< ids of criteria and checks
  bool complete = false;         ///< there is evidence for each check and each criterion that no person judged
};

/// Counts evidence, and holds it to what it claims to be: each of a check or a criterion that there is, once, of the
/// tree that was judged, its verdict what its exit codes make of it. What may stand there freely is what was seen: exit
/// codes, output, time. Errors: REQUEST_INVALID, with what does not fit.
Result<Tally> tally(const Measure& measure, std::span<const Evidence> evidence);

}  // namespace vitana::domain
