// The closed catalogue of failures. One table: every other list (documentation, HTTP status,
// retry rules, the words an operator reads) is derived from it.
//
// A failure without a code cannot be constructed, and there is no code for "unknown".
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace vitana {

enum class FailureClass {
  spec, governance, dispatch, worker, agent, timeout, verification,
  delivery, git, network, storage, budget, environment, internal,
};

/// Who can end the failure.
enum class FailureActor {
  engine,    ///< nobody: the engine tries again by itself
  author,    ///< who wrote the specification
  operator_,  ///< who runs Vitana
  agent,     ///< the agent, in its next run
};

// X(code, class, retryable, actor, http status, hint)
// `retryable`: a new run may be started without a person, as far as its budget goes.
// clang-format off
#define VITANA_FAILURES(X)                                                                         \
  /* spec */                                                                                       \
  X(SPEC_NOT_FOUND,        spec, false, author, 404, "commit a spec file, or register one: vitana spec register FILE --reason TEXT") \
  X(SPEC_INVALID,          spec, false, author, 422, "mend what the diagnostics name: vitana spec validate FILE") \
  X(SPEC_CONFLICT,         spec, false, author, 409, "leave one text for this VTID, or choose one: vitana spec register FILE --resolve --reason TEXT") \
  X(SPEC_RENUMBERED,       spec, false, author, 409, "the same text is registered under another VTID; remove one, or approve this one: vitana spec approve VTID") \
  X(SPEC_NOT_APPROVED,     spec, false, operator_, 409, "read the new version, then: vitana spec approve VTID") \
  X(CHECKSUM_MISMATCH,     spec, false, operator_, 409, "vitana audit names what is damaged; a backup takes its place with: vitana restore BACKUP; a changed text is a new version") \
  X(VTID_INVALID,          spec, false, author, 422, "an id is VTID- and 5 to 9 digits, such as VTID-01213") \
  X(VTID_LEGACY_FORM,      spec, false, author, 422, "ids with a suffix or a family are not read; give the file a number of its own") \
  X(VTID_MISMATCH,         spec, false, author, 422, "the file's name and its text name different VTIDs; make them one") \
  X(VTID_JUMP,             spec, false, operator_, 409, "the number is far beyond the last one; if it is meant: vitana spec register FILE --reason TEXT --allow-jump") \
  X(VTID_EXHAUSTED,        spec, false, operator_, 409, "the highest number there can be is given out: name a free one, or begin another store") \
  X(DEPENDENCY_UNKNOWN,    spec, false, author, 409, "no task has that VTID; mend the Depends on line or add the task's spec") \
  X(DEPENDENCY_CYCLE,      spec, false, author, 409, "the tasks wait for each other; remove one Depends on line") \
  X(DEPENDENCY_PENDING,    spec, false, engine, 409, "it goes on by itself when the tasks it depends on are completed") \
  X(DEPENDENCY_FAILED,     spec, false, operator_, 409, "retry the task it depends on, or remove the dependency") \
  /* governance */                                                                                 \
  X(EXECUTION_PAUSED,      governance, true,  operator_, 409, "vitana controls set execution on --reason TEXT") \
  X(NOT_ADOPTED,           governance, false, operator_, 409, "vitana spec adopt GLOB --run, or --done") \
  X(APPROVAL_REQUIRED,     governance, false, operator_, 409, "vitana task approve VTID") \
  X(REPO_UNSETTLED,        governance, true,  operator_, 409, "what was delivered before is known when the repository was read: vitana spec sync") \
  X(QUARANTINED,           governance, false, operator_, 409, "see why its workers died, then: vitana task retry VTID") \
  X(PATH_FORBIDDEN,        governance, false, author, 422, "the change touches a protected path; allow it in the spec's front matter (paths:) or in [policy]") \
  X(STATE_REFUSED,         governance, false, operator_, 409, "the task is not in a state that allows this; see: vitana task show VTID") \
  X(LEASE_STALE,           governance, false, engine, 409, "a newer grant holds this run; the late report was refused") \
  X(CANCELLED,             governance, false, operator_, 409, "vitana task retry VTID starts it again") \
  X(UNSANDBOXED_REFUSED,   governance, false, operator_, 409, "this spec came from outside and the sandbox is not available; see: vitana doctor") \
  X(UNAUTHENTICATED,       governance, false, operator_, 401, "send a token that holds, as Authorization: Bearer TOKEN; one is made with: vitana tokens create --role ROLE") \
  X(NOT_ALLOWED,           governance, false, operator_, 403, "the token's role does not allow this; see: vitana tokens list") \
  /* dispatch */                                                                                   \
  X(ROUTE_FAILED,          dispatch, true,  engine, 502, "the worker's address did not answer; the run waits for pickup") \
  X(PICKUP_TIMEOUT,        dispatch, true,  operator_, 504, "no worker took the run in time; see: vitana workers") \
  /* worker */                                                                                     \
  X(WORKER_LOST,           worker, true,  engine, 500, "the worker stopped renewing its lease; the step is granted again") \
  X(WORKER_TOO_OLD,        worker, false, operator_, 426, "upgrade the worker") \
  X(VERIFIER_FAILED,       worker, true,  operator_, 500, "a verifier on another machine could not judge; the step is tried again, by another one where there is one; see the cause") \
  X(WORKSPACE_FAILED,      worker, true,  operator_, 500, "the workspace could not be made; see the cause, and the disk") \
  X(ENGINE_STOPPED,        worker, true,  engine, 503, "the engine stopped in the middle; the step is granted again") \
  /* agent */                                                                                      \
  X(AGENT_FAILED,          agent, true,  agent, 500, "read the agent's log: vitana task log VTID") \
  X(AGENT_NO_CHANGE,       agent, true,  agent, 422, "there is nothing to deliver: the agent changed nothing, or the branch holds it already; see: vitana task log VTID") \
  X(AGENT_QUESTION,        agent, false, operator_, 409, "vitana task answer VTID TEXT") \
  X(AGENT_OUTPUT_LIMIT,    agent, true,  agent, 500, "the agent printed more than its limit") \
  X(AGENT_MEMORY_LIMIT,    agent, true,  agent, 500, "the agent used more memory than [agents.NAME] memory allows") \
  X(AGENT_DISK_LIMIT,      agent, true,  agent, 500, "the workspace grew beyond its limit") \
  X(AGENT_LOGIN,           agent, true,  operator_, 503, "the agent's login or key is refused; see its log") \
  X(AGENT_QUOTA,           agent, true,  operator_, 503, "the agent's account has no quota left") \
  /* timeout */                                                                                    \
  X(AGENT_TIMEOUT,         timeout, true,  agent, 504, "the agent was silent or ran for too long; see [agents.NAME] timeout and silence") \
  X(STEP_TIMEOUT,          timeout, true,  operator_, 504, "a step passed its deadline") \
  /* verification */                                                                               \
  X(VERIFICATION_FAILED,   verification, true,  agent, 422, "a criterion is red on the result: vitana task evidence VTID") \
  X(CHECKS_FAILED,         verification, true,  agent, 422, "the repository's own checks were green before the change and are red after it") \
  X(EVIDENCE_LACKING,      verification, false, operator_, 409, "merging needs a passed criterion, a sign-off, or allow_attested_merge = true") \
  X(SIGN_OFF_REFUSED,      verification, false, author, 409, "a person judged a criterion as not met") \
  /* delivery */                                                                                   \
  X(MERGE_CONFLICT,        delivery, true,  engine, 409, "the branch moved and the change no longer fits; while runs are left, the next starts on the new base; after that: vitana task retry VTID") \
  X(DELIVERY_TARGET_DIRTY, delivery, false, operator_, 409, "the checked-out branch has uncommitted changes; commit or stash them, delivery goes on by itself") \
  X(DELIVERY_REFUSED,      delivery, false, operator_, 409, "see the cause and mend it, then: vitana task retry VTID") \
  X(DELIVERY_RACE,         delivery, true,  engine, 409, "the branch moved more often than allowed while the change was delivered") \
  /* git */                                                                                        \
  X(REPO_UNAVAILABLE,      git, true,  operator_, 503, "the repository cannot be read; see [[repos]] path or url") \
  X(BRANCH_MISSING,        git, true,  operator_, 404, "commit something to it, or mend [[repos]] branch") \
  X(GIT_FAILED,            git, true,  operator_, 500, "a git command failed; see the cause") \
  X(COMMIT_MISSING,        git, false, operator_, 404, "the commit is not in the repository any more") \
  /* network */                                                                                    \
  X(NETWORK_UNREACHABLE,   network, true,  engine, 503, "the other side does not answer") \
  X(PEER_REFUSED,          network, true,  operator_, 502, "the other side did not take what it was told; see what it answered, and whether address and secret are still right") \
  X(LISTEN_FAILED,         network, false, operator_, 500, "the address is taken or not this machine's; name another: --listen HOST:PORT") \
  /* storage */                                                                                    \
  X(STORE_FAILED,          storage, true,  operator_, 500, "the database refused a statement; see the cause") \
  X(STORE_UNAVAILABLE,     storage, true,  engine, 503, "the database server cannot be reached; it is tried again") \
  X(STORE_BUSY,            storage, true,  engine, 503, "another process holds the database; try again") \
  X(STORE_FULL,            storage, true,  operator_, 507, "the disk is full; free some space, nothing was lost") \
  X(STORE_READ_ONLY,       storage, false, operator_, 500, "the data directory cannot be written; see its permissions") \
  X(STORE_TOO_NEW,         storage, false, operator_, 409, "a newer vitana wrote this store; use that version") \
  X(STORE_TOO_OLD,         storage, false, operator_, 409, "vitana migrate") \
  X(STORE_DAMAGED,         storage, false, operator_, 500, "vitana audit names what is damaged; a backup takes its place with: vitana restore BACKUP") \
  X(DATA_DIR_IN_USE,       storage, false, operator_, 409, "another vitana runs on this data directory; stop it with: vitana stop") \
  /* budget */                                                                                     \
  X(BUDGET_RUNS,           budget, false, operator_, 429, "the task used its runs; raise [caps] runs_per_task or: vitana task retry VTID") \
  X(SLOTS_BUSY,            budget, true,  engine, 429, "as many runs are under way as [caps] concurrent allows; it goes on by itself") \
  X(BUDGET_DAY,            budget, true,  engine, 429, "the repository used its runs of the last 24 hours; it goes on by itself") \
  /* environment */                                                                                \
  X(BASE_RED,              environment, true,  operator_, 424, "the repository's own checks fail in the sandbox without any change; mend the branch, or what they need there (setup), and the work goes on by itself; what they print: vitana task why VTID") \
  X(SETUP_FAILED,          environment, true,  operator_, 424, "a [[repos]] setup command failed, or a commit cannot be checked out; what was printed: vitana task why VTID") \
  X(REPO_RULES_INVALID,    environment, true,  operator_, 424, "mend vitana.toml on the branch, the work goes on by itself; what is wrong in it: vitana task why VTID") \
  X(SANDBOX_UNAVAILABLE,   environment, true,  operator_, 424, "vitana doctor says why; or set [worker] sandbox = \"prefer\"") \
  X(AGENT_MISSING,         environment, true,  operator_, 424, "the agent's program is not there; see [agents.NAME] command") \
  X(SECRET_MISSING,        environment, true,  operator_, 424, "a place that the configuration names for a secret holds nothing; vitana doctor says which") \
  X(AGENT_UNKNOWN,         environment, false, operator_, 422, "no [agents.NAME] has that name; see: vitana config show") \
  X(CONFIG_INVALID,        environment, false, operator_, 422, "vitana config check") \
  X(CONFIG_MISSING,        environment, false, operator_, 404, "vitana init") \
  X(USAGE,                 environment, false, operator_, 400, "vitana --help") \
  X(NOT_FOUND,             environment, false, operator_, 404, "vitana task list") \
  X(REPO_UNKNOWN,          environment, false, operator_, 404, "no [[repos]] has that name; see: vitana config show") \
  X(REQUEST_INVALID,       environment, false, operator_, 400, "the request does not fit what /openapi.json says of it") \
  X(METHOD_REFUSED,        environment, false, operator_, 405, "the address knows other methods; see the header Allow, and /openapi.json") \
  X(KEY_REUSED,            environment, false, operator_, 422, "the Idempotency-Key came with another request within the last day; give each request its own") \
  X(CHANGED_MEANWHILE,     environment, false, operator_, 412, "somebody else changed it; read it again, and send If-Match with its new ETag") \
  X(REQUEST_TOO_LARGE,     environment, false, operator_, 413, "the request is larger than the gateway reads; send less at once") \
  X(TOO_MANY_REQUESTS,     environment, true,  engine, 429, "more was asked than this token or address may; try again after Retry-After") \
  X(GATEWAY_BUSY,          environment, true,  engine, 503, "more requests wait than the gateway takes; try again after Retry-After") \
  X(FILE_UNREADABLE,       environment, false, operator_, 400, "see the path and its permissions") \
  X(FILE_TOO_LARGE,        environment, false, operator_, 413, "the file is larger than vitana reads") \
  X(OUTPUT_LOST,           environment, false, operator_, 500, "what the command did stays done; give it an output that can be written and ask again") \
  X(PROGRAM_FAILED,        environment, true,  operator_, 500, "a program could not be started; see the cause") \
  X(INTERRUPTED,           environment, false, operator_, 503, "run the command again; what was accepted is kept") \
  /* internal */                                                                                   \
  X(INVARIANT_BROKEN,      internal, false, operator_, 500, "this is a defect of vitana; please report it with the output of: vitana doctor")
// clang-format on

enum class FailureCode {
#define X(code, cls, retryable, actor, http, hint) code,
  VITANA_FAILURES(X)
#undef X
};

/// One row of the catalogue. `name` is what users, events and interfaces read.
struct FailureInfo {
  FailureCode code;
  std::string_view name;
  FailureClass cls;
  bool retryable;
  FailureActor actor;
  int http_status;
  std::string_view hint;
};

/// The whole catalogue, in the order of the table.
std::span<const FailureInfo> failure_catalogue();

const FailureInfo& failure_info(FailureCode code);
std::string_view name_of(FailureCode code);
std::string_view name_of(FailureClass cls);
std::string_view name_of(FailureActor actor);

/// The code with that exact name, or nothing.
std::optional<FailureCode> failure_code(std::string_view name);

}  // namespace vitana
