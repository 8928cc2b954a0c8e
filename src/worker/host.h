// The embedded worker: claims steps, carries them out, keeps their leases alive.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "port/executor.h"
#include "port/run_source.h"
#include "port/verifier.h"

namespace vitana::worker {

struct HostOptions {
  std::string worker;     ///< its id, with the incarnation in it
  int execute_slots = 2;  ///< threads that run agents
  int verify_slots = 2;   ///< threads that take `judging`
  std::vector<domain::Step> judging = {domain::Step::deliver, domain::Step::verify};
  Duration renew_every = domain::lease_renew;
  Duration idle_wait =
      std::chrono::milliseconds(500);  ///< also bounds how long stop() takes effect
  Duration report_retry = std::chrono::seconds(1);
  int report_tries = 30;  ///< while the store refuses
  /// Told of each report that the source did not take, on the thread of its slot; may be empty.
  std::function<void(const RunId&, const Error&)> refused = {};
  /// Told of each claim that the source could not answer, on the thread of its slot; may be empty.
  std::function<void(const Error&)> fault = {};
};

/// Carries out a deliver step and says how it ended; a stop ends it where nothing is left half done.
using Deliver = std::function<port::StepReport(const port::Assignment&, std::stop_token)>;

/// Threads: one for each slot, and one that renews all leases. All methods are thread-safe; join()
/// is for one caller. What is passed in outlives it.
///
/// A report that the source refuses is never dropped in silence: HostOptions::refused is told.
/// LEASE_STALE ends the matter, somebody else holds the run. A refusal of the store (STORE_*) is
/// met by reporting again. For any other, an execute or verify step is reported as failed with the
/// refusal as the reason, so that the run ends with a code. Where that is not taken either, where
/// the store refuses for too long, and for a deliver step, the lease is renewed no more: it runs
/// out, counts as a lost worker, and the step is granted again or the task quarantined.
class Host {
 public:
  Host(HostOptions options, port::RunSource& source, port::Executor& executor,
       port::Verifier& verifier, Deliver deliver);
  /// Stops and joins.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void start();
  /// Claims nothing more; what runs goes on to its end.
  void drain();
  /// Drains, and ends what runs: the steps are given back (Release).
  void stop();
  /// Waits until no step runs and the threads have ended. REQUIRES: drain() or stop() before.
  void join();

  /// Renews all leases now, so that a cancel is obeyed at once and not at the next renewal.
  void nudge();
  /// Steps under way.
  int busy() const;

 private:
  enum class Ending { none, cancelled, lost, stopped };
  struct Active {
    RunId run{Vtid(1)};
    domain::Fence fence = 0;
    std::stop_source stop;
    Ending ending = Ending::none;
  };
  using ActiveKey = std::pair<std::string, domain::Fence>;

  void work(std::vector<domain::Step> steps, int slot);
  void carry_out(const port::Assignment& assignment);
  void report(const port::Assignment& assignment, const port::StepReport& report,
              std::vector<domain::Evidence> evidence);
  Result<void> report_until_taken(const RunId& run, const port::StepReport& report,
                                  const std::vector<domain::Evidence>& evidence);
  void renew_leases();
  void obey(const RunId& run, domain::Fence fence, port::Directive directive);
  bool draining() const;

  const HostOptions options_;
  port::RunSource& source_;
  port::Executor& executor_;
  port::Verifier& verifier_;
  const Deliver deliver_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool draining_ = false;
  bool stopping_ = false;
  bool nudged_ = false;
  bool ended_ = false;  // no slot is left: the renewing thread may end
  std::uint64_t requests_ = 0;
  std::map<ActiveKey, Active> active_;
  std::vector<std::thread> slots_;
  std::thread renewer_;
};

}  // namespace vitana::worker
