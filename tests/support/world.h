// A whole Vitana on one thread: the shipped engine and store, a clock and dice that the test
// holds, a repository in memory, and workers that do what they are told.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "store/store.h"
#include "support/sim_repository.h"

namespace vitana::testing {

class SimClock : public port::Clock {
 public:
  Instant now() override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  Instant now_ = from_rfc3339("2026-01-25T09:00:00Z").value();
};

class SimEntropy : public port::Entropy {
 public:
  explicit SimEntropy(std::uint64_t seed) : dice_(seed) {}
  double roll() override { return std::uniform_real_distribution<double>(0.0, 1.0)(dice_); }
  std::uint64_t bits() override { return dice_(); }

 private:
  std::mt19937_64 dice_;
};

/// What an agent leaves, and how its result is judged.
struct SimAgent {
  SimRepository::Tree change = {{"page.html", "<b>blue</b>\n"}};
  std::optional<Error> error = {};    ///< of the execute step
  std::optional<Error> verdict = {};  ///< of the verify step
  std::string question = {};
  int passed = 1;
  int open_sign_offs = 0;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  domain::Policy policy = {};
  engine::Rules rules = {};
  bool adopt_all = true;
  std::vector<std::string> specs = {"docs/specs/**/*.md"};
  bool local_ids = false;
  /// What the repository says about itself, at a commit.
  std::function<Result<domain::SpecRules>(const std::string& commit)> spec_rules = {};
  bool elsewhere = false;  ///< the repository is on another machine
  bool own_workers = false;
  std::vector<std::string> labels = {};       ///< of the engine's own workers
  std::vector<std::string> repo_labels = {};  ///< that executing needs
  std::map<std::string, std::vector<std::string>> agent_labels = {};
  std::vector<std::string> agents = {"fixer", "other"};  ///< the first is the one used where a task names none
  std::optional<Vtid> only = {};  ///< no other task is worked on
  std::shared_ptr<port::Dispatcher> dispatcher = {};
  std::function<void(bool after)> around_commit = {};
  std::function<void(std::string_view sql)> prepared = {};  ///< each statement of the store
  std::string store_path = ":memory:";
  std::function<SimAgent(const port::Assignment&)> agent = {};
  engine::Notifier notifier = {};
  /// Puts something between the engine and the repository in memory.
  std::function<std::shared_ptr<port::Repository>(std::shared_ptr<SimRepository>)> repository = {};
};

class World {
 public:
  explicit World(WorldOptions options = {});

  engine::Engine& engine() { return *engine_; }
  store::Store& store() { return *store_; }
  SimRepository& repository() { return *repository_; }
  SimClock& clock() { return clock_; }
  /// What the next restart() reads.
  WorldOptions& options() { return options_; }

  /// Scan, the engine's own moves, and every step that a worker can take, until nothing moves.
  void settle(int rounds_max = 50);
  void scan();
  void conduct();
  /// Claims and does at most one step; false when there was none.
  bool work_one(const std::vector<domain::Step>& steps = {domain::Step::execute, domain::Step::verify,
                                                          domain::Step::deliver});
  port::StepReport do_step(const port::Assignment& assignment, std::vector<domain::Evidence>& evidence);

  /// The engine dies and another one starts on the same store. May be called again after what
  /// `around_commit` threw out of it.
  void restart();
  /// As restart(), and the store is opened anew from its file.
  void reopen();
  /// What workers of the present engine process are called.
  std::string local_worker(const std::string& name) const;

  domain::Task task(Vtid vtid);
  std::optional<domain::Task> find(Vtid vtid);
  std::vector<domain::Run> runs(Vtid vtid);
  std::vector<std::string> event_types(std::optional<Vtid> vtid = {});
  std::map<std::string, std::int64_t> row_counts();

 private:
  engine::Setup setup() const;
  void open_store();

  WorldOptions options_;
  SimClock clock_;
  SimEntropy entropy_;
  std::shared_ptr<SimRepository> repository_;
  std::shared_ptr<port::Repository> seen_repository_;  ///< what the engine works with
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Engine> engine_;
  int incarnation_ = 1;
};

/// A small valid spec.
std::string sample_spec(const std::string& title = "Sidebar in the right colour");

}  // namespace vitana::testing
