// Group commit: units that wait become one transaction. Not for use outside store/.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "port/clock.h"
#include "sql/connection.h"
#include "store/store.h"

namespace vitana::store {

/// Thread-safe, but for start() and the destructor, which belong to the owner.
class Committer {
 public:
  /// `connection` is used by this object alone, under its lock; it must outlive it.
  Committer(sql::Connection& connection, port::Clock& clock,
            std::function<void(bool)> around_commit);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  Result<void> commit(const Unit& unit);
  void start();
  std::size_t drain();
  std::size_t waiting();
  std::uint64_t commits() const { return commits_.load(); }
  BatchFigures batches() const;
  bool wait_for_commit(std::uint64_t seen, Duration timeout);

  /// Runs `work` on the writer's connection between two batches.
  template <typename Work>
  auto between_batches(Work&& work) {
    const std::lock_guard lock(batch_mutex_);
    return std::forward<Work>(work)(connection_);
  }

 private:
  struct Waiting {
    const Unit* unit;
    Result<void> result = {};
    bool done = false;
    std::condition_variable ready = {};
  };
  using Batch = std::vector<Waiting*>;

  void serve();
  std::size_t run_next();
  void run(const Batch& batch);
  /// How far a transaction came.
  enum class Reached { nothing, lock, commit };
  /// One transaction. Throws Fault.
  void attempt(const Batch& batch, Reached& reached);
  void publish(const Batch& batch);
  void committed();
  void count(std::size_t units);
  void look_for_others();

  sql::Connection& connection_;
  port::Clock& clock_;
  const std::function<void(bool)> around_commit_;

  std::mutex batch_mutex_;  ///< who holds it runs a batch; taken before queue_mutex_

  std::mutex queue_mutex_;
  std::condition_variable work_;
  std::condition_variable space_;
  std::deque<Waiting*> queue_;
  bool serving_ = false;
  bool stopping_ = false;

  std::mutex wait_mutex_;
  std::condition_variable changed_;
  std::atomic<std::uint64_t> commits_ = 0;
  std::array<std::atomic<std::uint64_t>, BatchFigures::bounds.size()> batches_{};  ///< see BatchFigures
  std::atomic<std::uint64_t> units_ = 0;
  std::thread thread_;
};

}  // namespace vitana::store
