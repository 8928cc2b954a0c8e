// Where work comes from: embedded and remote workers go through this one port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "domain/command.h"
#include "domain/criterion.h"
#include "domain/policy.h"
#include "domain/run.h"
#include "domain/spec.h"

namespace vitana::port {

/// What a step needs to know. A value: nothing in it points into the engine.
struct Assignment {
  domain::Run run;       ///< as granted; run.lease is this worker's
  domain::Step step = domain::Step::execute;
  std::string title;
  std::string spec_text;
  std::string spec_path = {};  ///< where it stands in its repository: a reading of the text depends on it
  domain::ParsedSpec spec;
  std::string answer;    ///< what persons said: an answer to the agent's earlier question, a refusal
  std::optional<domain::Failure> previous;  ///< why the attempt before ended; for the prompt
  std::vector<domain::Evidence> signed_off; ///< judgements of persons, for the verify step
  std::string target_ref;                ///< verify and deliver: the branch to deliver to
  /// verify: the commits that earlier runs of the task have delivered, or may have. Only these may be
  /// replaced on the task's own branch.
  std::vector<std::string> delivered;

  const domain::Lease& lease() const { return *run.lease; }
};

struct ClaimRequest {
  std::string worker;      ///< its id; for the engine's own workers with the incarnation in it
  std::string request_id;  ///< tells a request from its repetition, where it comes over a network
  std::vector<domain::Step> steps;
  int max = 1;
  std::vector<std::string> repos = {};   ///< of these repositories alone; empty: all
  std::vector<std::string> labels = {};  ///< what the worker has; the engine knows those of its own workers itself
};

/// How a step ended. Its fence must be the lease's.
using StepReport = std::variant<domain::Executed, domain::StepFailed, domain::Verified,
                                domain::BaseMoved, domain::TargetDirty, domain::Delivered,
                                domain::Release>;

/// What a worker is told when it renews.
enum class Directive { go_on, cancel, drain, lost };

class RunSource {
 public:
  virtual ~RunSource() = default;

  /// Grants at most `max` steps; an empty answer means that there is nothing to do now.
  /// Thread-safe. Errors: STORE_*.
  virtual Result<std::vector<Assignment>> claim(const ClaimRequest& request) = 0;

  /// Renews the lease, and answers what the worker is to do. Thread-safe; cheap; takes no writer
  /// lock. `lost`: the token holds nothing any more, the worker ends its step at once.
  virtual Directive renew(const RunId& run, domain::Fence fence) = 0;

  /// Is the step still this token's, by the store and not by what was last known of it? Asked before what
  /// cannot be taken back. Thread-safe. Errors: LEASE_STALE - it is not; STORE_*.
  virtual Result<void> require_lease(const RunId& run, domain::Fence fence) = 0;

  /// Ends a step. `evidence` is appended to the log of the run. Idempotent by the token: the same
  /// report again changes nothing. Errors: LEASE_STALE (recorded as an event), STORE_*.
  virtual Result<void> report(const RunId& run, const StepReport& report,
                              std::vector<domain::Evidence> evidence = {}) = 0;

  /// A mark for wait(), taken before a claim: what comes between the two is not slept over.
  virtual std::uint64_t moment() = 0;

  /// Waits until there may be work that was not there at `since`, or for `timeout`. Only a hint.
  /// Thread-safe.
  virtual void wait(std::uint64_t since, Duration timeout) = 0;
};

}  // namespace vitana::port
