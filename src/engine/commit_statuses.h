// What became of a commit's specs, told to its forge.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <thread>

#include "engine/registry.h"
#include "engine/setup.h"
#include "port/clock.h"
#include "port/entropy.h"
#include "store/store.h"

namespace vitana::engine {

struct CommitStatus {
  std::string repo;
  std::string commit;
  bool good = false;
  std::string description;  ///< one line, at most `status_bytes_max`
};

/// Tells the repository's forge, within ten seconds; heeds the stop of its thread (StopScope). The same again changes
/// nothing. Errors: CANCELLED, and anything else: it is tried again.
using StatusTeller = std::function<Result<void>(const CommitStatus&)>;

/// Decided by the unit that took the files in, told afterwards; what waits for the same commit is told no more. Nothing
/// where the repository's forge is not told.
void put_status(store::Ledger& ledger, const RepoSetup& repo, const std::string& commit,
                std::span<const FileOutcome> files);

/// Has the file's author something to mend?
bool is_wrong(const FileOutcome& file);

/// What the keys begin with of the statuses that this engine tells.
std::vector<std::string> status_keys(const Setup& setup);

/// One thread tells, so that of two statuses of one commit the newer one is told last. On a store that hosts share, one
/// engine at a time tells a status: it is put off for `status_hold` while it is told, and a newer one of its commit as
/// long.
class CommitStatuses {
 public:
  CommitStatuses(store::Store& store, port::Clock& clock, port::Entropy& entropy, const Setup& setup,
                 StatusTeller teller)
      : store_(store), clock_(clock), entropy_(entropy), setup_(setup), teller_(std::move(teller)) {}
  ~CommitStatuses();

  /// What no engine will tell is void: on a store that hosts share nobody knows. start() does it. Errors: STORE_*.
  Result<void> begin();
  /// Begins; a thread, where a forge is told. Called once. `fault` is called by its thread, and before it starts.
  void start(std::function<void(const Error&)> fault);
  void request_stop() { thread_.request_stop(); }
  void join();

  /// Tells those that are due; how many were tried. What fails is tried again for a day, later each time; what an
  /// engine that is gone left is given up after as long.
  Result<int> tell();

 private:
  /// false: it was not tried.
  Result<bool> tell(const store::EffectRow& effect);
  /// It is pending and due, and this engine's to tell until the try is over.
  Result<bool> hold(const store::EffectRow& effect);
  Result<void> give_up_left(Instant since);

  store::Store& store_;
  port::Clock& clock_;
  port::Entropy& entropy_;
  const Setup& setup_;
  const StatusTeller teller_;
  std::jthread thread_;
};

inline constexpr std::size_t status_bytes_max = 140;  ///< what every forge shows
inline constexpr int statuses_max = 16;               ///< tried in one round
inline constexpr Duration status_for = std::chrono::hours(24);
inline constexpr Duration status_hold = std::chrono::seconds(20);  ///< longer than a try
inline constexpr Duration status_delay = std::chrono::seconds(2);
inline constexpr Duration status_delay_max = std::chrono::minutes(10);

}  // namespace vitana::engine
