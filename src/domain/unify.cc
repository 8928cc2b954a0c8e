#include "domain/unify.h"

#include <algorithm>

namespace vitana::domain {
namespace {

/// The candidates that count: the ledger's description only where nothing else is.
std::vector<std::size_t> that_count(const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> rivals;
  std::vector<std::size_t> fallback;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const bool ledger = candidates[i].provenance.source == SpecSource::ledger;
    (ledger ? fallback : rivals).push_back(i);
  }
  return rivals.empty() ? fallback : rivals;
}

}  // namespace

Unified unify(const std::vector<Candidate>& candidates, const std::optional<Provenance>& owner,
              const std::optional<Digest>& current, const std::optional<Digest>& resolve) {
  Unified answer;
  const auto counting = that_count(candidates);
  if (counting.empty()) {
    answer.outcome = current ? UnifyOutcome::unchanged : UnifyOutcome::not_found;
    return answer;
  }
  const auto choose = [&](std::size_t i) {
    answer.chosen = i;
    answer.rivals.clear();
    for (const auto other : counting) {
      if (candidates[other].digest != candidates[i].digest) answer.rivals.push_back(other);
    }
    answer.outcome =
        current == candidates[i].digest ? UnifyOutcome::unchanged : UnifyOutcome::registered;
  };

  if (resolve) {
    for (const auto i : counting) {
      if (candidates[i].valid && candidates[i].digest == *resolve) {
        choose(i);
        return answer;
      }
    }
  }

  // An owner's own text, changed at its origin, is the next version; all else that differs from
  // what is locked is a rival and changes nothing. The ledger never owns against another source.
  const bool owned = owner && current && owner->source != SpecSource::ledger;
  if (owned) {
    for (const auto i : counting) {
      if (candidates[i].digest == *current) continue;
      if (candidates[i].provenance.origin() == owner->origin() && candidates[i].valid) {
        choose(i);
        return answer;
      }
      answer.rivals.push_back(i);
    }
    answer.outcome = answer.rivals.empty() ? UnifyOutcome::unchanged : UnifyOutcome::refused;
    return answer;
  }

  std::vector<std::size_t> valid;
  for (const auto i : counting) {
    if (candidates[i].valid) valid.push_back(i);
  }
  const bool differ = std::any_of(counting.begin(), counting.end(), [&](std::size_t i) {
    return candidates[i].digest != candidates[counting.front()].digest;
  });
  if (differ) {
    answer.outcome = UnifyOutcome::conflict;
    answer.rivals = counting;
  } else if (valid.empty()) {
    answer.outcome = UnifyOutcome::invalid;
    answer.rivals = counting;
  } else {
    choose(valid.front());
  }
  return answer;
}

}  // namespace vitana::domain
