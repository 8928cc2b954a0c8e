// Which workers could be told of a run: those that gave an address as they registered.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "domain/access.h"
#include "engine/setup.h"
#include "store/ledger.h"
#include "store/reader.h"

namespace vitana::engine {

/// One that was not heard of for so long is not called. Workers are seen to the minute, so it is some more.
inline constexpr Duration callback_silence_max = std::chrono::minutes(5);
inline constexpr int callback_workers_max = 100;  ///< looked at at a time: those that were seen last
/// Whoever was told of a run and has not taken it for so long is not waited for any more.
inline constexpr Duration telling_lasts = std::chrono::minutes(1);

/// What workers were told of and have not taken yet, and which of them took no call: of this engine's life, in memory
/// alone, since a telling is a hint. Thread-safe.
class Tellings {
 public:
  /// `worker` is told of the run now, or is about to be. Its slot counts as taken until somebody has the run.
  void begin(const RunId& run, const std::string& worker, Instant now);
  /// The call is over. One that was not taken frees the slot, and the worker rests: it is told of nothing that waits
  /// until `delay`, doubled for each further one up to `delay_max`, has passed, or it has registered again.
  void accept(const RunId& run, const std::string& worker);
  void refuse(const RunId& run, const std::string& worker, Instant now, const domain::RetryPolicy& policy, double roll);
  /// It was cut, or nobody can be told: that is no try.
  void cut(const RunId& run);

  /// Is somebody told of it, who may come yet?
  bool holds(const RunId& run, Instant now) const;
  /// How many times a call was taken for it, while nobody came.
  int times(const RunId& run) const;
  bool rests(const store::WorkerRow& worker, Instant now) const;

  /// By worker, how many slots are taken by what it was told of, but for `except`. What is over is forgotten; what the
  /// source does not know yet is not.
  std::map<std::string, int> open(store::Ledger& ledger, const std::optional<RunId>& except = {});
  std::map<std::string, int> open(store::Reader& reader, const std::optional<RunId>& except = {});
  /// Who has given back a slot since the last call of this is not waited for: it may have come for one run and taken
  /// another. Called with what is never older than the time before.
  void note_leases(const std::map<std::string, int>& by_worker);

 private:
  struct Telling {
    std::string worker;  ///< empty: nobody that may come
    Instant at{};
    int times = 0;
  };
  struct Rest {
    Instant since{};
    Instant until{};
    int failures = 0;
  };
  template <typename Source>
  std::map<std::string, int> open_in(Source& source, const std::optional<RunId>& except);

  mutable std::mutex mutex_;
  std::map<RunId, Telling> told_;   ///< of runs that nobody has taken yet
  std::map<std::string, Rest> rests_;
  std::map<std::string, int> leases_;
};

/// By worker's id, how many leases it has.
std::map<std::string, int> leases_by_worker(store::Ledger& ledger);
std::map<std::string, int> leases_by_worker(store::Reader& reader);

/// Those that were seen lately, are not to drain, and have a slot that is free, as a unit of work or a snapshot sees
/// them. Asked for once, however many runs are looked at.
class Callers {
 public:
  /// `told`: slots that are taken although nothing is held yet, by worker.
  Callers(store::Ledger& ledger, const std::map<std::string, int>& told);
  Callers(store::Reader& reader, const std::map<std::string, int>& told);

  bool none() const { return callers_.empty(); }
  /// Leaves out those that rest.
  void leave_out_resting(const Tellings& tellings, Instant now);
  /// Takes off a work list what none of them can take, as far as one agent or one repository says so.
  void leave_out_unfit(const Setup& setup, store::WorkFilter& filter) const;
  /// Those with all labels that the run needs whose token still lets them work on its repository. The one with
  /// the most free slots stands first.
  std::vector<port::CallbackWorker> fit(const Setup& setup, const domain::Run& run) const;
  /// It has a slot less.
  void take(const std::string& worker);

 private:
  struct Caller {
    store::WorkerRow row;
    int free = 0;
    std::optional<domain::Caller> by = {};  ///< who it speaks for, where that is not a person at the machine itself
  };
  template <typename Source>
  void find(Source& source, const std::map<std::string, int>& told);

  std::vector<Caller> callers_;
};

}  // namespace vitana::engine
