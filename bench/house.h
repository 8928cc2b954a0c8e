// What benches of the engine share: a house whose tasks change nothing and are done at once.
#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "port/repository.h"
#include "store/store.h"

namespace vitana::bench {

/// The value. Throws std::runtime_error with the failure's words.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The system's, or so far behind it.
class Clock : public port::Clock {
 public:
  explicit Clock(Duration behind = {}) : behind_(behind) {}
  Instant now() override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) - behind_;
  }

 private:
  Duration behind_;
};

class Dice : public port::Entropy {
 public:
  double roll() override { return 0.5; }
  std::uint64_t bits() override { return ++last_; }

 private:
  std::atomic<std::uint64_t> last_ = 0;
};

/// A branch with one commit and nothing in it, to which nothing is ever pushed.
class StillRepository : public port::Repository {
 public:
  std::string default_branch() const override { return "main"; }
  Result<std::optional<std::string>> branch_tip() override;
  Result<std::string> fetch() override;
  Result<std::vector<port::TreeChange>> changes(const std::string&, const std::string&,
                                                const std::vector<std::string>&) override {
    return std::vector<port::TreeChange>{};
  }
  Result<std::map<std::string, std::string>> renames(const std::string&, const std::string&) override {
    return std::map<std::string, std::string>{};
  }
  Result<std::string> read_blob(const std::string&, std::size_t) override { return std::string(); }
  Result<std::optional<std::string>> read_file(const std::string&, const std::string&, std::size_t) override {
    return std::nullopt;
  }
  Result<std::vector<port::PathCommit>> last_commits(const std::string&, const std::string&,
                                                     const std::vector<std::string>&) override {
    return std::vector<port::PathCommit>{};
  }
  Result<std::vector<port::DeliveryTrailer>> deliveries(const std::string&, const std::string&) override {
    return std::vector<port::DeliveryTrailer>{};
  }
  Result<bool> holds(const std::string&, const std::string&) override { return false; }
  Result<std::optional<std::string>> ref_commit(const std::string&) override;
  Result<std::optional<port::BranchBeside>> fetch_beside(const std::string&) override {
    return std::optional<port::BranchBeside>();
  }
  Result<void> forget_beside() override { return {}; }
  Result<port::PushAnswer> push(const domain::Deliverable&, const port::MayBegin&) override { return port::PushAnswer{}; }
  Result<bool> withdraw(const domain::Deliverable&) override { return false; }
  Result<void> remove(const std::string&, const std::string&) override { return {}; }
};

/// One repository, "hub", which is still; one agent, "instant"; no caps.
engine::Setup setup_without_caps();

/// What a worker reports that is done at once. `evidence`: of a verify step.
port::StepReport done_at_once(const port::Assignment& assignment, std::vector<domain::Evidence>& evidence);

/// The engine on one store, and workers that are done at once.
class House {
 public:
  House(const std::string& path, port::Clock& clock);

  store::Store& store() { return *store_; }

  /// So many tasks from the cradle to the end, side by side. Returns the first.
  Vtid live(int count);

 private:
  void conduct();

  Dice dice_;
  std::unique_ptr<store::Store> store_;
  engine::Engine engine_;
};

/// Makes a store with so many finished tasks in it, forty days old.
void make_past(const std::string& path, unsigned tasks);

/// Processor time of this process: on a busy machine it says more than the clock.
double processor_seconds();

}  // namespace vitana::bench
