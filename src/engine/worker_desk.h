// Workers on other machines: who they are, and what each may do with the runs that it holds.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "domain/access.h"
#include "engine/asked.h"
#include "engine/run_desk.h"
#include "engine/setup.h"
#include "port/worker_protocol.h"
#include "store/store.h"

namespace vitana::engine {

inline constexpr int workers_max = 1'000;  ///< kept; beyond it those that were not seen for a day go

/// The id of the worker that a lease names: without the gateway that granted it.
std::string worker_id_of(const std::string& lease_worker);

struct WorkerStanding {
  store::WorkerRow row;
  std::vector<port::HeldRun> holds = {};
};

/// Thread-safe. A worker is known by its id, and speaks with the token that registered it: `caller` is who
/// asks. Deliver steps are granted to nobody here. Common errors: NOT_FOUND - no such worker of this caller; STORE_*.
class WorkerDesk {
 public:
  WorkerDesk(store::Store& store, port::Clock& clock, const Setup& setup, RunDesk& runs)
      : store_(store), clock_(clock), setup_(setup), runs_(runs) {}

  /// Errors: WORKER_TOO_OLD; REQUEST_INVALID, of an address also where it leads to another machine without encryption
  /// and Setup::plain_callbacks is not set; GATEWAY_BUSY - there are too many.
  Result<store::WorkerRow> enter(const port::WorkerIntroduction& worker, const domain::Caller& caller);

  /// As RunDesk::try_claim, within the caller's repositories. One that drains is granted nothing.
  /// Errors: NOT_ALLOWED - to verify, without the right to judge.
  Result<Claimed> claim(const std::string& id, const domain::Caller& caller, const std::string& request_id, int max,
                        domain::Step step = domain::Step::execute);

  /// Renews what it holds. Takes no writer lock, but once a minute.
  Result<port::Pulse> heartbeat(const std::string& id, const domain::Caller& caller,
                                const std::vector<port::HeldRun>& held);

  /// It is told when it asks next. Errors: NOT_FOUND; NOT_ALLOWED, see Asked::require_all().
  Result<store::WorkerRow> drain(const std::string& id, const Asked& asked);

  /// The run, while one of the caller's workers holds its step under `fence`.
  /// Errors: LEASE_STALE; NOT_FOUND - there is no such run, or somebody else holds it.
  Result<domain::Run> held(const RunId& run, domain::Fence fence, const domain::Caller& caller);

  /// Ends the step. Of what was executed, whether no change is allowed is taken from the run's own spec, and not
  /// from the report; a code that no execute step ends with becomes AGENT_FAILED, one that tells nothing of what was
  /// judged VERIFIER_FAILED. `evidence`, and what was verified, was judged by who calls. The same report again, for
  /// as long as this process remembers it, changes nothing. Errors: as held(), and RunDesk::report; a stale one is
  /// an event.
  Result<void> report(const RunId& run, port::StepReport report, const domain::Caller& caller,
                      std::vector<domain::Evidence> evidence = {});

  /// Was a report of this kind taken under this token before? Then what it says needs no more judging.
  bool was_taken(const RunId& run, const port::StepReport& report, const domain::Caller& caller);

  /// Seen last first; within the caller's repositories as far as runs are named.
  Result<std::vector<WorkerStanding>> workers(const domain::Caller& caller);

 private:
  using Taken = std::tuple<RunId, domain::Fence, std::size_t>;

  Result<store::WorkerRow> known(const std::string& id, const domain::Caller& caller);
  Result<void> saw(const store::WorkerRow& row);
  bool taken_before(const Taken& report, const std::string& actor);
  void remember(const Taken& report, const std::string& actor);
  /// As it holds leases. Where hosts share the store the gateway's home stands in it: what a run leaves is in that
  /// one's mirrors, so all calls for a run go to one gateway, and its own workers judge it.
  std::string lease_name(const std::string& id) const;

  store::Store& store_;
  port::Clock& clock_;
  const Setup& setup_;
  RunDesk& runs_;
  std::mutex mutex_;
  std::map<std::string, Instant> seen_;  ///< of workers that are registered: at most workers_max
  std::map<Taken, std::string> taken_;  ///< by whom
  std::deque<Taken> taken_in_order_;
};

}  // namespace vitana::engine
