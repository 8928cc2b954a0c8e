#include "domain/breaker.h"

#include <algorithm>

namespace vitana::domain {
namespace {

bool by_chance(FailureCode code) {
  return code == FailureCode::AGENT_LOGIN || code == FailureCode::AGENT_QUOTA ||
         code == FailureCode::REPO_UNAVAILABLE || code == FailureCode::BRANCH_MISSING;
}

Duration delay_after(int probes) {
  return std::min(probe_delay * (1 << std::clamp(probes, 0, 10)), probe_delay_max);
}

}  // namespace

std::optional<BreakerScope> breaker_scope(FailureCode code) {
  if (code == FailureCode::BASE_RED || code == FailureCode::SETUP_FAILED || code == FailureCode::REPO_RULES_INVALID ||
      code == FailureCode::REPO_UNAVAILABLE || code == FailureCode::BRANCH_MISSING) {
    return BreakerScope::repository;
  }
  if (code == FailureCode::AGENT_LOGIN || code == FailureCode::AGENT_QUOTA ||
      code == FailureCode::AGENT_MISSING || code == FailureCode::SECRET_MISSING ||
      code == FailureCode::SANDBOX_UNAVAILABLE || code == FailureCode::WORKSPACE_FAILED) {
    return BreakerScope::agent;
  }
  return std::nullopt;
}

std::optional<int> Breaker::trial_slots() const {
  if (proven && tries == 0) return std::nullopt;
  return std::max(breaker_tries - tries, 0);
}

BreakerNews breaker_fault(Breaker& breaker, const RunId& run, FailureCode code,
                          const std::string& detail, Instant now) {
  ++breaker.tries;
  if (breaker.open && breaker.code != code) breaker.since = now;  // another cause
  breaker.code = code;
  breaker.detail = detail;
  if (breaker.open) {
    // Runs that began before it opened say nothing new.
    if (breaker.probe != run) return BreakerNews::none;
    breaker.probe.reset();
    breaker.probe_at = now + delay_after(++breaker.probes);
    return BreakerNews::none;
  }
  if (by_chance(code) && breaker.tries < breaker_tries) return BreakerNews::none;
  breaker.open = true;
  breaker.proven = false;
  breaker.since = now;
  breaker.probes = 0;
  breaker.probe.reset();
  breaker.probe_at = now + delay_after(0);
  return BreakerNews::opened;
}

BreakerNews breaker_success(Breaker& breaker) {
  const bool was_open = breaker.open;
  breaker.open = false;
  breaker.proven = true;
  breaker.tries = 0;
  breaker.probes = 0;
  breaker.probe.reset();
  return was_open ? BreakerNews::closed : BreakerNews::none;
}

void breaker_probe(Breaker& breaker, const RunId& run, Instant now) {
  breaker.probe = run;
  breaker.probe_at = now + delay_after(breaker.probes);
}

}  // namespace vitana::domain
