// A schedule while it is played: its world, its dice, and what persons, workers and time do in it.
// The actions stand in played_by_persons.cc and played_by_workers.cc; what is played when, and how it
// is judged, in schedule.cc.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/conduct.h"
#include "simulation/actors.h"
#include "simulation/checker.h"
#include "simulation/schedule.h"
#include "support/world.h"

namespace vitana::testing {

class Schedule {
 public:
  explicit Schedule(const ScheduleOptions& options);

  Outcome run();

 private:
  struct Action {
    std::string name;
    int weight;
    std::function<std::string()> act;
  };
  /// A simulated worker: what it holds, and what it reported last.
  struct Worker {
    std::string name;  ///< empty: it lives in the engine's process
    std::optional<port::Assignment> held = {};
    std::optional<std::pair<RunId, StepResult>> last = {};
  };

  WorldOptions world_options();
  std::vector<Action> all_actions();
  void say(std::string line);
  void found(std::string what) { outcome_.findings.push_back(std::move(what)); }
  /// False when there was nothing to do.
  bool step(const Action& action);
  void die(const std::string& at);
  void settle();
  void judge();

  // Persons.
  std::string submit();
  std::string race();
  std::string intake();
  std::string draft();
  std::string create_task();
  std::pair<std::string, bool> what_was_read();
  std::string command_of_a_person();
  Result<void> closed(Vtid vtid);
  std::string control();
  std::string answer_everything();
  // Workers.
  std::string claim(Worker& worker, const std::vector<domain::Step>& steps);
  std::string finish(Worker& worker);
  std::string send(const RunId& run, const port::StepReport& report, std::vector<domain::Evidence> evidence);
  std::string late_report();
  std::string pass_time(int ticks, double renewing);
  std::string damage_a_spec();

  // Glue.
  template <typename T>
  std::string told(const Result<T>& answer) {
    return answer ? "ok" : std::string(name_of(answer.error().code));
  }
  /// Runs a command of a person; what is refused must change nothing.
  template <typename Command>
  std::string give(const std::string& what, Command&& command);
  std::string registered(Vtid vtid, const Result<engine::Registered>& answer, const Digest& digest);
  std::vector<domain::Task> tasks();
  /// One that holds work, or one that is free; nobody: the first.
  Worker& any_worker(bool holding);
  store::Sequence log_end();
  bool move_clock_on();

  const ScheduleOptions options_;
  Outcome outcome_;
  Dice dice_;
  Faults faults_;
  Recording recording_;
  domain::Policy policy_;
  Luck luck_;
  double crash_rate_ = 0;
  double fault_rate_ = 0;
  SimEntropy entropy_;
  World world_;
  Author author_;
  std::vector<Worker> workers_;
  struct Lost {
    port::Assignment work;
    std::optional<StepResult> done = {};  ///< absent: it went away before it was done
  };
  std::vector<Lost> lost_;  ///< work whose worker went away
  std::vector<std::int64_t> drafts_;
  std::vector<std::int64_t> intakes_;
  Story seen_;  ///< what outside parties saw
  bool damaged_ = false;
};

}  // namespace vitana::testing
