#include "gateway/gateway.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gateway/document.h"
#include "gateway/problem.h"
#include "wire/hostile.h"

namespace vitana::gateway {
namespace {

using wire::Json;

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
  if (!route.takes) {
    if (request.body.empty()) return Json();
    return failure(FailureCode::REQUEST_INVALID, "this route takes no body");
  }
  const auto type = request.header("content-type");
  const auto wanted = route.takes->type.substr(0, route.takes->type.find(';'));
  if (type.substr(0, type.find(';')) != wanted) {
    return failure(FailureCode::REQUEST_INVALID, fmt::format("the body is sent as Content-Type: {}", route.takes->type));
  }
  if (route.takes->schema.empty()) return Json();  // its bytes are the handler's to judge
  auto body = wire::parse_hostile(request.body);
  if (!body) return failure(FailureCode::REQUEST_INVALID, "the body is no JSON, too large, or nested too deep");
  if (auto fit = fits(route.takes->schema, *body); !fit) return failure(std::move(fit.error()));
  return std::move(*body);
}

/// What an answer is by its content: the same text has the same tag.
std::string tag_of(const Response& response) {
  return fmt::format("\"{}\"", Digest::of(response.body).hex().substr(0, 32));
}

void add_tag(const Request& request, Response& response) {
  if (request.method != Method::get || response.status != 200 || response.stream) return;
  const auto tag = tag_of(response);
  response.headers.emplace_back("ETag", tag);
  if (request.header("if-none-match").find(tag) == std::string_view::npos) return;
  response.status = 304;
  response.body.clear();
}

void add_safety(Response& response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
}

constexpr std::string_view bearer = "Bearer ";

/// Ends with the token that opened it.
class GuardedStream : public Stream {
 public:
  GuardedStream(engine::Access& access, std::string token, std::shared_ptr<Stream> stream)
      : access_(access), token_(std::move(token)), stream_(std::move(stream)) {}

  Result<std::string> next() override {
    if (auto who = access_.identify(token_); !who) return failure(std::move(who.error()));
    return stream_->next();
  }
  bool ended() const override { return stream_->ended(); }
  std::string_view heartbeat() const override { return stream_->heartbeat(); }

 private:
  engine::Access& access_;
  const std::string token_;
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
  try {
    auto answered = handle(request);
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
  add_tag(request, response);
  add_safety(response);
  return response;
}

std::size_t Gateway::body_bytes_max(const Request& head) {
  try {
    const auto target = parse_target(head.target);
    if (!target) return 0;
    const auto found = match(head.method, target->path);
    // A large body is taken from nobody but those whom the route lets in.
    if (!found || found->route->body_bytes_max == 0 || !caller(*found->route, head)) return 0;
    return found->route->body_bytes_max;
  } catch (const std::exception&) {
    return 0;  // answer() meets it again, and says so
  }
}

Result<Response> Gateway::handle(const Request& request) {
  const auto target = parse_target(request.target);
  if (!target) return failure(target.error());
  auto found = match(request.method, target->path);
  if (!found) return failure(std::move(found.error()));
  const Route& route = *found->route;
  auto who = caller(route, request);
  if (!who) return failure(std::move(who.error()));
  const auto arguments = read_arguments(route.parameters, found->values, target->query);
  if (!arguments) return failure(arguments.error());
  const auto body = body_of(route, request);
  if (!body) return failure(body.error());
  if (auto within = reaches(*who, *arguments); !within) return failure(std::move(within.error()));
  Exchange exchange{engine_, files_, request, *arguments, *body, std::move(*who)};
  auto response = route.answer(exchange);
  if (route.right && response && response->stream) {
    const auto token = request.header("authorization").substr(bearer.size());
    response->stream = std::make_shared<GuardedStream>(engine_.access, std::string(token), response->stream);
  }
  return response;
}

Result<domain::Caller> Gateway::caller(const Route& route, const Request& request) {
  if (!route.right) return domain::Caller{};
  const auto sent = request.header("authorization");
  if (!sent.starts_with(bearer)) return failure(FailureCode::UNAUTHENTICATED, "the request has no token");
  auto who = engine_.access.identify(sent.substr(bearer.size()));
  if (!who) return who;
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
