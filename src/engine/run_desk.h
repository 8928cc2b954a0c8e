// The engine's side of RunSource: grants steps under leases, renews, takes reports.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/setup.h"
#include "engine/work_list.h"
#include "port/run_source.h"
#include "store/store.h"

namespace vitana::engine {

/// How long a delivery may take in all; how it fits what git may take is said in app/git_repository.cc.
inline constexpr Duration deliver_limit = std::chrono::minutes(20);

/// Id of a worker that lives in the engine's process: "local:INCARNATION/NAME". An incarnation is
/// "HOME.PROCESS": of all with one home at most one lives, the one that holds the lock of that home.
std::string local_worker(const std::string& incarnation, const std::string& name);
bool is_local_worker(const std::string& worker);
/// The home of a local worker; empty where it has none.
std::string_view home_of(std::string_view worker);

/// What a claim was granted.
struct Claimed {
  std::vector<port::Assignment> assignments = {};
  /// Nothing, and so it would be for every other claim of the same steps, whoever makes it.
  bool for_nobody = false;
};

/// Thread-safe.
///
/// Who ends whose lease. The leases of a home's earlier processes are freed at once by its next engine, which
/// holds their lock. For all others:
///
/// - A store of this host alone has no other engine. Renewals live in memory (a lease is written when it is granted
///   and when it ends); after a restart every lease has its full time again.
/// - On a store that hosts share, who grants or hears of a lease keeps its `until` in the store up to date, every
///   lease_renew. What is written there decides: any engine ends a lease, whosoever it is, once a whole lease_time
///   has passed beyond its `until` (which leaves their clocks as much room), unless it heard of it itself
///   since then. A worker may renew with any engine.
///
/// Verifying and delivering need what executing left in the engine's mirrors: a local worker gets these steps only
/// of runs that no other home executed.
class RunDesk : public port::RunSource {
 public:
  RunDesk(store::Store& store, port::Clock& clock, port::Entropy& entropy, const Setup& setup);

  /// `max` 0 takes the request back: what it was granted is told, and it is granted nothing more, however late
  /// another poll of it is answered. A request that comes again, told by worker and request_id, gets what it was
  /// granted before, as far as that holds still; a new engine process does not know it any more, and leases that
  /// nobody heard of run out.
  Result<std::vector<port::Assignment>> claim(const port::ClaimRequest& request) override;
  /// The same, and what it says of others.
  Result<Claimed> try_claim(const port::ClaimRequest& request);
  Result<void> require_lease(const RunId& run, domain::Fence fence) override;
  port::Directive renew(const RunId& run, domain::Fence fence) override;
  Result<void> report(const RunId& run, const port::StepReport& report,
                      std::vector<domain::Evidence> evidence) override;
  std::uint64_t moment() override;
  void wait(std::uint64_t since, Duration timeout) override;

  /// Frees what local workers of this home's earlier processes held. Where no host shares the store, takes up all
  /// other leases, which go on for another whole lease time. Called once, at start, under the engine's lock.
  Result<void> end_dead_incarnations(const std::string& incarnation);

  /// Writes down renewals, where hosts share the store; and ends leases whose time has passed, if the reaper ticked
  /// without a gap for a whole lease time.
  Result<void> reap();

  /// Looks which leased runs still hold theirs: a person may have cancelled one, here or from
  /// another process. Cheap; called after foreign commits.
  Result<void> refresh();

  /// Called, on the thread that found out, when a granted lease holds nothing any more.
  void on_lost(std::function<void()> told) { told_ = std::move(told); }

  /// Called, on the thread that reports, when a repository's branch is known to have moved.
  void on_moved(std::function<void(const std::string& repo)> told) { moved_ = std::move(told); }

  /// What was granted under that token. Errors: LEASE_STALE - it does not hold any more; STORE_*.
  Result<port::Assignment> assignment(const RunId& run, domain::Fence fence);

  /// Does `worker` hold it under this token?
  bool is_held_by(const RunId& run, domain::Fence fence, const std::string& worker);

  /// Workers are told to finish what they hold and take nothing new.
  void drain();

 private:
  struct Held {
    domain::Fence fence = 0;
    Instant until{};
    Instant written{};  ///< what the store says of `until`
    std::string worker = {};
    std::string request = {};  ///< that it was granted for; empty: not known any more
  };

  /// `may_be_others`: it was refused because of who asks.
  Result<Passed> grant(store::Ledger& ledger, const RunId& id, const port::ClaimRequest& request,
                       domain::Step step, std::vector<port::Assignment>& granted, bool& may_be_others);
  /// What of the list of this step the request is for.
  store::WorkFilter wanted(const port::ClaimRequest& request, domain::Step step) const;
  /// REQUIRES: mutex_ is held.
  void withdraw(const std::pair<std::string, std::string>& name);
  Result<Claimed> claim_once(const port::ClaimRequest& request);
  /// What was granted for this very request before and holds still: its answer was lost.
  Result<std::vector<port::Assignment>> granted_before(const port::ClaimRequest& request);

  Result<void> write_renewals();
  Result<std::vector<std::pair<RunId, domain::Fence>>> late(Instant now);
  /// Where hosts share the store, another engine may have granted it: then it is held here from now on.
  bool take_up(const RunId& run, domain::Fence fence);
  /// Is it held under this token, or taken up?
  bool knows(const RunId& run, domain::Fence fence);

  store::Store& store_;
  port::Clock& clock_;
  port::Entropy& entropy_;
  const Setup& setup_;

  std::function<void()> told_;
  std::function<void(const std::string&)> moved_;
  std::mutex mutex_;
  std::map<RunId, Held> held_;
  using ClaimName = std::pair<std::string, std::string>;  ///< worker and request
  std::set<ClaimName> claiming_;                          ///< under way
  std::set<ClaimName> withdrawn_;                         ///< granted nothing more
  std::deque<ClaimName> withdrawn_in_order_;
  bool draining_ = false;
  std::optional<Instant> last_reap_;
  std::optional<Instant> reaping_since_;  ///< without a gap
};

/// The ref that changes of a repository go to.
std::string target_ref(const RepoSetup& repo);

}  // namespace vitana::engine
