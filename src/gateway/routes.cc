// The table: what is routed. Router, validation, document and the test of access are read from it.
#include <nlohmann/json.hpp>

#include "domain/task.h"
#include "engine/conduct.h"
#include "gateway/authoring.h"
#include "gateway/browser.h"
#include "gateway/judging.h"
#include "gateway/metrics.h"
#include "gateway/reading.h"
#include "gateway/route.h"
#include "gateway/working.h"
#include "gateway/writing.h"
#include "view/task_view.h"

namespace vitana::gateway {
namespace {

using domain::Right;

constexpr auto vtid_parameter = [] {
  return Parameter{.name = "vtid", .in = In::path, .kind = Kind::vtid, .what = "the task's id"};
};
constexpr auto run_parameter = [] {
  return Parameter{.name = "run", .in = In::path, .kind = Kind::run, .what = "the run's id"};
};
constexpr auto version_parameter = [] {
  return Parameter{.name = "version", .in = In::path, .kind = Kind::integer, .what = "1, 2, 3, …", .least = 1, .most = 1'000'000};
};
constexpr auto attempt_parameter = [] {
  return Parameter{.name = "attempt", .kind = Kind::integer, .what = "which run; 0: the newest", .most = 1'000'000, .otherwise = 0};
};
constexpr auto limit_parameter = [] {
  return Parameter{.name = "limit", .kind = Kind::integer, .what = "entries of a page", .least = 1, .most = 200, .otherwise = 50};
};
constexpr auto cursor_parameter = [] {
  return Parameter{.name = "cursor", .kind = Kind::vtid, .what = "the page after this one: `next_cursor` of the one before"};
};
constexpr auto repo_parameter = [] {
  return Parameter{.name = "repo", .what = "of this repository alone"};
};
constexpr auto after_parameter = [] {
  return Parameter{.name = "after", .kind = Kind::integer, .what = "events after this sequence", .otherwise = 0};
};
constexpr auto type_parameter = [] {
  return Parameter{.name = "type", .what = "events of types that match this pattern, such as `vtid.lifecycle.*`"};
};

constexpr auto draft_parameter = [] {
  return Parameter{.name = "draft", .in = In::path, .kind = Kind::integer, .what = "the draft's id", .least = 1};
};
constexpr auto intake_parameter = [] {
  return Parameter{.name = "intake", .in = In::path, .kind = Kind::integer, .what = "the intake's id", .least = 1};
};
constexpr auto control_parameter = [] {
  return Parameter{.name = "key", .in = In::path, .what = "the switch", .words = {engine::execution_control}};
};
constexpr auto worker_parameter = [] {
  return Parameter{.name = "worker", .in = In::path, .what = "the id that it was given as it registered"};
};
constexpr auto fence_parameter = [] {
  return Parameter{.name = "fence", .kind = Kind::integer, .what = "the token that the run was granted with", .least = 1,
                   .required = true};
};

std::vector<std::string_view> status_words() {
  std::vector<std::string_view> words;
  for (const auto status : domain::task_statuses) words.push_back(name_of(status));
  return words;
}

std::vector<std::string_view> order_words() {
  std::vector<std::string_view> words;
  for (const auto order : view::task_orders) words.push_back(view::name_of(order));
  return words;
}

std::vector<Route> table() {
  constexpr Content problem_free_text{"", "text/plain; charset=utf-8"};
  return {
      // Of the gateway itself.
      {.path = "/healthz", .operation = "getHealth", .group = "gateway", .what = "Answers while the process lives.",
       .gives = {"Health"}, .answer = healthz},
      {.path = "/readyz", .operation = "getReadiness", .group = "gateway",
       .what = "Answers while the store can be read.", .gives = {"Readiness"}, .answer = readyz},
      {.path = "/openapi.json", .operation = "getDocument", .group = "gateway", .what = "This document.",
       .gives = {"Document"}, .answer = openapi},
      {.path = "/metrics", .operation = "getMetrics", .group = "gateway",
       .what = "The figures of the engine and of the gateway, in the text format of Prometheus.", .right = Right::see,
       .gives = {"", "text/plain; version=0.0.4; charset=utf-8"}, .answer = get_metrics},

      // Specs.
      {.method = Method::post, .path = "/api/v1/specs/validate", .operation = "validateSpecs", .group = "specs",
       .what = "Checks texts without registering them.", .right = Right::see,
       .parameters = {{.name = "strict", .kind = Kind::flag, .what = "under the strict profile"}},
       .takes = Content{"Texts"}, .gives = {"Validation"}, .answer = validate_specs},
      {.path = "/api/v1/specs", .operation = "listSpecs", .group = "specs",
       .what = "The newest version of each task's spec, newest task first.", .right = Right::see,
       .parameters = {limit_parameter(), cursor_parameter(), repo_parameter()}, .gives = {"SpecPage"},
       .fails = {FailureCode::REPO_UNKNOWN}, .answer = list_specs},
      {.path = "/api/v1/specs/{vtid}", .operation = "getSpec", .group = "specs",
       .what = "The newest version of a task's spec, with its text.", .right = Right::see,
       .parameters = {vtid_parameter()}, .gives = {"Spec"}, .fails = {FailureCode::SPEC_NOT_FOUND}, .answer = get_spec},
      {.path = "/api/v1/specs/{vtid}/versions", .operation = "listSpecVersions", .group = "specs",
       .what = "All versions of a task's spec, oldest first.", .right = Right::see, .parameters = {vtid_parameter()},
       .gives = {"SpecVersions"}, .answer = list_spec_versions},
      {.path = "/api/v1/specs/{vtid}/versions/{version}", .operation = "getSpecVersion", .group = "specs",
       .what = "One version, with its text.", .right = Right::see,
       .parameters = {vtid_parameter(), version_parameter()}, .gives = {"Spec"}, .answer = get_spec_version},
      {.path = "/api/v1/specs/{vtid}/versions/{version}/raw", .operation = "getSpecText", .group = "specs",
       .what = "The bytes that were locked: their SHA-256 is the digest.", .right = Right::see,
       .parameters = {vtid_parameter(), version_parameter()}, .gives = {"", "text/markdown; charset=utf-8"},
       .answer = get_spec_text},

      {.method = Method::post, .path = "/api/v1/specs", .operation = "registerSpec", .group = "specs",
       .what = "Locks a text as the newest version of its task's spec; the task is scheduled by the same commit.",
       .right = Right::act, .takes = Content{"NewSpec"}, .status = 201, .gives = {"Registered"},
       .fails = {FailureCode::SPEC_INVALID, FailureCode::SPEC_CONFLICT, FailureCode::VTID_INVALID,
                 FailureCode::REPO_UNKNOWN, FailureCode::AGENT_UNKNOWN, FailureCode::STATE_REFUSED},
       .answer = register_spec},
      {.method = Method::post, .path = "/api/v1/specs/adopt", .operation = "adoptSpecs", .group = "specs",
       .what = "Releases or closes specs that were there before: all whose path or VTID matches.",
       .right = Right::act, .takes = Content{"Adoption"}, .gives = {"Adopted"}, .answer = adopt_specs},
      {.method = Method::post, .path = "/api/v1/specs/sync", .operation = "syncSpecs", .group = "specs",
       .what = "Has the specs of one repository, or of all, read now; `repo.specs.synced` tells when that is done. Push "
               "webhooks of GitHub, GitLab, Gitea and Forgejo come here too: a signature that holds takes the place of "
               "a token, and what it says is a hint to look.",
       .right = Right::act, .parameters = {{.name = "repo", .what = "this one alone; of a webhook: whose secret has signed it"}},
       .takes = Content{"SyncRequest"}, .may_be_empty = true, .takes_key = false, .by_forge = true, .status = 202,
       .gives = {"SyncReport"}, .fails = {FailureCode::REPO_UNKNOWN}, .answer = sync_specs},
      {.method = Method::post, .path = "/api/v1/specs/{vtid}/approve", .operation = "approveSpec", .group = "specs",
       .what = "Approves the newest version, by its digest.", .right = Right::act, .parameters = {vtid_parameter()},
       .gives = {"Task"}, .fails = {FailureCode::STATE_REFUSED}, .answer = approve_spec},

      // Texts that are written here.
      {.path = "/api/v1/oasis/specs", .operation = "listDrafts", .group = "drafts", .what = "Drafts, newest first.",
       .right = Right::see,
       .parameters = {limit_parameter(), {.name = "cursor", .kind = Kind::integer,
                                          .what = "the page after this one: `next_cursor` of the one before",
                                          .otherwise = 0}},
       .gives = {"DraftPage"}, .answer = list_drafts},
      {.method = Method::post, .path = "/api/v1/oasis/specs", .operation = "createDraft", .group = "drafts",
       .what = "Begins a draft.", .right = Right::act, .takes = Content{"NewDraft"}, .status = 201, .gives = {"Draft"},
       .fails = {FailureCode::REPO_UNKNOWN}, .answer = create_draft},
      {.path = "/api/v1/oasis/specs/{draft}", .operation = "getDraft", .group = "drafts",
       .what = "A draft's newest version.", .right = Right::see, .parameters = {draft_parameter()}, .gives = {"Draft"},
       .fails = {FailureCode::NOT_FOUND}, .answer = get_draft},
      {.method = Method::put, .path = "/api/v1/oasis/specs/{draft}", .operation = "editDraft", .group = "drafts",
       .what = "Writes its next version; with `If-Match`, only over the one that was seen.", .right = Right::act,
       .parameters = {draft_parameter()}, .takes = Content{"DraftText"}, .gives = {"Draft"},
       .fails = {FailureCode::NOT_FOUND, FailureCode::STATE_REFUSED, FailureCode::CHANGED_MEANWHILE},
       .answer = edit_draft},
      {.method = Method::post, .path = "/api/v1/oasis/specs/{draft}/validate", .operation = "validateDraft",
       .group = "drafts", .what = "Checks a draft; only what is valid can be approved.", .right = Right::act,
       .parameters = {draft_parameter()}, .takes_key = false, .gives = {"DraftValidation"}, .fails = {FailureCode::NOT_FOUND},
       .answer = validate_draft},
      {.method = Method::post, .path = "/api/v1/oasis/specs/{draft}/approve", .operation = "approveDraft",
       .group = "drafts", .what = "Registers and locks what was validated; its task is scheduled by the same commit.",
       .right = Right::act, .parameters = {draft_parameter()}, .status = 201, .gives = {"Registered"},
       .fails = {FailureCode::NOT_FOUND, FailureCode::STATE_REFUSED, FailureCode::SPEC_INVALID,
                 FailureCode::SPEC_CONFLICT},
       .answer = approve_draft},
      {.method = Method::post, .path = "/api/v1/intake", .operation = "beginIntake", .group = "intake",
       .what = "Begins an intake: three questions that make a spec.", .right = Right::act,
       .takes = Content{"NewIntake"}, .may_be_empty = true, .status = 201, .gives = {"IntakePrompt"},
       .fails = {FailureCode::REPO_UNKNOWN}, .answer = begin_intake},
      {.path = "/api/v1/intake/{intake}", .operation = "getIntake", .group = "intake",
       .what = "What it asks next.", .right = Right::see, .parameters = {intake_parameter()},
       .gives = {"IntakePrompt"}, .fails = {FailureCode::NOT_FOUND}, .answer = get_intake},
      {.method = Method::post, .path = "/api/v1/intake/{intake}/answers", .operation = "answerIntake",
       .group = "intake", .what = "Answers its question.", .right = Right::act, .parameters = {intake_parameter()},
       .takes = Content{"IntakeAnswer"}, .gives = {"IntakePrompt"},
       .fails = {FailureCode::NOT_FOUND, FailureCode::STATE_REFUSED, FailureCode::SPEC_INVALID},
       .answer = answer_intake},
      {.path = "/api/v1/intake/{intake}/preview", .operation = "previewIntake", .group = "intake",
       .what = "The spec that the answers make so far, and what is wrong with it.", .right = Right::see,
       .parameters = {intake_parameter()}, .gives = {"IntakePreview"}, .fails = {FailureCode::NOT_FOUND},
       .answer = preview_intake},
      {.method = Method::post, .path = "/api/v1/intake/{intake}/complete", .operation = "completeIntake",
       .group = "intake", .what = "Allocates the id, registers, locks and schedules, by one commit.",
       .right = Right::act, .parameters = {intake_parameter()}, .status = 201, .gives = {"Registered"},
       .fails = {FailureCode::NOT_FOUND, FailureCode::STATE_REFUSED, FailureCode::SPEC_INVALID,
                 FailureCode::SPEC_CONFLICT},
       .answer = complete_intake},

      // Tasks.
      {.path = "/api/v1/tasks", .operation = "listTasks", .group = "tasks", .what = "Tasks; newest first, if nothing else is asked for.",
       .right = Right::see,
       .parameters = {{.name = "status", .what = "of this status alone", .words = status_words()},
                      {.name = "code", .what = "that failed with this code"},
                      {.name = "sort", .what = "the newest first, or the oldest, or what changed last",
                       .words = order_words()},
                      repo_parameter(), limit_parameter(),
                      {.name = "cursor", .what = "the page after this one: `next_cursor` of the one before, in the same order"}},
       .gives = {"TaskPage"}, .fails = {FailureCode::REPO_UNKNOWN, FailureCode::VTID_INVALID}, .answer = list_tasks},
      {.path = "/api/v1/tasks/{vtid}", .operation = "getTask", .group = "tasks",
       .what = "A task with its runs and their evidence in brief.", .right = Right::see,
       .parameters = {vtid_parameter()}, .gives = {"Task"}, .answer = get_task},
      {.path = "/api/v1/tasks/{vtid}/why", .operation = "getTaskWhy", .group = "tasks",
       .what = "Why it is where it is: the gate's verdicts in their order.", .right = Right::see,
       .parameters = {vtid_parameter()}, .gives = {"Why"}, .answer = get_why},
      {.path = "/api/v1/tasks/{vtid}/runs", .operation = "listTaskRuns", .group = "tasks",
       .what = "Its runs, oldest first.", .right = Right::see, .parameters = {vtid_parameter()}, .gives = {"Runs"},
       .answer = list_runs},
      {.path = "/api/v1/tasks/{vtid}/events", .operation = "listTaskEvents", .group = "tasks",
       .what = "What the log says of it.", .right = Right::see,
       .parameters = {vtid_parameter(), after_parameter(), type_parameter(), limit_parameter()},
       .gives = {"EventPage"}, .answer = list_task_events},
      {.path = "/api/v1/tasks/{vtid}/evidence", .operation = "getTaskEvidence", .group = "tasks",
       .what = "What the verifier saw, run by run.", .right = Right::see, .parameters = {vtid_parameter()},
       .gives = {"TaskEvidence"}, .answer = get_evidence},
      {.path = "/api/v1/tasks/{vtid}/diff", .operation = "getTaskDiff", .group = "tasks",
       .what = "The change of one of its runs.", .right = Right::see,
       .parameters = {vtid_parameter(), attempt_parameter()}, .gives = {"", "text/x-diff; charset=utf-8"},
       .answer = get_task_diff},
      {.path = "/api/v1/tasks/{vtid}/log", .operation = "getTaskLog", .group = "tasks",
       .what = "What the agent of one of its runs printed: a megabyte from an offset on.", .right = Right::see,
       .parameters = {vtid_parameter(), attempt_parameter(),
                      {.name = "offset", .kind = Kind::integer, .what = "in bytes", .otherwise = 0}},
       .gives = problem_free_text, .answer = get_task_log},
      {.method = Method::post, .path = "/api/v1/tasks", .operation = "createTasks", .group = "tasks",
       .what = "Makes one task, or several: all of them, or none.", .right = Right::act,
       .takes = Content{"NewTasks"}, .status = 201, .gives = {"TaskPage"},
       .fails = {FailureCode::STATE_REFUSED, FailureCode::REPO_UNKNOWN, FailureCode::VTID_JUMP},
       .answer = create_tasks},
      {.method = Method::post, .path = "/api/v1/tasks/{vtid}/approve", .operation = "approveTask", .group = "tasks",
       .what = "Permits its execution.", .right = Right::act, .parameters = {vtid_parameter()}, .gives = {"Task"},
       .fails = {FailureCode::STATE_REFUSED}, .answer = approve_task},
      {.method = Method::post, .path = "/api/v1/tasks/{vtid}/retry", .operation = "retryTask", .group = "tasks",
       .what = "Asks for another run; its budgets begin anew.", .right = Right::act, .parameters = {vtid_parameter()},
       .takes = Content{"Reason"}, .may_be_empty = true, .gives = {"Task"}, .fails = {FailureCode::STATE_REFUSED},
       .answer = retry_task},
      {.method = Method::post, .path = "/api/v1/tasks/{vtid}/cancel", .operation = "cancelTask", .group = "tasks",
       .what = "Ends it; a run under way is stopped.", .right = Right::act, .parameters = {vtid_parameter()},
       .takes = Content{"Reason"}, .may_be_empty = true, .gives = {"Task"}, .fails = {FailureCode::STATE_REFUSED},
       .answer = cancel_task},
      {.method = Method::post, .path = "/api/v1/tasks/{vtid}/answer", .operation = "answerTask", .group = "tasks",
       .what = "Answers its agent's question.", .right = Right::act, .parameters = {vtid_parameter()},
       .takes = Content{"TaskAnswer"}, .gives = {"Task"}, .fails = {FailureCode::STATE_REFUSED}, .answer = answer_task},
      {.method = Method::post, .path = "/api/v1/tasks/{vtid}/sign-off", .operation = "signOffTask", .group = "tasks",
       .what = "Judges one criterion that waits for a person, or all that do.", .right = Right::act,
       .parameters = {vtid_parameter()}, .takes = Content{"SignOff"}, .gives = {"Task"},
       .fails = {FailureCode::STATE_REFUSED, FailureCode::SPEC_NOT_FOUND}, .answer = sign_off_task},
      {.path = "/api/v1/runs/{run}", .operation = "getRun", .group = "runs", .what = "One run.", .right = Right::see,
       .parameters = {run_parameter()}, .gives = {"Run"}, .answer = get_run},

      // The log.
      {.path = "/api/v1/events", .operation = "listEvents", .group = "events",
       .what = "The log as CloudEvents, oldest first. `after` of the answer is where the next page begins.",
       .right = Right::see,
       .parameters = {after_parameter(), type_parameter(),
                      {.name = "vtid", .kind = Kind::vtid, .what = "of this task alone"}, limit_parameter()},
       .gives = {"EventPage"}, .answer = list_events},
      {.path = "/api/v1/events/stream", .operation = "streamEvents", .group = "events",
       .what = "The same as server-sent events, and what comes. Goes on after `Last-Event-ID`.", .right = Right::see,
       .parameters = {after_parameter(), type_parameter(),
                      {.name = "vtid", .kind = Kind::vtid, .what = "of this task alone"}},
       .gives = {"", "text/event-stream"}, .answer = stream_events},

      {.method = Method::post, .path = "/api/v1/events", .operation = "postEvent", .group = "events",
       .what = "`vtid.lifecycle.execution_approved` permits a task, or retries one that has failed. Any other type is "
               "put into the log as `external.recorded`, and moves nothing.",
       .right = Right::act, .takes = Content{"NewEvent"}, .status = 202, .gives = {"EventTaken"},
       .fails = {FailureCode::NOT_FOUND, FailureCode::STATE_REFUSED}, .answer = take_event},

      // The whole.
      {.path = "/api/v1/pipeline/summary", .operation = "getSummary", .group = "pipeline",
       .what = "How many tasks are in which status.", .right = Right::see, .gives = {"Summary"},
       .answer = get_summary},
      {.path = "/api/v1/stats", .operation = "getStats", .group = "pipeline", .what = "How runs ended.",
       .right = Right::see,
       .parameters = {{.name = "by", .what = "what is counted", .words = {"code", "agent", "repo"}},
                      {.name = "since", .what = "how far back, such as `24h`"}},
       .gives = {"Stats"}, .answer = get_stats},
      {.path = "/api/v1/repos", .operation = "listRepos", .group = "pipeline", .what = "The configured repositories.",
       .right = Right::see, .gives = {"Repos"}, .answer = list_repos},
      {.path = "/api/v1/webhooks", .operation = "listWebhooks", .group = "pipeline",
       .what = "Who is told events of the log ([[webhooks]]), how far each was told, and what it failed with.",
       .right = Right::see, .gives = {"Webhooks"}, .answer = list_webhooks},
      {.path = "/api/v1/controls", .operation = "listControls", .group = "controls",
       .what = "The switches, and what is paused by itself.", .right = Right::see, .gives = {"Controls"},
       .answer = list_controls},
      {.path = "/api/v1/controls/{key}", .operation = "getControl", .group = "controls", .what = "One switch.",
       .right = Right::see, .parameters = {control_parameter()}, .gives = {"Control"},
       .fails = {FailureCode::NOT_FOUND}, .answer = get_control},
      {.method = Method::put, .path = "/api/v1/controls/{key}", .operation = "setControl", .group = "controls",
       .what = "Sets a switch, with why and for how long; with `If-Match`, only over what was seen.",
       .right = Right::administer, .parameters = {control_parameter()}, .takes = Content{"NewControl"},
       .gives = {"Control"}, .fails = {FailureCode::CHANGED_MEANWHILE}, .answer = set_control},
      {.path = "/api/v1/attention", .operation = "getAttention", .group = "pipeline",
       .what = "Everything that needs a person, worst first.", .right = Right::see, .gives = {"Attention"},
       .answer = get_attention},

      // Access.
      {.path = "/login", .operation = "getLogin", .group = "access", .what = "The page at which a browser logs in.",
       .parameters = {{.name = "code", .what = "a link's"}}, .gives = {"", "text/html; charset=utf-8"},
       .answer = login_page},
      {.method = Method::post, .path = "/login", .operation = "logIn", .group = "access",
       .what = "Opens a browser's session, by a link's code or a token; its cookie is the answer's.",
       .takes = Content{"", "application/x-www-form-urlencoded"}, .gives = {"", "text/html; charset=utf-8"},
       .fails = {FailureCode::NOT_ALLOWED, FailureCode::UNAUTHENTICATED}, .answer = log_in},
      {.method = Method::post, .path = "/logout", .operation = "logOut", .group = "access",
       .what = "Ends the browser's session.", .gives = {"", "text/html; charset=utf-8"},
       .fails = {FailureCode::NOT_ALLOWED}, .answer = log_out},
      {.method = Method::post, .path = "/api/v1/links", .operation = "createLink", .group = "access",
       .what = "Makes a link that logs a browser in, once, within ten minutes.", .right = Right::administer,
       .takes = Content{"NewLink"}, .status = 201, .gives = {"Link"},
       .fails = {FailureCode::REPO_UNKNOWN, FailureCode::STATE_REFUSED}, .answer = create_link},
      {.path = "/api/v1/me", .operation = "getCaller", .group = "access", .what = "Who the token says that one is.",
       .right = Right::see, .gives = {"Caller"}, .answer = get_caller},
      {.path = "/api/v1/tokens", .operation = "listTokens", .group = "access", .what = "All tokens, oldest first.",
       .right = Right::administer, .gives = {"Tokens"}, .answer = list_tokens},
      {.method = Method::post, .path = "/api/v1/tokens", .operation = "createToken", .group = "access",
       .what = "Makes a token; its text is told once.", .right = Right::administer, .takes = Content{"NewToken"},
       .status = 201, .gives = {"IssuedToken"}, .fails = {FailureCode::REPO_UNKNOWN, FailureCode::STATE_REFUSED},
       .answer = create_token},
      {.method = Method::delete_, .path = "/api/v1/tokens/{token}", .operation = "revokeToken", .group = "access",
       .what = "Takes a token back, from now on.", .right = Right::administer,
       .parameters = {{.name = "token", .in = In::path, .what = "its id"}}, .gives = {"Token"},
       .fails = {FailureCode::NOT_FOUND}, .answer = revoke_token},

      // Workers on other machines.
      {.method = Method::post, .path = "/api/v1/workers", .operation = "registerWorker", .group = "workers",
       .what = "Registers a worker; the same name with the same token's name is the same worker.", .right = Right::work,
       .takes = Content{"WorkerIntroduction"}, .gives = {"WorkerRegistration"},
       .fails = {FailureCode::WORKER_TOO_OLD}, .answer = register_worker},
      {.path = "/api/v1/workers", .operation = "listWorkers", .group = "workers",
       .what = "Who is there, and which runs each holds.", .right = Right::see, .gives = {"Workers"},
       .answer = list_workers},
      {.method = Method::post, .path = "/api/v1/workers/{worker}/claim", .operation = "claimRuns", .group = "workers",
       .what = "Grants execute steps under leases, or verify steps of what others executed; waits where there are "
               "none. The same `request_id` again gets what it was granted and holds still; with `max` 0, that alone.",
       .right = Right::work, .parameters = {worker_parameter()}, .takes = Content{"ClaimRequest"},
       .gives = {"Assignments"}, .fails = {FailureCode::NOT_FOUND}, .answer = claim_runs},
      {.method = Method::post, .path = "/api/v1/workers/{worker}/heartbeat", .operation = "renewRuns",
       .group = "workers", .what = "Renews the leases of all runs that the worker holds, and says what is to become of each.",
       .right = Right::work, .parameters = {worker_parameter()}, .takes = Content{"HeldRuns"}, .gives = {"Directives"},
       .fails = {FailureCode::NOT_FOUND}, .answer = renew_runs},
      {.method = Method::post, .path = "/api/v1/workers/{worker}/drain", .operation = "drainWorker", .group = "workers",
       .what = "It finishes what it holds, and is granted nothing more until it registers again.", .right = Right::act,
       .parameters = {worker_parameter()}, .takes_key = false, .gives = {"Worker"}, .fails = {FailureCode::NOT_FOUND},
       .answer = drain_worker},
      {.method = Method::post, .path = "/api/v1/runs/{run}/log", .operation = "appendRunLog", .group = "workers",
       .what = "Appends to the run's log, a megabyte at most. The answer says where it ends: another offset than the end "
               "appends nothing.",
       .right = Right::work,
       .parameters = {run_parameter(), fence_parameter(),
                      {.name = "offset", .kind = Kind::integer, .what = "in bytes", .otherwise = 0}},
       .takes = problem_free_text, .gives = {"LogEnd"}, .fails = {FailureCode::LEASE_STALE, FailureCode::STORE_FULL},
       .answer = append_run_log},
      {.path = "/api/v1/runs/{run}/base.bundle", .operation = "getBaseBundle", .group = "workers",
       .what = "The commit that the run starts from, or that is to be verified, with its history, as a git bundle. "
               "`X-Bundle-Bytes` says how many bytes it has.",
       .right = Right::work,
       .parameters = {run_parameter(), fence_parameter(),
                      {.name = "have", .what = "commits that are there already, with commas between"}},
       .gives = {"", "application/x-git-bundle"}, .fails = {FailureCode::LEASE_STALE, FailureCode::GIT_FAILED},
       .answer = get_base_bundle},
      {.method = Method::put, .path = "/api/v1/runs/{run}/result.bundle", .operation = "putResultBundle",
       .group = "workers",
       .what = "What the run leaves: a git bundle of one commit whose only parent is the run's base. Sent before `complete`.",
       .right = Right::work, .parameters = {run_parameter(), fence_parameter()},
       .takes = Content{"", "application/x-git-bundle"}, .gives = {"Taken"}, .body_bytes_max = port::result_bundle_bytes_max,
       .fails = {FailureCode::LEASE_STALE, FailureCode::GIT_FAILED, FailureCode::PATH_FORBIDDEN,
                 FailureCode::AGENT_DISK_LIMIT},
       .answer = put_result_bundle},
      {.method = Method::post, .path = "/api/v1/runs/{run}/complete", .operation = "completeRun", .group = "workers",
       .what = "Ends the execute step with its result. The same report again changes nothing.", .right = Right::work,
       .parameters = {run_parameter()}, .takes = Content{"ExecutedReport"}, .gives = {"Taken"},
       .fails = {FailureCode::LEASE_STALE, FailureCode::COMMIT_MISSING, FailureCode::PATH_FORBIDDEN},
       .answer = complete_run},
      {.method = Method::post, .path = "/api/v1/runs/{run}/verified", .operation = "verifyRun", .group = "workers",
       .what = "Ends the verify step: nothing was red. There is evidence for each check and each criterion that no person "
               "judged. The same report again changes nothing.",
       .right = Right::judge, .parameters = {run_parameter()}, .takes = Content{"VerifiedReport"}, .gives = {"Taken"},
       .body_bytes_max = port::verdict_bytes_max,
       .fails = {FailureCode::LEASE_STALE, FailureCode::COMMIT_MISSING, FailureCode::STATE_REFUSED},
       .answer = verified_run},
      {.method = Method::post, .path = "/api/v1/runs/{run}/fail", .operation = "failRun", .group = "workers",
       .what = "Ends the step without a result; of a verify step with the evidence as far as it went.",
       .right = Right::work, .parameters = {run_parameter()}, .takes = Content{"FailedReport"}, .gives = {"Taken"},
       .body_bytes_max = port::verdict_bytes_max,
       .fails = {FailureCode::LEASE_STALE, FailureCode::COMMIT_MISSING, FailureCode::STATE_REFUSED},
       .answer = fail_run},
      {.method = Method::post, .path = "/api/v1/runs/{run}/release", .operation = "releaseRun", .group = "workers",
       .what = "Gives the step back unfinished.", .right = Right::work, .parameters = {run_parameter()},
       .takes = Content{"ReleaseReport"}, .gives = {"Taken"}, .fails = {FailureCode::LEASE_STALE},
       .answer = release_run},
  };
}

}  // namespace

std::span<const Group> groups() {
  static constexpr auto all = std::to_array<Group>({
      {"gateway", "Of the gateway itself."},
      {"specs", "Texts, and the versions that are locked."},
      {"drafts", "Texts that are written here, validated, and approved by a person."},
      {"intake", "Three questions that make a spec."},
      {"tasks", "What is to be done, and where it stands."},
      {"runs", "Attempts at a task."},
      {"events", "The log: all that has happened."},
      {"pipeline", "The whole: figures, and what needs a person."},
      {"controls", "The switches."},
      {"access", "Who may ask."},
      {"workers", "Agents on other machines."},
  });
  return all;
}

bool takes_key(const Route& route) {
  const bool by_persons = route.right == Right::act || route.right == Right::administer;
  return route.method == Method::post && by_persons && route.takes_key;
}

const std::vector<Route>& routes() {
  static const auto all = table();
  return all;
}

Response json(const wire::Json& value, int status) { return {.status = status, .body = wire::to_text(value)}; }

}  // namespace vitana::gateway
