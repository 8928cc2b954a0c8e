// What an operator may set about how tasks are carried out. Values only; read by config/.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "base/time.h"
#include "domain/spec.h"

namespace vitana::domain {

enum class ApprovalMode { automatic, required };
enum class DeliveryMode { branch, merge, pull_request };
enum class UnverifiedMode { attest, judge, human };
enum class SandboxMode { require, prefer, off };

std::string_view name_of(ApprovalMode mode);
std::string_view name_of(DeliveryMode mode);
std::string_view name_of(UnverifiedMode mode);
std::string_view name_of(SandboxMode mode);
std::string_view name_of(SpecProfile profile);
std::optional<ApprovalMode> approval_mode(std::string_view name);
std::optional<SpecProfile> spec_profile(std::string_view name);
std::optional<DeliveryMode> delivery_mode(std::string_view name);
std::optional<SandboxMode> sandbox_mode(std::string_view name);

/// How often and when a failed run is followed by a new one.
struct RetryRule {
  std::optional<int> runs;  ///< runs in all that may end with this code; absent: the default rule's
  std::optional<Duration> delay;
  std::optional<Duration> delay_max;

  bool operator==(const RetryRule&) const = default;
};

struct RetryPolicy {
  int runs = 3;                                   ///< runs in all, the first included
  Duration delay = std::chrono::seconds(10);      ///< doubled for each further run
  Duration delay_max = std::chrono::minutes(10);
  std::map<FailureCode, RetryRule> by_code;

  bool operator==(const RetryPolicy&) const = default;
};

/// Bounds on spending; 0 is no bound.
struct Caps {
  int runs_per_task = 3;
  int runs_per_repo_day = 100;
  int concurrent = 2;  ///< runs that hold a slot: Run::holds_slot()
  Duration wall = std::chrono::minutes(60);

  bool operator==(const Caps&) const = default;
};

struct DispatchPolicy {
  int route_retries = 5;
  Duration pickup_deadline = std::chrono::minutes(15);

  bool operator==(const DispatchPolicy&) const = default;
};

/// What a text must be, and who must agree, before it is worked on.
struct SpecRules {
  ApprovalMode approval = ApprovalMode::automatic;
  SpecProfile profile = SpecProfile::standard;

  bool operator==(const SpecRules&) const = default;
};

/// Of each the one that asks for more.
SpecRules stricter(const SpecRules& a, const SpecRules& b);

/// Everything that transition() and gate() ask of the configuration.
struct Policy {
  SpecRules specs;  ///< of a repository that says nothing about itself
  UnverifiedMode unverified = UnverifiedMode::attest;
  DeliveryMode delivery = DeliveryMode::branch;
  bool allow_attested_merge = false;
  RetryPolicy retry;
  Caps caps;
  DispatchPolicy dispatch;
  bool tells = true;  ///< somebody is told of what needs a person: [notify]

  bool operator==(const Policy&) const = default;
};

// Bounds that no configuration changes.
inline constexpr int transient_failures_max = 20;     ///< a task's faults of the surroundings in a row
inline constexpr int worker_losses_max = 3;           ///< then QUARANTINED
inline constexpr int engine_losses_max = 20;          ///< engine deaths without progress, then QUARANTINED
inline constexpr int step_retries_max = 5;            ///< faults of one verify step
inline constexpr int base_moves_max = 10;             ///< verifying again because the branch moved
inline constexpr Duration lease_time = std::chrono::seconds(30);
inline constexpr Duration lease_renew = std::chrono::seconds(10);
inline constexpr Duration dirty_recheck = std::chrono::seconds(30);
inline constexpr Duration dependency_unknown_deadline = std::chrono::hours(24);
inline constexpr Duration unlimited_step = std::chrono::days(7);  ///< stands for [caps] wall = 0
/// A repository's setup and checks have limits of their own; this stands behind them all together.
inline constexpr Duration checks_limit = std::chrono::hours(12);
inline constexpr Duration step_slack = std::chrono::minutes(5);  ///< on top of a step's own limits

}  // namespace vitana::domain
