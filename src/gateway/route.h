// A route of the gateway: one row says what is routed, who may call it, what it takes and answers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/access.h"
#include "engine/engine.h"
#include "gateway/arguments.h"
#include "gateway/event_stream.h"
#include "gateway/figures.h"
#include "gateway/http.h"
#include "gateway/webhook.h"
#include "remote/assignment_json.h"
#include "wire/json.h"
#include "worker/candidate.h"
#include "worker/run_log.h"

namespace vitana::gateway {

/// What lies beside the store of runs that workers on other machines carry out. Each of `run` as it is leased.
/// Thread-safe. Common errors: REPO_UNKNOWN, REPO_RULES_INVALID, GIT_FAILED.
struct RunFiles {
  struct LogEnd {
    std::size_t offset = 0;
    bool full = false;
  };
  struct Outcome {
    std::string tree;
    bool changed = false;
  };
  /// Bytes, and what is held for as long as they are.
  struct Bundle {
    std::string bytes;
    std::shared_ptr<const void> turn;
  };

  /// Of a verify step what is judged is made here. Errors: AGENT_UNKNOWN; of a verify step those of
  /// worker::make_candidate, and what it found that the result does not stand for.
  std::function<Result<remote::Terms>(const port::Assignment& assignment)> terms = {};
  /// What terms() made last for the run's verify step, as it would be delivered now. Errors: COMMIT_MISSING.
  std::function<Result<worker::Candidate>(const port::Assignment& assignment)> candidate = {};
  /// Hides in what others saw of the agent's work the secrets that it was granted here.
  std::function<worker::Redactor(const std::string& agent)> redactor = {};
  /// The base commit, or what the verify step judges, with what is missing for it, where the commits `have` are there.
  std::function<Result<Bundle>(const domain::Run& run, const std::vector<std::string>& have)> base_bundle = {};
  /// Takes the objects that a worker sends, and keeps the result that they are. Errors: PATH_FORBIDDEN,
  /// AGENT_DISK_LIMIT.
  std::function<Result<void>(const domain::Run& run, const std::string& bundle)> take_bundle = {};
  /// The result that was sent as `commit`. Errors: as take_bundle; COMMIT_MISSING - it was not.
  std::function<Result<Outcome>(const domain::Run& run, const std::string& commit)> result = {};
  /// Appends where `offset` is the log's end; says where it ends. Errors: STORE_FULL.
  std::function<Result<LogEnd>(const RunId& run, std::size_t offset, std::string_view text)> append_log = {};
};

/// What lies beside the store on the gateway's machine.
struct Files {
  /// Errors: NOT_FOUND.
  std::function<Result<std::string>(const RunId& run, std::size_t offset, std::size_t bytes_max)> log = {};
  std::function<Result<std::string>(const RunId& run)> diff = {};
  /// By which forges sign, as they are now.
  std::function<std::vector<HookSecret>()> hook_secrets = {};
  RunFiles runs = {};
};

/// One call of a route, with all that was judged before its handler: the caller may call it, the arguments and
/// the body fit the row, and what the path names is within the caller's reach.
struct Exchange {
  engine::Engine& engine;
  const Files& files;
  const Request& request;
  const Arguments& arguments;
  const wire::Json& body;  ///< null where the route takes none, or it was left out
  engine::Asked asked;     ///< who asks, with the request's key; of a route for everybody, and of a forge: nobody
  Instant now{};
  bool by_forge = false;   ///< a signature stands in the place of a token; the handler judges it first
  const Figures& figures;
  std::string_view url = {};  ///< how others reach the gateway; empty: not known
  LogPages& pages;
};

using Answer = Result<Response> (*)(Exchange&);

/// A body as it stands in the document: its media type, and the name of its schema in gateway/schema; without one
/// its bytes are the handler's to read.
struct Content {
  std::string_view schema;
  std::string_view type = "application/json";
};

struct Route {
  Method method = Method::get;
  std::string_view path;       ///< "/api/v1/tasks/{vtid}"
  std::string_view operation;  ///< its name in programs that are made from the document
  std::string_view group;
  std::string_view what;       ///< one sentence
  std::optional<domain::Right> right;  ///< absent: for everybody, without a token
  std::vector<Parameter> parameters;
  std::optional<Content> takes;
  bool may_be_empty = false;  ///< the body may be left out
  bool takes_key = true;      ///< of a POST that changes something; false: asked twice is as asked once
  bool by_forge = false;      ///< a forge's signature may take the place of a token
  int status = 200;           ///< of a good answer
  Content gives;
  std::size_t body_bytes_max = 0;  ///< of a body that may be larger than every route's; 0: it may not
  std::vector<FailureCode> fails;  ///< beside those that every route of its kind may answer
  Answer answer;
};

/// Does it take an Idempotency-Key? What workers report is told from its repetition by its fence.
bool takes_key(const Route& route);

/// The whole table. A path stands before another that would match it too.
const std::vector<Route>& routes();

/// The groups of routes, each with a sentence.
struct Group {
  std::string_view name;
  std::string_view what;
};
std::span<const Group> groups();

/// A JSON answer.
Response json(const wire::Json& value, int status = 200);

}  // namespace vitana::gateway
