// Guards taken out one at a time: each time the checker must find it. A simulation that finds
// nothing in these would prove nothing in the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "simulation/schedule.h"

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
  for (std::uint64_t seed = 1; seed <= mutant_schedules_max; ++seed) {
    mutant.seed = seed;
    if (!mutant.store_path.empty()) std::filesystem::remove(mutant.store_path);
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

class DamagedStore : public ::testing::Test {
 protected:
  DamagedStore() {
    const auto shared = std::filesystem::path("/dev/shm");
    const auto parent = std::filesystem::is_directory(shared) ? shared : std::filesystem::temp_directory_path();
    std::string name = (parent / "vitana-sim-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~DamagedStore() override { std::filesystem::remove_all(folder_); }

  ScheduleOptions options() const {
    return {.store_path = (folder_ / "vitana.db").string(), .damages_specs = true};
  }

  std::filesystem::path folder_;
};

TEST_F(DamagedStore, WithoutTheDigestCheckIsFound) {
  auto mutant = options();
  mutant.rules.gate = &without_digest_check;
  expect_found(mutant);
}

TEST_F(DamagedStore, ControlWithTheDigestCheckNoWorkerGetsADamagedText) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto intact = options();
    intact.seed = seed;
    std::filesystem::remove(intact.store_path);
    const auto outcome = run_schedule(intact);
    EXPECT_TRUE(outcome.findings.empty()) << outcome.report();
  }
}

}  // namespace
}  // namespace vitana::testing
