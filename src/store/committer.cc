#include "store/committer.h"

#include <algorithm>

#include "base/check.h"
#include "store/transaction.h"

namespace vitana::store {
namespace {

constexpr std::int64_t checkpoint_pages = 1'000;
constexpr auto poll_interval = std::chrono::milliseconds(50);

/// A fault goes on to the batch; any other exception is a defect of the unit, and its own failure.
Result<void> call(const Unit& unit, Ledger& ledger) {
  try {
    return unit(ledger);
  } catch (const sql::Fault&) {
    throw;
  } catch (const std::exception& broken) {
    return failure(FailureCode::INVARIANT_BROKEN, broken.what());
  }
}

}  // namespace

Committer::Committer(sql::Connection& connection, port::Clock& clock,
                     std::function<void(bool)> around_commit)
    : connection_(connection), clock_(clock), around_commit_(std::move(around_commit)) {}

Committer::~Committer() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Committer::start() {
  const std::lock_guard lock(queue_mutex_);
  CHECK(!serving_);
  serving_ = true;
  thread_ = std::thread([this] { serve(); });
}

void Committer::serve() {
  for (;;) {
    {
      std::unique_lock lock(queue_mutex_);
      work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
    }
    const std::lock_guard lock(batch_mutex_);
    run_next();
  }
}

Result<void> Committer::commit(const Unit& unit) {
  Waiting own{&unit};
  bool serving = false;
  {
    std::unique_lock lock(queue_mutex_);
    space_.wait(lock, [this] { return queue_.size() < Store::waiting_max; });
    queue_.push_back(&own);
    serving = serving_;
    if (serving) {
      work_.notify_one();
      own.ready.wait(lock, [&own] { return own.done; });
    }
  }
  // Nobody serves: whoever comes first runs the batch for all who wait by then.
  while (!serving) {
    const std::lock_guard batch(batch_mutex_);
    {
      const std::lock_guard lock(queue_mutex_);
      if (own.done) break;
    }
    try {
      run_next();
    } catch (...) {
      const std::lock_guard lock(queue_mutex_);
      std::erase(queue_, &own);
      throw;
    }
  }
  return std::move(own.result);
}

std::size_t Committer::drain() {
  const std::lock_guard lock(batch_mutex_);
  return run_next();
}

std::size_t Committer::waiting() {
  const std::lock_guard lock(queue_mutex_);
  return queue_.size();
}

std::size_t Committer::run_next() {
  Batch batch;
  {
    const std::lock_guard lock(queue_mutex_);
    const auto size = std::min(queue_.size(), Store::batch_max);
    batch.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  space_.notify_all();
  if (batch.empty()) return 0;
  const auto before = commits();
  try {
    run(batch);
  } catch (...) {
    // The test seam threw: as if the process had ended here.
    connection_.rollback();
    for (auto* waiting : batch) {
      waiting->result = failure(FailureCode::INTERRUPTED, "the commit was cut short");
    }
    publish(batch);
    throw;
  }
  publish(batch);
  if (commits() != before) {
    // After the callers were woken. What it could not do, the next one does.
    static_cast<void>(sql::attempt([this] { connection_.checkpoint(checkpoint_pages); }));
  }
  return batch.size();
}

void Committer::publish(const Batch& batch) {
  const std::lock_guard lock(queue_mutex_);
  for (auto* waiting : batch) {
    waiting->done = true;
    waiting->ready.notify_one();
  }
}

void Committer::run(const Batch& batch) {
  auto reached = Reached::nothing;
  try {
    attempt(batch, reached);
    return;
  } catch (const sql::Fault& fault) {
    connection_.rollback();
    // A commit that failed for no reason of the batch's may have taken place: nothing is done twice.
    const bool of_the_server =
        fault.code() == FailureCode::STORE_FAILED || fault.code() == FailureCode::STORE_UNAVAILABLE;
    const bool unknown =
        reached == Reached::commit && of_the_server && fault.constraint() == sql::Constraint::none;
    if (reached == Reached::nothing || unknown || batch.size() == 1) {
      for (auto* waiting : batch) waiting->result = failure(fault.error());
      return;
    }
  }
  // One of them, or all together, met a fault: each again, alone, with a result of its own.
  for (auto* waiting : batch) run({waiting});
}

void Committer::attempt(const Batch& batch, Reached& reached) {
  connection_.begin_write();
  reached = Reached::lock;
  Transaction transaction(connection_);
  for (auto* waiting : batch) {
    Ledger ledger(transaction, clock_.now());
    waiting->result = call(*waiting->unit, ledger);
    transaction.finish(ledger, waiting->result.has_value());
  }
  if (!transaction.write()) {
    connection_.rollback();
    return;
  }
  if (around_commit_) around_commit_(false);
  reached = Reached::commit;
  connection_.commit();
  count(batch.size());
  committed();
  if (around_commit_) around_commit_(true);
}

void Committer::count(std::size_t units) {
  const auto* bound = std::lower_bound(BatchFigures::bounds.begin(), BatchFigures::bounds.end(), units);
  CHECK(bound != BatchFigures::bounds.end());
  ++batches_[static_cast<std::size_t>(bound - BatchFigures::bounds.begin())];
  units_ += units;
}

BatchFigures Committer::batches() const {
  BatchFigures out;
  for (std::size_t i = 0; i < batches_.size(); ++i) out.batches[i] = batches_[i];
  out.units = units_;
  return out;
}

void Committer::committed() {
  {
    const std::lock_guard lock(wait_mutex_);
    ++commits_;
  }
  changed_.notify_all();
}

bool Committer::wait_for_commit(std::uint64_t seen, Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    look_for_others();
    std::unique_lock lock(wait_mutex_);
    if (commits_ != seen) return true;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    const auto left = deadline - now;
    const bool polled = connection_.traits().writes_from_elsewhere_polled;
    const auto slice =
        polled ? std::min<std::chrono::steady_clock::duration>(left, poll_interval) : left;
    changed_.wait_for(lock, slice, [&] { return commits_ != seen; });
  }
}

void Committer::look_for_others() {
  // Whoever holds it is about to commit, or polls; either way there is news soon.
  const std::unique_lock lock(batch_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  const auto changed = sql::attempt([this] { return connection_.changed_since_last_call(); });
  if (changed && *changed) committed();
}

}  // namespace vitana::store
