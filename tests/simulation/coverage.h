// Which rows of the tables of moves were taken: a wrapper around the rules.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/setup.h"

namespace vitana::testing {

struct Moves {
  std::set<domain::TaskMove> tasks;
  std::set<domain::RunMove> runs;

  void add(const Moves& other);
  /// Rows of domain::task_moves() and run_moves() that are not here, in words.
  std::vector<std::string> missing() const;
};

/// `rules`, whose accepted moves are noted in `moves` for as long as the object lives. One at a
/// time on a thread: rules are plain functions.
class Recording {
 public:
  Recording(engine::Rules rules, Moves& moves);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  engine::Rules rules() const;

 private:
  engine::Rules inner_;
};

}  // namespace vitana::testing
