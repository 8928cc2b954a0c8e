// What persons do with tasks: approve, adopt, retry, cancel, answer, sign off, ask why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/asked.h"
#include "engine/registry.h"
#include "engine/setup.h"
#include "port/run_source.h"
#include "store/store.h"

namespace vitana::engine {

/// Why a task is where it is, and what happens next.
struct Why {
  domain::Task task;
  std::optional<domain::Run> run;
  domain::GatePoint point = domain::GatePoint::dispatch;
  std::vector<domain::GateVerdict> verdicts;
};

enum class Adoption { run, done };

struct Adopted {
  std::vector<domain::Task> tasks;
  std::vector<domain::Task> in_conflict;  ///< meant, and left as they are: which text would run is open
};

/// All functions: thread-safe; one unit of work each, but for cancel(). `asked` is who asks: a task of a
/// repository that is not within his reach is as if it were not there.
/// Common errors: NOT_FOUND, STATE_REFUSED, KEY_REUSED, STORE_*.
class Desk {
 public:
  Desk(store::Store& store, port::Entropy& entropy, const Setup& setup, Registry& registry, port::RunSource& runs);

  Result<domain::Task> approve(Vtid vtid, const Asked& asked);
  Result<domain::Task> retry(Vtid vtid, const std::string& reason, const Asked& asked);
  /// While its change is being delivered, the step is taken back from its worker first, and the branch is
  /// read: what is there by then is delivered. Where it cannot be read, the task is cancelled and says so, and
  /// why. May take as long as Repository::withdraw(). Errors: STATE_REFUSED also for what is delivered.
  Result<domain::Task> cancel(Vtid vtid, const std::string& reason, const Asked& asked);
  Result<domain::Task> answer(Vtid vtid, const std::string& text, const Asked& asked);

  /// Judges one criterion of a task that waits for it; `criterion` empty: all that are open.
  /// Errors: NOT_FOUND also when the spec has no such criterion.
  Result<domain::Task> sign_off(Vtid vtid, const std::string& criterion, bool met,
                                const std::string& reason, const Asked& asked);

  /// Approves the text of a version, by its digest. Errors: SPEC_NOT_FOUND.
  Result<domain::Task> approve_spec(Vtid vtid, const Asked& asked);

  /// Releases or closes the specs that were there before: all whose path or VTID matches `glob`.
  /// Which text would run is open where several fight: such a task is closed, but not released.
  Result<Adopted> adopt(const std::string& glob, Adoption how, const Asked& asked);

  /// Names the agent and the delivery of a task's next runs; what is absent stays as it is.
  /// Errors: AGENT_UNKNOWN.
  Result<domain::Task> prefer(Vtid vtid, const std::optional<std::string>& agent,
                              std::optional<domain::DeliveryMode> delivery);

  /// Changes nothing.
  Result<Why> why(Vtid vtid);

  /// What holds this task beside its own waits, in the caller's snapshot: see hold_of().
  std::optional<domain::GateVerdict> hold(store::Reader& reader, const domain::Task& task,
                                          const std::optional<domain::Run>& newest) const;

  /// The switch as it is now. `seen`: see require_seen(). Errors: CHANGED_MEANWHILE;
  /// NOT_ALLOWED: it is for all repositories, and not all are within reach.
  Result<store::ControlRow> set_control(const std::string& key, bool on, const std::string& reason,
                                        std::optional<Instant> until, const Asked& asked,
                                        const std::vector<std::string>& seen = {});

  /// What somebody outside says has happened. "vtid.lifecycle.execution_approved" is a command: a task that waits
  /// for permission is permitted, one that failed or was cancelled is retried. Every other type is put into the
  /// log as it is, and moves nothing. Errors: as approve(), retry(); NOT_ALLOWED: it is of no task, and not
  /// everything is within reach; REQUEST_TOO_LARGE.
  Result<std::optional<domain::Task>> take_event(const std::string& type, std::optional<Vtid> vtid,
                                                 const std::string& data, const std::string& reason,
                                                 const Asked& asked);

 private:
  struct Matter;
  struct Recalled;
  /// Takes the deliver step of `run` from whoever is at it. REQUIRES: it is delivering.
  static Result<Recalled> recall(Matter& matter, domain::Run run);
  Result<domain::Task> cancel_delivery(const Recalled& recalled, const std::string& reason, const Asked& asked);
  /// One unit of work on one task; the task as it is left. Errors: NOT_FOUND, and those of `decide`.
  template <typename Decide>
  Result<domain::Task> handle(Vtid vtid, const Asked& asked, Decide decide);
  static Result<void> permit(Matter& matter);
  Result<void> again(Matter& matter, const std::string& reason);

  store::Store& store_;
  port::Entropy& entropy_;
  const Setup& setup_;
  Registry& registry_;
  port::RunSource& runs_;
};

/// The criteria that a run's newest verification left to a person and that nobody has judged yet.
std::vector<domain::Criterion> open_sign_offs(const domain::ParsedSpec& spec,
                                              const std::vector<store::EvidenceRow>& evidence);

}  // namespace vitana::engine
