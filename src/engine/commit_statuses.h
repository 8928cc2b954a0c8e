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

/// One thread tells, so that of two statuses of one commit the newer one is told last.
class CommitStatuses {
 public:
  CommitStatuses(store::Store& store, port::Clock& clock, port::Entropy& entropy, const Setup& setup,
                 StatusTeller teller)
      : store_(store), clock_(clock), entropy_(entropy), setup_(setup), teller_(std::move(teller)) {}
  ~CommitStatuses();

  /// Where a forge is told. Called once. `fault` is called by its thread.
  void start(std::function<void(const Error&)> fault);
  void request_stop() { thread_.request_stop(); }
  void join();

  /// Tells those that are due; how many were tried. What fails is tried again for a day, later each time.
  Result<int> tell();

 private:
  /// false: it was not tried.
  Result<bool> tell(const store::EffectRow& effect);

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
inline constexpr Duration status_delay = std::chrono::seconds(2);
inline constexpr Duration status_delay_max = std::chrono::minutes(10);

}  // namespace vitana::engine
