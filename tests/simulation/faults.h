// What goes wrong around the engine: deaths at chosen points, a repository, a route and a notifier
// that fail.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "port/dispatcher.h"
#include "port/repository.h"

namespace vitana::testing {

/// Seeded dice of one schedule.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : bits_(seed) {}
  /// From 0 to n - 1. REQUIRES: n > 0.
  int below(int n) { return static_cast<int>(bits_() % static_cast<std::uint64_t>(n)); }
  bool chance(double p) { return static_cast<double>(bits_() >> 11) * 0x1.0p-53 < p; }
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

 private:
  std::mt19937_64 bits_;
};

/// The process dies here. No std::exception: nothing between may take it for a fault of its own.
struct Crash {
  std::string at;
};

/// Where in an action, and at which point: "round", "before commit".
using Death = std::pair<std::string, std::string>;

class Faults {
 public:
  explicit Faults(std::uint64_t seed) : dice_(seed) {}

  /// The `countdown`-th point from now on ends the process, if `action` comes so far.
  void arm(std::string action, int countdown);
  void disarm() { countdown_ = 0; }
  /// Throws Crash when it is the chosen one.
  void point(const char* where);

  /// How often an outside call fails; 0 ends all faults.
  double rate = 0;
  bool fails() { return rate > 0 && dice_.chance(rate); }
  bool chance(double p) { return dice_.chance(p); }

  std::set<Death> deaths;

 private:
  Dice dice_;
  std::string action_;
  int countdown_ = 0;
};

/// Any call may fail; a push may have happened although it says that it failed; and one whose process
/// died goes on by itself, and lands whenever it likes.
class FaultyRepository : public port::Repository {
 public:
  FaultyRepository(std::shared_ptr<port::Repository> inner, Faults& faults)
      : inner_(std::move(inner)), faults_(faults) {}

  std::string default_branch() const override { return inner_->default_branch(); }
  Result<std::optional<std::string>> branch_tip() override;
  Result<std::string> fetch() override;
  Result<std::vector<port::TreeChange>> changes(const std::string& from, const std::string& to,
                                                const std::vector<std::string>& globs) override;
  Result<std::map<std::string, std::string>> renames(const std::string& from,
                                                     const std::string& to) override;
  Result<std::string> read_blob(const std::string& blob, std::size_t bytes_max) override;
  Result<std::optional<std::string>> read_file(const std::string& commit, const std::string& path,
                                               std::size_t bytes_max) override;
  Result<std::vector<port::PathCommit>> last_commits(const std::string& tip, const std::string& since,
                                                     const std::vector<std::string>& paths) override;
  Result<std::vector<port::DeliveryTrailer>> deliveries(const std::string& from,
                                                        const std::string& to) override;
  Result<bool> holds(const std::string& ref, const std::string& ancestor) override;
  Result<std::optional<std::string>> ref_commit(const std::string& ref) override;
  Result<port::PushAnswer> push(const domain::Deliverable& deliverable,
                                const port::MayBegin& may_begin) override;
  Result<std::optional<port::BranchBeside>> fetch_beside(const std::string& ref) override;
  Result<void> forget_beside() override;
  Result<bool> withdraw(const domain::Deliverable& deliverable) override;
  Result<void> remove(const std::string& ref, const std::string& commit) override;

 private:
  /// The pushes that nobody waits for any more: all of them, or by chance.
  void land(double chance);

  std::shared_ptr<port::Repository> inner_;
  Faults& faults_;
  std::vector<domain::Deliverable> in_flight_;
};

/// Sends every second run to an address; which does not always answer.
class FaultyDispatcher : public port::Dispatcher {
 public:
  using Watch = std::function<void(const RunId&)>;
  FaultyDispatcher(Faults& faults, Watch watch) : faults_(faults), watch_(std::move(watch)) {}

  std::optional<port::CallbackWorker> choose(const RunId& run, const std::vector<port::CallbackWorker>& fit,
                                             int tries) override;
  Result<void> route(const port::RunOffer& offer, const port::CallbackWorker& worker) override;

 private:
  Faults& faults_;
  Watch watch_;  ///< told of each run that is sent
};

}  // namespace vitana::testing
