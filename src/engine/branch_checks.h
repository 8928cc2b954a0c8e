// Branches that register nothing: what their specs would become is judged and told.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "engine/registry.h"
#include "engine/setup.h"
#include "port/entropy.h"
#include "store/store.h"

namespace vitana::engine {

/// A push to another branch was told of: it is looked at by a thread of its own, also after a crash. Its newest push
/// counts; of more than `branches_waiting_max` in one repository the longest waiting is forgotten.
void put_branch_check(store::Ledger& ledger, const std::string& repo, const std::string& ref,
                      const std::string& delivery);

/// What the keys begin with of the checks that this engine does now: of repositories that were synced once.
std::vector<std::string> branch_check_keys(store::Reader& reader, const Setup& setup);

/// One at a time: fetch the branch beside the configured one, judge the specs in which it differs from where it left
/// that one, as if it were merged now, and record what each would become.
class BranchChecks {
 public:
  BranchChecks(store::Store& store, port::Entropy& entropy, const Setup& setup, Registry& registry)
      : store_(store), entropy_(entropy), setup_(setup), registry_(registry) {}
  ~BranchChecks();

  /// What no engine will look at is void: on a store that hosts share nobody knows. start() does it. Errors: STORE_*.
  Result<void> begin();
  /// Begins; a thread, where there are repositories. Called once. `fault` is called by it, and before it starts.
  void start(std::function<void(const Error&)> fault);
  void request_stop() { thread_.request_stop(); }
  void join();

  /// Checks the branches that are due; how many were tried.
  Result<int> check();

 private:
  Result<void> check(const store::EffectRow& effect);
  Result<void> settle(const store::EffectRow& effect, domain::EffectOutcome outcome);

  store::Store& store_;
  port::Entropy& entropy_;
  const Setup& setup_;
  Registry& registry_;
  std::jthread thread_;
};

inline constexpr int branches_waiting_max = 32;
inline constexpr int branch_checks_max = 64;              ///< looked at in one round
inline constexpr std::size_t branch_findings_max = 10;  ///< told of one file; of all, what an event may hold

}  // namespace vitana::engine
