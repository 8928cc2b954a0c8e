// Requests in, answers out: finds the route, judges the caller and what is asked, calls the handler.
#pragma once

#include "domain/access.h"
#include "engine/engine.h"
#include "gateway/event_stream.h"
#include "gateway/figures.h"
#include "gateway/http.h"
#include "gateway/limits.h"
#include "gateway/route.h"
#include "gateway/target.h"

namespace vitana::gateway {

/// Thread-safe. Knows no socket.
class Gateway {
 public:
  /// `engine` outlives it. `url`: how others reach it; empty: not known.
  Gateway(engine::Engine& engine, Files files, const LimitOptions& limits = {}, std::string url = {})
      : engine_(engine), files_(std::move(files)), url_(std::move(url)), pages_(engine.store()), limits_(limits) {}

  /// Does not throw. Every error is a problem document with a code of the catalogue.
  Response answer(const Request& request);

  /// What it counts, and what others count beside it.
  const std::shared_ptr<Figures>& figures() const { return figures_; }

  /// Of a request whose body was not read yet: how much of it is taken. Does not throw. Errors: of those who are not
  /// let in, and where there is no such route.
  Result<BodyBound> body_bytes_max(const Request& head);

 private:
  /// `told`: gets what is told of the request, as soon as it is known.
  Result<Response> handle(const Request& request, Response& told);
  Result<domain::Caller> caller(const Route& route, const Request& request);
  /// What was shown did not let in: that is counted against where it came from, and this is the answer.
  Error not_let_in(const Request& request, std::string_view shown, Error why);
  /// Is what the path names within the caller's reach? What is not is as if it were not there.
  Result<void> reaches(const domain::Caller& caller, const Arguments& arguments);

  engine::Engine& engine_;
  const Files files_;
  const std::string url_;
  LogPages pages_;
  const std::shared_ptr<Figures> figures_ = std::make_shared<Figures>();
  Limits limits_;
};

/// The route that a path is of, and the values of its parameters. Errors: NOT_FOUND; METHOD_REFUSED, with the
/// methods that there are in the context `allow`.
struct Match {
  const Route* route;
  std::map<std::string, std::string> values;
};
Result<Match> match(Method method, const std::vector<std::string>& path);

}  // namespace vitana::gateway
