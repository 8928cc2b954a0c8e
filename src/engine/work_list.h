// Working through a list in its order of urgency, where the gate refuses some of its entries.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "domain/gate.h"
#include "store/rows.h"

namespace vitana::engine {

/// What came of one entry.
struct Passed {
  enum class Kind { taken, refused, end };
  Kind kind = Kind::taken;  ///< taken: it has left the list; end: the rest is not asked
  std::string agent = {};   ///< refused, as is all else of this agent
  std::string repo = {};    ///< refused, as is all else of this repository
};

/// What `verdict`, which holds an entry of this agent and repository, means for the others.
inline Passed passed_over(const domain::GateVerdict& verdict, const std::string& agent,
                          const std::string& repo) {
  switch (verdict.holds) {
    case domain::Holds::all: return {Passed::Kind::end};
    case domain::Holds::agent: return {Passed::Kind::refused, agent, {}};
    case domain::Holds::repository: return {Passed::Kind::refused, {}, repo};
    case domain::Holds::task: break;
  }
  return {Passed::Kind::refused};
}

inline constexpr std::size_t refused_max = 1024;  ///< passed over at a time, each for its own reason

/// Asks `one(id)`, a Result<Passed>, for the entries of `list(limit, skip, filter)`, `page` at a time.
/// What is refused stays in the list: it is passed over, not waited behind; and what meets all of an
/// agent or repository takes these off the list. Ends with the list, or where one() says so.
template <typename List, typename One>
Result<void> work_through(int page, store::WorkFilter filter, const List& list, const One& one) {
  std::set<typename decltype(list(0, 0, filter))::value_type> refused;
  for (int skip = 0; refused.size() < refused_max;) {
    const auto ids = list(page, skip, std::as_const(filter));
    bool shorter = false;
    for (auto id = ids.begin(); id != ids.end() && !shorter; ++id) {
      Result<Passed> passed = Passed{Passed::Kind::refused};
      if (!refused.contains(*id)) passed = one(*id);
      if (!passed) return failure(std::move(passed.error()));
      if (passed->kind == Passed::Kind::end) return {};
      if (passed->kind == Passed::Kind::taken) continue;
      ++skip;
      refused.insert(*id);
      if (!passed->agent.empty()) shorter |= filter.without_agents.insert(passed->agent).second;
      if (!passed->repo.empty()) shorter |= filter.without_repos.insert(passed->repo).second;
    }
    if (shorter) skip = 0;
    else if (ids.size() < static_cast<std::size_t>(page)) return {};
  }
  return {};
}

}  // namespace vitana::engine
