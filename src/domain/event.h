// Events: immutable lines of the log. One catalogue names every type that exists.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/vtid.h"

namespace vitana::domain {

enum class EventStatus { info, success, warning, error, pending };

// X(symbol, type, status, meaning)
// clang-format off
#define VITANA_EVENTS(X)                                                                           \
  X(store_created,        "store.created",                       info,    "the store was made; the chain begins") \
  X(store_restored,       "store.restored",                      warning, "a backup was restored; a new epoch of tokens begins") \
  X(store_migrated,       "store.migrated",                      info,    "the schema was brought to a newer version") \
  X(control_updated,      "governance.control.updated",          info,    "an operator's switch changed, with who and why") \
  X(task_allocated,       "vtid.lifecycle.allocated",            info,    "a ledger row was made for the VTID") \
  X(task_scheduled,       "vtid.lifecycle.scheduled",            info,    "a valid locked spec is there and nothing holds the task") \
  X(task_blocked,         "vtid.lifecycle.blocked",              warning, "the task waits for something that is not the engine; data names it") \
  X(task_approved,        "vtid.lifecycle.execution_approved",   info,    "a person permitted execution") \
  X(task_started,         "vtid.lifecycle.started",              info,    "the first run of the task was allocated") \
  X(task_retried,         "vtid.lifecycle.retry_reset",          info,    "a person asked for another run; budgets begin anew") \
  X(task_rescheduled,     "vtid.lifecycle.retry_scheduled",      warning, "a run failed and another follows by itself; data says when") \
  X(task_completed,       "vtid.lifecycle.completed",            success, "the task is done") \
  X(task_failed,          "vtid.lifecycle.failed",               error,   "the task failed; data carries the code") \
  X(task_cancelled,       "vtid.lifecycle.cancelled",            warning, "a person cancelled the task") \
  X(task_answered,        "vtid.lifecycle.answered",             info,    "a person answered the agent's question") \
  X(task_signed_off,      "vtid.lifecycle.signed_off",           info,    "a person judged a criterion") \
  X(spec_registered,      "vtid.spec.registered",                success, "a version was validated, locked and stored") \
  X(spec_invalid,         "vtid.spec.validation.failed",         error,   "a text did not validate; data carries the diagnostics") \
  X(spec_not_found,       "vtid.spec.not_found",                 error,   "no source has a spec; data says where it was looked for") \
  X(spec_conflict,        "vtid.spec.conflict.detected",         error,   "sources differ; data carries all candidates") \
  X(spec_conflict_over,   "vtid.spec.conflict.resolved",         info,    "one text is left") \
  X(spec_drift,           "vtid.spec.drift.detected",            warning, "a newer text exists that has not run") \
  X(spec_missing,         "vtid.spec.source_missing",            warning, "the file of a registered spec is gone; the spec stays") \
  X(spec_approved,        "vtid.spec.approved",                  info,    "a person approved this digest") \
  X(spec_adopted,         "vtid.spec.adopted",                   info,    "an existing spec was released or closed by a person") \
  X(spec_renumbered,      "vtid.spec.renumbered",                warning, "the same text is registered under another VTID") \
  X(spec_damaged,         "vtid.spec.checksum_failed",           error,   "a stored text is not what was locked") \
  X(draft_changed,        "oasis.spec.changed",                  info,    "a draft was created or edited") \
  X(draft_validated,      "oasis.spec.validated",                info,    "a draft was validated; data says with what result") \
  X(draft_approved,       "oasis.spec.approved",                 info,    "a draft was approved and registered") \
  X(intake_scheduled,     "commandhub.task.scheduled",           success, "an intake ended in a registered, scheduled task") \
  X(intake_failed,        "commandhub.task.schedule_failed",     error,   "an intake ended without a task; data carries the code") \
  X(run_allocated,        "autopilot.state.allocated",           info,    "a run exists: spec digest, base commit and configuration are bound") \
  X(run_dispatching,      "autopilot.state.dispatching",         info,    "the run is being sent to a worker's address") \
  X(run_pending_pickup,   "autopilot.state.pending_pickup",      info,    "the run waits for a worker to take it") \
  X(run_executing,        "autopilot.state.executing",           info,    "a worker holds the run and its agent works") \
  X(run_verifying,        "autopilot.state.verifying",           info,    "the result is being judged") \
  X(run_delivering,       "autopilot.state.delivering",          info,    "the intent to deliver is recorded") \
  X(run_completed,        "autopilot.state.completed",           success, "the run is done") \
  X(run_failed,           "autopilot.state.failed",              error,   "the run failed; data carries the code") \
  X(run_cancelled,        "autopilot.state.cancelled",           warning, "the run was cancelled") \
  X(dispatch_accepted,    "worker.dispatch.accepted",            success, "the worker's address took the run") \
  X(dispatch_route_failed,"worker.dispatch.route_failed",        warning, "the worker's address did not take the run; data says when it is tried again") \
  X(lease_granted,        "worker.lease.granted",                info,    "a step was granted, with its fencing token") \
  X(lease_lost,           "worker.lease.lost",                   warning, "a worker did not renew in time, or its engine died; the step is granted again") \
  X(lease_released,       "worker.lease.released",               info,    "a worker gave a step back") \
  X(step_retried,         "worker.step.retried",                 warning, "a step met a passing fault and is tried again") \
  X(gate_refused,         "governance.gate.refused",             warning, "the gate holds a task; data carries the verdicts") \
  X(command_refused,      "governance.transition.refused",       warning, "a command did not fit the state or the fencing token; nothing changed") \
  X(evidence_recorded,    "verification.evidence.recorded",      info,    "the verifier judged a criterion") \
  X(verification_passed,  "verification.passed",                 success, "every criterion is judged and none is red") \
  X(verification_failed,  "verification.failed",                 error,   "the result does not stand; data names what") \
  X(delivery_settled,     "delivery.settled",                    success, "the commit is on its ref") \
  X(delivery_found,       "delivery.found",                      info,    "a commit of the repository says in its trailers that it delivers this text") \
  X(delivery_blocked,     "delivery.blocked",                    warning, "the target cannot take the change now") \
  X(delivery_base_moved,  "delivery.base_moved",                 info,    "the branch moved; the result is judged again on its new tip") \
  X(repo_synced,          "repo.specs.synced",                   info,    "the specs of a new commit were read; data counts the outcomes") \
  X(effect_failed,        "outbox.effect.failed",                warning, "something to be done outside was given up after too many tries; data says what, and the last error") \
  X(repo_unavailable,     "repo.unavailable",                    error,   "a repository could not be read") \
  X(repo_base_red,        "repo.base.red",                       error,   "the repository's own checks fail on its branch; its tasks wait") \
  X(repo_base_green,      "repo.base.green",                     success, "the repository's own checks pass again") \
  X(breaker_opened,       "governance.breaker.opened",           error,   "a fault of the surroundings met several runs in a row, or would meet every one; the agent or repository is paused") \
  X(breaker_closed,       "governance.breaker.closed",           success, "a probe went through; the work goes on") \
  X(repo_hinted,          "repo.webhook.received",               info,    "a forge told of a push; data says which, and what was done about it") \
  X(branch_checked,       "repo.branch.checked",                 info,    "the specs of another branch were judged, and nothing of it is registered; data says what each would become") \
  X(webhook_passed_over,  "webhook.event.passed_over",           warning, "a webhook could not be told an event within a day; data says which webhook and event, and the last error") \
  X(webhook_recovered,    "webhook.recovered",                   success, "a webhook takes events again after some were passed over; data says how many") \
  X(external_recorded,    "external.recorded",                   info,    "somebody outside put this into the log; it moves nothing") \
  X(token_created,        "access.token.created",                info,    "a token was made for somebody outside; data says for what role and repositories") \
  X(token_revoked,        "access.token.revoked",                info,    "a token was taken back") \
  X(worker_registered,    "worker.registered",                   info,    "a worker on another machine registered; data says its name, labels and slots") \
  X(worker_draining,      "worker.draining",                     info,    "a worker on another machine is to take nothing new")
// clang-format on

enum class EventType {
#define X(symbol, type, status, meaning) symbol,
  VITANA_EVENTS(X)
#undef X
};

struct EventInfo {
  EventType type;
  std::string_view name;
  EventStatus status;
  std::string_view meaning;
};

std::span<const EventInfo> event_catalogue();
const EventInfo& event_info(EventType type);
std::string_view name_of(EventStatus status);

/// The member of an event's data by which it says that it needs a person: {"reason","next"}, what [notify] tells and
/// what a person does about it. Written where that is decided.
inline constexpr const char* for_person = "for_person";

/// An event before it has its place in the log.
struct Event {
  EventType type;
  std::optional<Vtid> vtid;
  std::optional<RunId> run;
  std::string actor;        ///< "engine", "worker:…", or a person's name
  std::string data = "{}";  ///< a JSON object as text, UTF-8 without NUL

  bool operator==(const Event&) const = default;
};

}  // namespace vitana::domain
