#include "gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/browser.h"
#include "gateway/compression.h"
#include "gateway/document.h"
#include "gateway/problem.h"
#include "wire/hostile.h"

namespace vitana::gateway {
namespace {

using wire::Json;

constexpr std::size_t known_body_bytes_max = std::size_t{4} << 20;  ///< of those who are let in
constexpr std::size_t forge_body_bytes_max = std::size_t{4} << 20;

/// A delivery that says it is signed. Whether it is, only all of its body tells.
bool is_from_forge(const Route& route, const Request& request) {
  return route.by_forge && request.header("authorization").empty() && is_signed(request);
}

/// The values of the path's parameters, where the pattern fits.
std::optional<std::map<std::string, std::string>> values_of(std::string_view pattern,
                                                            const std::vector<std::string>& path) {
  std::map<std::string, std::string> values;
  for (const auto& part : path) {
    if (!pattern.starts_with('/')) return std::nullopt;
    pattern.remove_prefix(1);
    const auto expected = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(expected.size());
    if (expected.starts_with('{') && !part.empty()) {
      values.emplace(expected.substr(1, expected.size() - 2), part);
    } else if (expected != part) {
      return std::nullopt;
    }
  }
  return pattern.empty() ? std::optional(std::move(values)) : std::nullopt;
}

Result<Json> body_of(const Route& route, const Request& request) {
  // What a small body unfolds to has no bound.
  if (!request.header("content-encoding").empty() && request.header("content-encoding") != "identity") {
    return failure(FailureCode::REQUEST_INVALID, "a body is sent as it is, without Content-Encoding");
  }
  if (request.body.empty() && (!route.takes || route.may_be_empty)) return Json();
  if (!route.takes) {
    return failure(FailureCode::REQUEST_INVALID, "this route takes no body");
  }
  const auto type = request.header("content-type");
  const auto wanted = route.takes->type.substr(0, route.takes->type.find(';'));
  if (type.substr(0, type.find(';')) != wanted) {
    return failure(FailureCode::REQUEST_INVALID, fmt::format("the body is sent as Content-Type: {}", route.takes->type));
  }
  if (route.takes->schema.empty()) return Json();  // the handler reads it
  auto body = wire::parse_hostile(request.body);
  if (!body) return failure(FailureCode::REQUEST_INVALID, "the body is no JSON, too large, or nested too deep");
  if (auto fit = fits(route.takes->schema, *body); !fit) return failure(std::move(fit.error()));
  return std::move(*body);
}

/// What an answer is by its content and its form: the same text in the same form has the same tag.
std::string tag_of(const Response& response, bool compressed) {
  return fmt::format("\"{}{}\"", Digest::of(response.body).hex().substr(0, 32), compressed ? "-gzip" : "");
}

/// The tag that the handler gave; empty: none.
std::string own_tag(const Response& response) {
  const auto own = std::find_if(response.headers.begin(), response.headers.end(),
                                [](const auto& header) { return header.first == "ETag"; });
  return own == response.headers.end() ? std::string() : own->second;
}

void add_tag(const Request& request, Response& response, bool compressed) {
  if (request.method != Method::get || response.status != 200 || response.stream) return;
  auto tag = own_tag(response);
  if (tag.empty()) response.headers.emplace_back("ETag", tag = tag_of(response, compressed));
  if (request.header("if-none-match").find(tag) == std::string_view::npos) return;
  response.status = 304;
  response.body.clear();
}

void add_safety(Response& response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  const bool has_policy = std::any_of(response.headers.begin(), response.headers.end(),
                                      [](const auto& header) { return header.first == "Content-Security-Policy"; });
  if (!has_policy) {
    response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
}

void shrink(Response& response, bool compressed) {
  if (response.stream) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (compressed) compress(response);
}

constexpr std::string_view bearer = "Bearer ";
constexpr std::size_t key_bytes_max = 255;

/// The header Idempotency-Key, as a name for this very request. Errors: REQUEST_INVALID.
Result<std::optional<engine::OnceKey>> key_of(const domain::Caller& caller, const Request& request) {
  const auto key = request.header("idempotency-key");
  if (key.empty()) return std::optional<engine::OnceKey>();
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (key.size() > key_bytes_max || !printable) {
    return failure(Error{FailureCode::REQUEST_INVALID,
                         fmt::format("Idempotency-Key is 1 to {} printable characters", key_bytes_max)}
                       .with("parameter", "Idempotency-Key"));
  }
  Hasher hasher;
  hasher.feed_framed(request.target);
  hasher.feed_framed(request.body);
  return std::optional(engine::OnceKey{caller.id, std::string(key), hasher.finish()});
}

/// What a request shows to be let in.
struct Shown {
  std::string text;
  engine::Credential as = engine::Credential::token;
};

/// A token, or a browser's session. Errors: UNAUTHENTICATED.
Result<Shown> shown_by(const Request& request) {
  const auto sent = request.header("authorization");
  if (sent.starts_with(bearer)) return Shown{std::string(sent.substr(bearer.size()))};
  const auto session = session_of(request);
  if (!session.empty()) return Shown{std::string(session), engine::Credential::session};
  return failure(FailureCode::UNAUTHENTICATED, "the request has no token");
}

/// Ends with what has opened it.
class GuardedStream : public Stream {
 public:
  GuardedStream(engine::Access& access, Shown shown, std::shared_ptr<Stream> stream)
      : access_(access), shown_(std::move(shown)), stream_(std::move(stream)) {}

  Result<std::string> next() override {
    if (auto who = access_.identify(shown_.text, shown_.as); !who) return failure(std::move(who.error()));
    return stream_->next();
  }
  bool caught_up() const override { return stream_->caught_up(); }
  bool ended() const override { return stream_->ended(); }
  std::string_view heartbeat() const override { return stream_->heartbeat(); }

 private:
  engine::Access& access_;
  const Shown shown_;
  const std::shared_ptr<Stream> stream_;
};

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get: return "get";
    case Method::post: return "post";
    case Method::put: return "put";
    case Method::delete_: return "delete";
  }
  return "";
}

Result<Match> match(Method method, const std::vector<std::string>& path) {
  std::string allow;
  for (const auto& route : routes()) {
    auto values = values_of(route.path, path);
    if (!values) continue;
    if (route.method == method) return Match{&route, std::move(*values)};
    std::string name(name_of(route.method));
    for (auto& c : name) c = static_cast<char>(c - 'a' + 'A');
    allow += (allow.empty() ? "" : ", ") + name;
  }
  if (allow.empty()) {
    return failure(Error{FailureCode::NOT_FOUND, "there is no such address"}.with("hint", "what there is: /openapi.json"));
  }
  return failure(Error{FailureCode::METHOD_REFUSED, fmt::format("this address knows {}", allow)}.with("allow", allow));
}

Response Gateway::answer(const Request& request) {
  Response response;
  Response told;
  try {
    auto answered = handle(request, told);
    if (answered) {
      response = std::move(*answered);
    } else {
      response = problem(answered.error());
      const auto allow = answered.error().context.find("allow");
      if (allow != answered.error().context.end()) response.headers.emplace_back("Allow", allow->second);
    }
  } catch (const std::exception& thrown) {
    response = problem({FailureCode::INVARIANT_BROKEN, thrown.what()});
  }
  response.route = told.route;
  response.actor = std::move(told.actor);
  // A tag of what stands in the store is of one form: it is sent back to change that.
  const bool compressed = own_tag(response).empty() && is_compressed(request, response);
  add_tag(request, response, compressed);
  shrink(response, compressed);
  add_safety(response);
  return response;
}

Result<BodyBound> Gateway::body_bytes_max(const Request& head) {
  try {
    const auto target = parse_target(head.target);
    if (!target) return failure(target.error());
    const auto found = match(head.method, target->path);
    if (!found) return failure(found.error());
    const Route& route = *found->route;
    // A large body is taken from nobody but those whom the route lets in; who a forge is, only all of it tells.
    if (is_from_forge(route, head)) return BodyBound{forge_body_bytes_max, false};
    if (!route.right) return BodyBound{};
    if (const auto who = caller(route, head); !who) return failure(who.error());
    return BodyBound{std::max(route.body_bytes_max, known_body_bytes_max), true};
  } catch (const std::exception& thrown) {
    return failure(FailureCode::INVARIANT_BROKEN, thrown.what());
  }
}

Result<Response> Gateway::handle(const Request& request, Response& told) {
  const auto shown = shown_by(request);
  const auto who_asks = shown ? std::string_view(shown->text) : std::string_view();
  if (!request.again) {
    auto taken = limits_.ask(request.origin, who_asks, Limits::Time::clock::now());
    if (!taken) return failure(std::move(taken.error()));
  }
  const auto target = parse_target(request.target);
  if (!target) return failure(target.error());
  auto found = match(request.method, target->path);
  if (!found) return failure(std::move(found.error()));
  const Route& route = *found->route;
  told.route = route.path;
  const bool by_forge = is_from_forge(route, request);
  auto who = by_forge ? Result<domain::Caller>() : caller(route, request);
  if (!who) return failure(std::move(who.error()));
  told.actor = who->actor;
  const auto arguments = read_arguments(route.parameters, found->values, target->query);
  if (!arguments) return failure(arguments.error());
  // What a forge sends is read when its signature was judged.
  const auto body = by_forge ? Result<Json>() : body_of(route, request);
  if (!body) return failure(body.error());
  if (auto within = reaches(*who, *arguments); !within) return failure(std::move(within.error()));
  auto key = takes_key(route) ? key_of(*who, request) : Result<std::optional<engine::OnceKey>>();
  if (!key) return failure(std::move(key.error()));
  Exchange exchange{.engine = engine_,
                    .files = files_,
                    .request = request,
                    .arguments = *arguments,
                    .body = *body,
                    .asked = {*who, std::move(*key)},
                    .now = engine_.now(),
                    .by_forge = by_forge,
                    .figures = *figures_,
                    .url = url_,
                    .pages = pages_};
  auto response = route.answer(exchange);
  if (by_forge && !response && response.error().code == FailureCode::UNAUTHENTICATED) {
    return failure(not_let_in(request, "", std::move(response.error())));
  }
  if (response && response->status == 401) {  // the login page says so in words of its own
    auto failed = not_let_in(request, "", {FailureCode::UNAUTHENTICATED, "this does not let in"});
    if (failed.code == FailureCode::TOO_MANY_REQUESTS) return failure(std::move(failed));
  }
  if (route.right && response && response->stream) {
    response->stream = std::make_shared<GuardedStream>(engine_.access, *shown_by(request), response->stream);
  }
  return response;
}

Error Gateway::not_let_in(const Request& request, std::string_view shown, Error why) {
  return limits_.failed(request.origin, shown, std::move(why), Limits::Time::clock::now());
}

Result<domain::Caller> Gateway::caller(const Route& route, const Request& request) {
  if (!route.right) return domain::Caller{};
  const auto shown = shown_by(request);
  if (!shown) return failure(not_let_in(request, "", shown.error()));
  if (shown->as == engine::Credential::session && request.method != Method::get) {
    if (auto same = require_same_origin(request, url_); !same) return failure(std::move(same.error()));
  }
  auto who = engine_.access.identify(shown->text, shown->as);
  if (!who && who.error().code == FailureCode::UNAUTHENTICATED) {
    return failure(not_let_in(request, shown->text, std::move(who.error())));
  }
  if (!who) return who;
  limits_.held(shown->text);
  if (!who->may(*route.right)) {
    return failure(FailureCode::NOT_ALLOWED, fmt::format("this needs the right '{}', which the role {} has not",
                                                         name_of(*route.right), name_of(who->role)));
  }
  return who;
}

Result<void> Gateway::reaches(const domain::Caller& caller, const Arguments& arguments) {
  if (caller.repos.empty()) return {};
  for (const auto& [name, value] : arguments.all()) {
    std::optional<Vtid> vtid;
    if (const auto* of = std::get_if<Vtid>(&value)) vtid = *of;
    if (const auto* of = std::get_if<RunId>(&value)) vtid = of->vtid;
    if (!vtid || name == "cursor") continue;
    bool within = false;
    auto done = engine_.store().read([&](store::Reader& reader) -> Result<void> {
      const auto task = reader.task(*vtid);
      within = task && caller.reaches(task->repo);
      return {};
    });
    if (!done) return done;
    if (!within) return failure(FailureCode::NOT_FOUND, fmt::format("there is no task {}", vtid->to_string()));
  }
  return {};
}

}  // namespace vitana::gateway
