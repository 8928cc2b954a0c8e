// Guards taken out one at a time: each time the checker must find it. A simulation that finds
// nothing in these would prove nothing in the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "simulation/schedule.h"
#include "simulation/store_folder.h"

namespace vitana::testing {
namespace {

constexpr std::uint64_t mutant_schedules_max = 400;

using Transition = Result<domain::Decision>;

template <typename Change>
domain::Command with_fence(domain::Command command, Change change) {
  std::visit(
      [&](auto& c) {
        if constexpr (requires { c.fence; }) change(c.fence);
      },
      command);
  return command;
}

/// Fencing: whatever token comes, it counts as the current one.
Transition without_fencing(const domain::Subject& subject, const domain::Command& command,
                           const std::string& actor, Instant now, const domain::Policy& policy,
                           domain::Roll roll) {
  const bool leased = subject.run && subject.run->lease;
  const bool worker = domain::kind_of(command) != domain::CommandKind::claim;
  if (!leased || !worker) return domain::transition(subject, command, actor, now, policy, roll);
  const auto forged = with_fence(command, [&](domain::Fence& f) { f = subject.run->lease->fence; });
  return domain::transition(subject, forged, actor, now, policy, roll);
}

/// Commands of this kind are taken and do nothing.
template <domain::CommandKind kind>
Transition without(const domain::Subject& subject, const domain::Command& command,
                   const std::string& actor, Instant now, const domain::Policy& policy,
                   domain::Roll roll) {
  const auto* lost = std::get_if<domain::LeaseLost>(&command);
  const bool by_death = lost != nullptr && lost->engine_died;
  if (domain::kind_of(command) == kind && !by_death) {
    return domain::Decision{subject.task, subject.run, {}, {}, {}};
  }
  return domain::transition(subject, command, actor, now, policy, roll);
}

domain::GateAnswer without_early_gate(domain::GatePoint point, const domain::GateInput& input,
                                      const domain::Policy& policy, Instant now) {
  if (point == domain::GatePoint::dispatch) return {};
  return domain::gate(point, input, policy, now);
}

domain::GateAnswer without_digest_check(domain::GatePoint point, const domain::GateInput& input,
                                        const domain::Policy& policy, Instant now) {
  auto answer = domain::gate(point, input, policy, now);
  std::erase_if(answer.verdicts, [](const auto& verdict) { return verdict.gate == "integrity"; });
  return answer;
}

void expect_found(ScheduleOptions mutant) {
  StoreFolder folder;
  for (std::uint64_t seed = 1; seed <= mutant_schedules_max; ++seed) {
    mutant.seed = seed;
    if (mutant.damages_specs) mutant.store_path = folder.fresh();
    const auto outcome = run_schedule(mutant);
    if (outcome.findings.empty()) continue;
    std::printf("found by seed %d: %s\n", static_cast<int>(seed), outcome.findings.front().c_str());
    return;
  }
  FAIL() << "nothing was found in " << mutant_schedules_max << " schedules";
}

TEST(Mutant, WithoutFencingIsFound) { expect_found({.rules = {.transition = &without_fencing}}); }

TEST(Mutant, WithoutTheEarlyGateIsFound) { expect_found({.rules = {.gate = &without_early_gate}}); }

TEST(Mutant, WithoutLeaseExpiryIsFound) {
  expect_found({.rules = {.transition = &without<domain::CommandKind::lease_lost>}});
}

TEST(Mutant, WithoutDeadlinesIsFound) {
  expect_found({.rules = {.transition = &without<domain::CommandKind::deadline_passed>}});
}

TEST(Mutant, ThatDeliversWhatIsDeliveredIsFound) { expect_found({.delivers_blindly = true}); }

TEST(Mutant, WithoutTheDigestCheckIsFound) {
  expect_found({.rules = {.gate = &without_digest_check}, .damages_specs = true});
}

TEST(Mutant, ControlWithTheDigestCheckNoWorkerGetsADamagedText) {
  StoreFolder folder;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto outcome =
        run_schedule({.seed = seed, .store_path = folder.fresh(), .damages_specs = true});
    EXPECT_TRUE(outcome.findings.empty()) << outcome.report();
  }
}

}  // namespace
}  // namespace vitana::testing
