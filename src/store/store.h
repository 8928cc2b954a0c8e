// The store: units of work in, one commit for many, and reads beside it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "port/clock.h"
#include "port/entropy.h"
#include "store/ledger.h"
#include "store/reader.h"

namespace vitana::store {

/// Decides in memory and writes through the ledger; no network, git or process I/O. Runs on the
/// committer's thread. May be run again when its batch met a database fault, so it has no effect
/// but on the ledger and on values it overwrites. An error drops all its writes.
using Unit = std::function<Result<void>(Ledger&)>;

enum class OpenMode {
  engine,  ///< creates; migrates where it can make a backup first
  client,  ///< a command beside an engine: the store must exist and be of this version
  migrate,  ///< as engine; migrates in any case
};

struct StoreOptions {
  std::string path;  ///< the database file; or "postgresql://…"; ":memory:" for tests
  OpenMode mode = OpenMode::engine;
  /// Test seam: called before and after each COMMIT; what it throws leaves drain().
  std::function<void(bool after)> around_commit = {};
  /// Test seam: called with each statement as a connection prepares it, on any thread.
  std::function<void(std::string_view sql)> prepared = {};
  /// Test seam: the database grows to this many pages, then STORE_FULL; 0: no bound.
  std::int64_t pages_max = 0;
};

/// What this process has committed since it opened the store.
struct BatchFigures {
  /// The last bound is Store::batch_max.
  static constexpr std::array<std::uint64_t, 9> bounds{1, 2, 4, 8, 16, 32, 64, 128, 256};
  std::array<std::uint64_t, bounds.size()> batches{};  ///< by their units: at most the bound, more than the one before
  std::uint64_t units = 0;                             ///< in all of them
};

/// About a StoreOptions::path: is it an address, how may it be told, does it hold a password?
bool is_on_server(std::string_view path);
std::string shown_path(std::string_view path);
bool holds_password(std::string_view path);

class Store {
 public:
  /// Errors: STORE_TOO_NEW, STORE_TOO_OLD (client; engine on a server), NOT_FOUND (client: no store), STORE_DAMAGED,
  /// STORE_READ_ONLY, STORE_FAILED.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, port::Clock& clock,
                                             port::Entropy& entropy);
  ~Store();

  /// Runs `unit` in a batch with others that wait, and returns after the commit that holds it is
  /// on disk. Thread-safe. Without a committer thread the batch is run here.
  /// Errors: the unit's own; STORE_*.
  Result<void> commit(const Unit& unit);

  /// Starts the thread that runs batches as they come; stopped by the destructor.
  void start_committer();

  /// Runs all that waits, at most `batch_max` units, in one transaction; returns how many.
  /// Only without a committer thread (the simulator calls it).
  std::size_t drain();

  /// Units that wait for a batch now. Thread-safe.
  std::size_t waiting() const;

  /// A snapshot for reading. Thread-safe; not from inside a unit. Errors: STORE_*, and
  /// the function's own.
  Result<void> read(const std::function<Result<void>(Reader&)>& ask);

  /// Grows with each commit of this process and is noticed for those of others by `changed`.
  std::uint64_t commits() const;

  /// Thread-safe; costs nothing.
  BatchFigures batches() const;

  /// Waits until something was committed, here or by another process (looked at every 50 ms), or
  /// for `timeout`. True when there was a commit. Thread-safe.
  bool wait_for_commit(std::uint64_t seen, Duration timeout);

  /// Whether engines of several hosts may work on it at once: it lies on a server.
  bool shared_by_hosts() const;

  /// A consistent copy, made while others write. Errors: STORE_*; STORE_FAILED on a server, whose own tools do it.
  Result<void> backup(const std::string& path);

  /// What audit() found; empty is clean.
  struct Damage {
    std::string where;  ///< "event 17", "spec VTID-01213 version 1", "run VTID-01213.2"
    std::string what;
  };
  /// Checks the chain from its genesis to the head kept in the meta row, each spec's digest, and
  /// that rows and events tell the same story. `expect`: an outside anchor.
  Result<std::vector<Damage>> audit(const std::optional<ChainHead>& expect);

  static constexpr std::size_t batch_max = BatchFigures::bounds.back();
  static constexpr std::size_t waiting_max = 4096;  ///< callers block beyond it

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitana::store
