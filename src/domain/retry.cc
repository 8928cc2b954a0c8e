#include "domain/retry.h"

#include <algorithm>

#include "base/hint.h"
#include "domain/breaker.h"

namespace vitana::domain {

Budget budget_of(FailureCode code) {
  const auto& info = failure_info(code);
  if (!info.retryable) return Budget::none;
  // Such a fault meets every task alike: what causes it is paused, no task pays for it.
  if (breaker_scope(code)) return Budget::environment;
  // The result that it did not judge is paid for: it waits for one that can.
  if (code == FailureCode::VERIFIER_FAILED) return Budget::environment;
  switch (info.cls) {
    case FailureClass::agent:
    case FailureClass::timeout:
    case FailureClass::verification:
    case FailureClass::delivery: return Budget::agent;
    case FailureClass::dispatch:
    case FailureClass::worker:
    case FailureClass::git:
    case FailureClass::network:
    case FailureClass::storage:
    case FailureClass::budget:
    case FailureClass::environment: return Budget::transient;
    case FailureClass::spec:
    case FailureClass::governance:
    case FailureClass::internal: return Budget::none;
  }
  return Budget::none;
}

std::string way_on(const Task& task) {
  const auto again = "vitana task retry " + task.vtid.to_string() + " --reason TEXT";
  if (!task.failure) return again;
  const auto code = task.failure->code;
  auto words = with_words(std::string(failure_info(code).hint), {.vtid = task.vtid.to_string()});
  // Nothing is there that could run: the way back begins with its author.
  if (code == FailureCode::CANCELLED && !task.spec && !task.newer)
    return "it has no valid spec: its author mends it, then: " + again;
  // A run would begin with the same damaged text.
  const bool vain = code == FailureCode::CHECKSUM_MISMATCH;
  if (vain || words.find("vitana task retry") != words.npos) return words;
  return words + "; to run it again: " + again;
}

Duration backoff(Duration delay, Duration delay_max, int n, double roll) {
  const int doublings = std::clamp(n - 1, 0, 30);
  const bool beyond = delay.count() > (delay_max.count() >> doublings);
  const Duration grown = beyond ? delay_max : Duration(delay.count() << doublings);
  const double jitter = 0.9 + 0.2 * roll;
  const auto whole = static_cast<double>(std::min(grown, delay_max).count());
  return Duration(static_cast<Duration::rep>(whole * jitter));
}

RetryAnswer retry(const Spent& spent, FailureCode code, const Policy& policy, Instant now,
                  double roll, bool paid) {
  RetryAnswer answer{spent, std::nullopt};
  const auto rule = policy.retry.by_code.find(code);
  const bool ruled = rule != policy.retry.by_code.end();
  const Duration delay = ruled ? rule->second.delay.value_or(policy.retry.delay) : policy.retry.delay;
  const Duration delay_max =
      ruled ? rule->second.delay_max.value_or(policy.retry.delay_max) : policy.retry.delay_max;

  Spent& used = answer.spent;
  const auto again_after = [&](int failures, int allowed) {
    const int same_code = ++used.by_code[code];
    const bool own_count = ruled && rule->second.runs;
    const bool left = own_count ? same_code < *rule->second.runs : failures < allowed;
    if (left) answer.again = now + backoff(delay, delay_max, failures, roll);
  };
  const Budget budget = budget_of(code);
  switch (paid && budget == Budget::transient ? Budget::agent : budget) {
    case Budget::none: ++used.runs; break;
    case Budget::environment: answer.again = now + probe_delay; break;
    case Budget::transient: again_after(++used.transient, transient_failures_max); break;
    case Budget::agent: {
      again_after(++used.runs, policy.retry.runs);
      const int cap = policy.caps.runs_per_task;
      if (cap > 0 && used.runs >= cap) answer.again.reset();
      break;
    }
  }
  return answer;
}

}  // namespace vitana::domain
