// The engine's own moves: allocating runs, acting on deadlines, working off the outbox.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "engine/registry.h"
#include "engine/routing.h"
#include "engine/setup.h"
#include "engine/work_list.h"
#include "store/store.h"

namespace vitana::engine {

/// Tells a person about what needs one. Errors: anything; it is tried again.
using Notifier = std::function<Result<void>(const std::string& event_json)>;

/// Each function does a bounded piece of work in units of work of its own and returns how much it
/// did; 0 means that there is nothing to do now. Called by one thread at a time, but for tell(), route() and the
/// looks.
class Conductor {
 public:
  Conductor(store::Store& store, port::Entropy& entropy, const Setup& setup, Registry& registry,
            Notifier notifier);

  /// Asks the gate for the tasks whose own conditions hold, and allocates and offers a run for
  /// each that may pass. A gate that refuses leaves an event and nothing else: once per reason, and for
  /// the first task alone where it holds all of an agent or repository.
  Result<int> allocate();

  /// Acts on tasks whose next thing is past its deadline. While execution is off, deadlines of
  /// work that waits for a worker are put off: pausing holds the work. So are those of runs that wait
  /// for a slot of the engine's own, whose workers have all labels that the run needs. On a store that hosts share,
  /// another engine may have such slots: it has a lease time to put a run off.
  Result<int> reconcile();

  /// At the engine's start: deadlines of work that waits for a worker passed while nobody could
  /// take it; they begin anew. What a fault of the surroundings or a dirty target held up is tried
  /// again at once.
  Result<void> renew_waiting();

  /// Does the effects that are due: resolve_dependents. (A push is done by the deliver step.)
  /// Each is done at least once and settled once.
  Result<int> work_off_effects();

  /// Tells a worker of the one run that has waited for it the longest, and that no other call of this is at; where none
  /// is offered, of the most urgent one that waits to be claimed and that nobody was told of who may come yet. It may
  /// take as long as Dispatcher::route does: called by threads of its own, several at a time.
  Result<int> route();

  /// Tells a person of the one thing that has waited for it the longest. It may take as long as the
  /// notifier does, so it may be called by a thread of its own, beside all others.
  Result<int> tell();

  /// Until look_over(repo) no task of this repository is allocated: its branch may say by now that its
  /// text is another one, or held. Both thread-safe.
  void await_look(const std::string& repo);
  void look_over(const std::string& repo);
  bool awaits_looks() const;

 private:
  bool is_queued(const domain::Subject& subject) const;
  bool is_left_to_others(const domain::Subject& subject, Instant now) const;
  /// Gives work that waits for a worker its whole time again; false for other work.
  bool put_off(store::Ledger& ledger, const domain::Subject& subject);
  /// `callers`: of this unit, asked for when the first run needs them.
  Result<Passed> allocate_one(store::Ledger& ledger, Vtid vtid, std::optional<Callers>& callers);
  /// Does it; what fails is tried again later.
  Result<void> try_effect(const store::EffectRow& effect);
  Result<void> do_effect(const store::EffectRow& effect);
  /// The due dispatch that nobody is at, which is this call's from now on.
  Result<std::optional<store::EffectRow>> take_dispatch();
  Result<void> dispatch(const store::EffectRow& effect);
  port::RunOffer offer_of(std::string key, const domain::Run& run) const;
  /// A run that waits to be claimed, and who is told of it.
  struct Waiting {
    port::RunOffer offer;
    port::CallbackWorker worker;
  };
  /// The most urgent one that somebody could take now, noted as told. None while another thread looks.
  Result<std::optional<Waiting>> take_waiting();
  /// The worker did not take the call: it rests.
  Result<void> note_refusal(const RunId& run, const std::string& worker);
  /// Its failure changes nothing but whom this engine tells next. Returns how many were told of.
  Result<int> tell_waiting();
  Result<void> resolve_dependents(const store::EffectRow& effect);
  Result<void> settle(const store::EffectRow& effect, domain::EffectOutcome outcome);

  store::Store& store_;
  port::Entropy& entropy_;
  const Setup& setup_;
  Registry& registry_;
  Notifier notifier_;
  mutable std::mutex looks_mutex_;
  std::set<std::string> awaited_;  ///< repositories that were not looked at yet
  std::mutex dispatching_mutex_;
  std::set<std::string> dispatching_;  ///< keys of the effects that route() is at
  std::mutex waiting_mutex_;           ///< held by the thread that looks for a run that waits
  Tellings tellings_;
};

inline constexpr int allocate_max = 64;     ///< runs made in one unit
inline constexpr int reconcile_max = 256;
inline constexpr int renew_max = 100'000;
inline constexpr int effects_max = 64;
inline constexpr int dispatches_max = 64;  ///< due ones that are looked at for one that nobody is at
inline constexpr int waiting_page = 64;

}  // namespace vitana::engine
