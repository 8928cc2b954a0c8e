// What must hold of every history: pure functions of the log, the final rows, and what outside
// parties saw. They know nothing of how the history came about.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/transition.h"
#include "store/store.h"

namespace vitana::testing {

/// A worker's report, as the worker saw it.
struct ReportSeen {
  RunId run;
  domain::Fence fence = 0;
  bool accepted = false;
  store::Sequence log_end = 0;  ///< where the log ended when it was sent
};

/// A text or a task that somebody was told is taken.
struct Acknowledged {
  Vtid vtid;
  std::optional<Digest> digest;  ///< absent: the task alone
};

/// A commit of the delivery branch with Vitana's trailers.
struct DeliveredCommit {
  std::string commit;
  std::string vtid;
  std::string spec_digest;
};

struct Story {
  // From the store.
  std::vector<store::StoredEvent> events;
  std::vector<domain::Task> tasks;
  std::vector<domain::Run> runs;  ///< by task, oldest first
  std::vector<domain::SpecVersion> specs;
  std::map<Vtid, std::vector<Vtid>> dependencies;
  std::vector<store::EffectRow> pending;
  std::vector<store::Store::Damage> damages;
  // From outside; each may be left empty.
  std::vector<ReportSeen> reports;
  std::vector<Acknowledged> acknowledged;
  std::optional<std::vector<DeliveredCommit>> delivered;  ///< absent: not known
  bool damaged_on_purpose = false;  ///< somebody changed stored texts; who works must not get them
  domain::Policy policy;
};

/// Reads the part that the store knows. Bounded at 1,000 tasks.
Result<Story> read_story(store::Store& store);

/// One line for each invariant that does not hold.
std::vector<std::string> check(const Story& story);

/// What must hold in addition once the faults are over, persons have answered, and nothing moves
/// any more: every task has ended, or waits for somebody who is not the engine.
std::vector<std::string> check_settled(const Story& story);

}  // namespace vitana::testing
