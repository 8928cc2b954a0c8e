#include "gateway/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <limits>
#include <map>
#include <set>
#include <stop_token>
#include <thread>

#include "base/stop.h"
#include "gateway/certificates.h"
#include "gateway/messages.h"
#include "gateway/parking.h"
#include "gateway/problem.h"
#include "gateway/turns.h"

namespace vitana::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Commits come faster than anybody reads: streams are woken once for all of so long.
constexpr auto wake_delay = 10ms;
constexpr auto accept_again = 100ms;
constexpr auto end_deadline = 1s;
constexpr auto drain_deadline = 1s;
constexpr std::size_t drain_bytes_max = 1 << 20;
/// Requests that wait are asked anew, also where nothing was committed: time makes some things possible.
constexpr auto look_again = 5s;
constexpr std::size_t slowest_bytes_a_second = 64 << 10;

/// Counts itself for as long as it lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::int64_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::int64_t>& count_;
};

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        handlers_(options.handler_threads),
        parking_{Parking(options.handlers_of_a_kind), Parking((options.handlers_of_a_kind + 1) / 2)},
        streaming_(options.handlers_of_a_kind),
        large_json_(options.handlers_of_a_kind) {}
  ~Impl() { stop(Duration::zero()); }

  Result<void> listen();
  void run();
  void wake();
  void stop(Duration grace);
  void hasten();
  bool responds(Duration patience);
  const std::string& url() const { return url_; }

 private:
  /// Keeps a connection in the set, and counted, for as long as its coroutine lives.
  class Entry {
   public:
    Entry(Impl& impl, Connection& connection) : impl_(impl), connection_(connection) {
      impl_.connections_.insert(&connection_);
      ++impl_.by_origin_[connection_.origin];
      ++impl_.options_.figures->connections;
    }
    ~Entry() {
      --impl_.options_.figures->connections;
      if (--impl_.by_origin_[connection_.origin] == 0) impl_.by_origin_.erase(connection_.origin);
      impl_.connections_.erase(&connection_);
      if (impl_.stopping_ && impl_.connections_.empty()) impl_.grace_.cancel();
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    Impl& impl_;
    Connection& connection_;
  };

  net::awaitable<void> accept();
  net::awaitable<void> look_again_now_and_then();
  bool takes(const std::string& origin) const;
  net::awaitable<void> serve(tcp::socket socket);
  /// Where there is a certificate. False: this connection has ended.
  net::awaitable<bool> handshake(Connection& connection);
  /// One request and its answer; may there be another?
  net::awaitable<bool> exchange(Connection& connection);
  net::awaitable<bool> answer(Connection& connection, Message& message);
  net::awaitable<bool> write(Connection& connection, const Response& response, bool head_only, bool keep_alive,
                             unsigned version);
  net::awaitable<void> feed(Connection& connection, const Response& response, unsigned version);
  net::awaitable<bool> write_text(Connection& connection, std::string_view text, bool chunked);

  /// Room for a body that is larger than what anybody may send, for as long as this lives.
  class Room {
   public:
    Room(std::size_t& taken, std::size_t bytes) : taken_(taken), bytes_(bytes) { taken_ += bytes_; }
    ~Room() { taken_ -= bytes_; }
    /// It needs no more than that.
    void shrink(std::size_t bytes) {
      taken_ -= bytes_ - std::min(bytes, bytes_);
      bytes_ = std::min(bytes, bytes_);
    }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;

   private:
    std::size_t& taken_;
    std::size_t bytes_;
  };

  /// Sets how much is read of the body that this header announces. Errors: of what may not come.
  net::awaitable<Result<void>> bound_body(Connection& connection, Parser& parser, std::optional<Room>& room);
  net::awaitable<Result<BodyBound>> larger_body(Connection& connection, Message& head);
  /// Is it one that takes a processor for long?
  bool is_large_json(const Request& request) const {
    return request.body.size() > options_.large_json_bytes && request.header("content-type").starts_with("application/json");
  }
  /// The handler's answer, once there is one that need not be asked for again; nothing where the other end has left.
  net::awaitable<std::optional<Response>> respond(Connection& connection, Request& request);

  // What waits for git there ends when all connections are cut.
  static net::awaitable<Result<BodyBound>> weigh(const std::function<Result<BodyBound>(const Request&)>& limit,
                                                 const Request& head, std::stop_token stop) {
    const StopScope stoppable(std::move(stop));
    co_return limit(head);
  }
  static net::awaitable<Response> call(const Handler& handler, const Request& request, std::stop_token stop) {
    const StopScope stoppable(std::move(stop));
    co_return handler(request);
  }
  static net::awaitable<Result<std::string>> ask(Stream& stream) { co_return stream.next(); }

  /// Reads what is told of a request that was read as a whole.
  static void note_request(Connection& connection, const Message& message);
  void tell(const Connection& connection, const Response& response);
  void begin_stop(Duration grace);
  void cut();

  const ServerOptions options_;
  const Handler handler_;
  std::string url_;
  std::optional<Certificates> certificates_;  ///< network thread, once it runs
  net::io_context network_{1};
  tcp::acceptor acceptor_{network_};
  net::steady_timer grace_{network_};  ///< of a stop: what has not ended by then is cut
  net::steady_timer tick_{network_};
  net::thread_pool handlers_;
  std::stop_source cut_;  ///< of what handlers wait for
  std::thread thread_;
  std::atomic<bool> wake_posted_ = false;

  // Network thread only.
  std::set<Connection*> connections_;
  std::map<std::string, std::size_t> by_origin_;
  std::set<net::steady_timer*> sleepers_;  ///< of streams that have nothing to write
  std::array<Parking, Response::lines> parking_;  ///< by the line
  Turns streaming_;
  Turns large_json_;
  std::size_t waiting_ = 0;
  std::size_t bodies_bytes_ = 0;
  std::size_t unknown_bodies_bytes_ = 0;
  std::uint64_t news_ = 0;
  Clock::time_point woken_at_{};
  bool stopping_ = false;
  bool hastened_ = false;
};

Result<void> Server::Impl::listen() {
  const auto colon = options_.listen.rfind(':');
  auto host = options_.listen.substr(0, colon);
  const auto port = colon == std::string::npos ? std::string("0") : options_.listen.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto refused = [&](const error_code& error) {
    return failure(FailureCode::LISTEN_FAILED, fmt::format("{}: {}", options_.listen, error.message()));
  };
  error_code error;
  tcp::resolver resolver(network_);
  const auto found = resolver.resolve(host, port, tcp::resolver::passive, error);
  if (error) return refused(error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  if (!options_.certificate.empty()) {
    auto opened = Certificates::open({options_.certificate, options_.key}, [this](const Error& refused_pair) {
      if (options_.note) options_.note("the certificate before stays in use: " + to_string(refused_pair));
    });
    if (!opened) return failure(std::move(opened.error()));
    certificates_ = std::move(*opened);
  }
  if (!options_.insecure && !certificates_ && !endpoint.address().is_loopback()) {
    return failure(Error{FailureCode::NOT_ALLOWED, fmt::format("{} is reached from other machines, and nothing would "
                                                               "be encrypted", options_.listen)}
                       .with("hint", "[server] tls_certificate and tls_key encrypt; or listen on 127.0.0.1 behind something "
                               "that does, or: --insecure"));
  }
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
  if (error) return refused(error);
  const auto address = endpoint.address().to_string();
  url_ = fmt::format("{}://{}:{}", certificates_ ? "https" : "http", endpoint.address().is_v6() ? "[" + address + "]" : address,
                     acceptor_.local_endpoint().port());
  return {};
}

void Server::Impl::run() {
  net::co_spawn(network_, accept(), net::detached);
  net::co_spawn(network_, look_again_now_and_then(), net::detached);
  thread_ = std::thread([this] { network_.run(); });
}

net::awaitable<void> Server::Impl::accept() {
  net::steady_timer again(network_);
  while (acceptor_.is_open()) {
    error_code error;
    auto socket = co_await acceptor_.async_accept(into(error));
    if (!acceptor_.is_open()) co_return;
    if (error) {
      // No descriptor is free: those that are in use come back.
      again.expires_after(accept_again);
      co_await again.async_wait(into(error));
      continue;
    }
    // What a connection throws ends it, and nothing else.
    net::co_spawn(network_, serve(std::move(socket)), [](std::exception_ptr) {});
  }
}

net::awaitable<void> Server::Impl::look_again_now_and_then() {
  while (!stopping_) {
    tick_.expires_after(look_again);
    error_code ended;
    co_await tick_.async_wait(into(ended));
    for (auto& line : parking_) line.add_news();
  }
}

bool Server::Impl::takes(const std::string& origin) const {
  if (connections_.size() >= options_.connections_max) return false;
  const auto there = by_origin_.find(origin);
  return options_.connections_per_origin_max == 0 || there == by_origin_.end() ||
         there->second < options_.connections_per_origin_max;
}

net::awaitable<void> Server::Impl::serve(tcp::socket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error).address();
  socket.set_option(tcp::no_delay(true), error);
  Connection connection(std::move(socket));
  connection.peer = peer.to_string();
  connection.origin = origin_of(peer);
  if (!takes(is_local(peer) ? std::string() : connection.origin)) {
    ++options_.figures->connections_refused;
    co_return;
  }
  const Entry entry(*this, connection);
  if (!certificates_ || co_await handshake(connection)) {
    while (!stopping_ && co_await exchange(connection)) continue;
  }
  co_await connection.stream.end(end_deadline);
  if (!stopping_) co_await connection.stream.drain(drain_deadline, drain_bytes_max);
}

net::awaitable<bool> Server::Impl::handshake(Connection& connection) {
  error_code error;
  auto context = certificates_->current(Clock::now());
  options_.figures->certificate_until = to_us(certificates_->until()) / 1'000'000;
  co_await connection.stream.encrypt(std::move(context), nanoseconds(options_.handshake_deadline), error);
  if (!error) co_return true;
  ++options_.figures->handshakes_failed;
  if (speaks_plain_http(error)) {
    const auto response = problem({FailureCode::REQUEST_INVALID, "this port speaks TLS: the address begins with https"});
    co_await write(connection, response, false, false, 11);
  }
  co_return false;
}

net::awaitable<bool> Server::Impl::exchange(Connection& connection) {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // the header says first how large it is
  error_code error;
  connection.idle = true;
  connection.stream.expires_after(nanoseconds(options_.header_deadline));
  co_await http::async_read_header(connection.stream, connection.buffer, parser, into(error));
  connection.idle = false;
  connection.asked = {};
  std::optional<Room> room;
  if (!error) {
    if (const auto bound = co_await bound_body(connection, parser, room); !bound) {
      co_await write(connection, problem(bound.error()), false, false, 11);
      co_return false;
    }
    const auto slow = std::chrono::seconds(parser.content_length().value_or(0) / slowest_bytes_a_second);
    connection.stream.expires_after(nanoseconds(options_.body_deadline) + slow);
  }
  if (!error) {
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      co_await net::async_write(connection.stream, net::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), into(error));
    }
    if (!error) co_await http::async_read(connection.stream, connection.buffer, parser, into(error));
  }
  if (error) {
    if (const auto response = answer_to(error)) co_await write(connection, *response, false, false, 11);
    co_return false;
  }
  connection.stream.expires_never();
  auto message = parser.release();
  if (room) room->shrink(message.body().size());
  co_return co_await answer(connection, message);
}

net::awaitable<Result<void>> Server::Impl::bound_body(Connection& connection, Parser& parser,
                                                      std::optional<Room>& room) {
  if (auto plain = require_plain_coding(parser.get()); !plain) co_return plain;
  auto most = options_.body_bytes_max;
  bool let_in = false;
  const bool told = parser.content_length().has_value();
  const std::uint64_t size = parser.content_length().value_or(0);
  if (size > most || (!told && parser.chunked())) {
    const auto larger = co_await larger_body(connection, parser.get());
    if (!larger) co_return failure(larger.error());
    most = std::max(most, larger->bytes_max);
    let_in = larger->let_in;
  }
  parser.body_limit(most);
  if (size > most) co_return failure(FailureCode::REQUEST_TOO_LARGE, "the body is too large");
  const auto needs = told ? static_cast<std::size_t>(size) : most;
  if (needs <= options_.body_bytes_max) co_return Result<void>();
  auto& taken = let_in ? bodies_bytes_ : unknown_bodies_bytes_;
  if (taken + needs > (let_in ? options_.bodies_bytes_max : options_.unknown_bodies_bytes_max)) {
    co_return failure(FailureCode::GATEWAY_BUSY, "there is no room for a body of this size now");
  }
  room.emplace(taken, needs);
  co_return Result<void>();
}

net::awaitable<Result<BodyBound>> Server::Impl::larger_body(Connection& connection, Message& head) {
  if (!options_.larger_body || !method_of(head.method())) co_return BodyBound{};
  const auto request = request_of(head, connection);
  co_return co_await net::co_spawn(handlers_, weigh(options_.larger_body, request, cut_.get_token()),
                                   net::use_awaitable);
}

net::awaitable<std::optional<Response>> Server::Impl::respond(Connection& connection, Request& request) {
  const auto began = Clock::now();
  std::optional<Turns::Turn> turn;
  if (is_large_json(request)) turn.emplace(co_await large_json_.take());
  net::steady_timer timer(network_);
  std::optional<Parking::Place> place;
  for (;;) {
    const std::array<Parking::News, Response::lines> news{parking_[0].news(), parking_[1].news()};
    ++waiting_;
    Response response =
        co_await net::co_spawn(handlers_, call(handler_, request, cut_.get_token()), net::use_awaitable);
    --waiting_;
    if (!response.ask_again) co_return response;
    const auto until = began + nanoseconds(*response.ask_again);
    if (stopping_ || Clock::now() >= until) co_return response;
    request.again = true;
    turn.reset();
    timer.expires_at(until);
    auto& line = parking_.at(response.line);
    const auto seen = news.at(response.line);
    if (response.for_nobody) line.settle(seen);
    if (!place) place.emplace(line, [&timer] { timer.cancel(); });
    place->rest(seen);
    if (!place->asking()) {
      error_code woken;
      co_await timer.async_wait(into(woken));
    }
    if (!place->asking() || stopping_) co_return response;
    // What is given to somebody who has left is lost for a while.
    if (connection.stream.is_gone()) co_return std::nullopt;
  }
}

net::awaitable<bool> Server::Impl::answer(Connection& connection, Message& message) {
  const bool keep_alive = message.keep_alive() && !stopping_;
  const bool head_only = message.method() == http::verb::head;
  const auto version = message.version();
  note_request(connection, message);
  if (version >= 11 && message.count(http::field::host) != 1) {
    const auto response = problem({FailureCode::REQUEST_INVALID, "a request of HTTP/1.1 names its host, once"});
    co_return co_await write(connection, response, head_only, false, version);
  }
  if (!method_of(message.method())) {
    const auto response = problem({FailureCode::METHOD_REFUSED, "this method is none that the gateway knows"});
    co_return co_await write(connection, response, false, false, version);
  }
  auto request = request_of(message, connection);
  if (waiting_ >= options_.waiting_max + options_.handler_threads ||
      (is_large_json(request) && large_json_.waiting() >= options_.large_json_waiting_max)) {
    const auto response = problem({FailureCode::GATEWAY_BUSY, "too many requests wait already"});
    co_return co_await write(connection, response, head_only, keep_alive, version);
  }
  const auto responded = co_await respond(connection, request);
  if (!responded) co_return false;
  const Response& response = *responded;
  if (!response.stream || head_only) co_return co_await write(connection, response, head_only, keep_alive, version);
  co_await feed(connection, response, version);
  co_return false;
}

net::awaitable<bool> Server::Impl::write(Connection& connection, const Response& response, bool head_only,
                                         bool keep_alive, unsigned version) {
  error_code error;
  connection.stream.expires_after(nanoseconds(options_.write_deadline));
  http::response<http::span_body<const char>> message;
  message.version(version);
  add_headers(message, response, connection);
  message.body() = {response.body.data(), response.body.size()};
  if (response.status != 304) message.content_length(response.body.size());
  message.keep_alive(keep_alive);
  http::response_serializer<http::span_body<const char>> serializer(message);
  if (head_only || response.status == 304) {
    co_await http::async_write_header(connection.stream, serializer, into(error));
  } else {
    co_await http::async_write(connection.stream, serializer, into(error));
  }
  tell(connection, response);
  co_return !error && keep_alive;
}

void Server::Impl::note_request(Connection& connection, const Message& message) {
  const auto method = method_of(message.method());
  const auto target = message.target();
  connection.asked = {.method = method ? name_of(*method) : std::string_view(),
                      .path = std::string(target.substr(0, target.find('?'))),
                      .trace = trace_of(message["traceparent"])};
}

void Server::Impl::tell(const Connection& connection, const Response& response) {
  if (!options_.served) return;
  options_.served({.method = connection.asked.method,
                   .path = connection.asked.path,
                   .route = response.route,
                   .status = response.status,
                   .took = std::chrono::duration_cast<Duration>(Clock::now() - connection.asked.begun),
                   .bytes = response.body.size(),
                   .actor = response.actor,
                   .peer = connection.peer,
                   .trace = connection.asked.trace.id});
}

net::awaitable<void> Server::Impl::feed(Connection& connection, const Response& response, unsigned version) {
  const bool chunked = version >= 11;
  error_code error;
  http::response<http::empty_body> head;
  head.version(version);
  add_headers(head, response, connection);
  head.chunked(chunked);
  head.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(head);
  connection.stream.expires_after(nanoseconds(options_.write_deadline));
  co_await http::async_write_header(connection.stream, serializer, into(error));
  tell(connection, response);
  const Counted counted(options_.figures->streams);

  net::steady_timer timer(network_);
  while (!error && !stopping_) {
    const auto seen = news_;
    std::optional<Turns::Turn> turn(co_await streaming_.take());
    const Result<std::string> text = co_await net::co_spawn(handlers_, ask(*response.stream), net::use_awaitable);
    turn.reset();
    if (!text) break;
    if (!text->empty() && !co_await write_text(connection, *text, chunked)) co_return;
    if (response.stream->ended()) break;
    if (!text->empty() && !response.stream->caught_up()) continue;
    if (news_ != seen || stopping_) continue;
    sleepers_.insert(&timer);
    timer.expires_after(nanoseconds(options_.heartbeat));
    error_code woken;
    co_await timer.async_wait(into(woken));
    sleepers_.erase(&timer);
    if (!woken && !co_await write_text(connection, response.stream->heartbeat(), chunked)) co_return;
  }
  if (!error && chunked) co_await net::async_write(connection.stream, http::make_chunk_last(), into(error));
}

net::awaitable<bool> Server::Impl::write_text(Connection& connection, std::string_view text, bool chunked) {
  error_code error;
  connection.stream.expires_after(nanoseconds(options_.write_deadline));
  const net::const_buffer bytes(text.data(), text.size());
  if (chunked) {
    co_await net::async_write(connection.stream, http::make_chunk(bytes), into(error));
  } else {
    co_await net::async_write(connection.stream, bytes, into(error));
  }
  connection.stream.expires_never();
  co_return !error;
}

void Server::Impl::wake() {
  if (wake_posted_.exchange(true)) return;
  net::post(network_, [this] {
    // At once after a pause; else as long after the last time as they are woken for together.
    auto timer = std::make_shared<net::steady_timer>(network_, std::max(Clock::now(), woken_at_ + wake_delay));
    timer->async_wait([this, timer](const error_code&) {
      wake_posted_ = false;
      woken_at_ = Clock::now();
      ++news_;
      for (auto* sleeper : sleepers_) sleeper->cancel();
      for (auto& line : parking_) line.add_news();
    });
  });
}

void Server::Impl::begin_stop(Duration grace) {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (auto* connection : connections_) {
    if (connection->idle) connection->stream.cancel();
  }
  for (auto* sleeper : sleepers_) sleeper->cancel();
  tick_.cancel();
  for (auto& line : parking_) line.close();
  if (connections_.empty()) return;
  if (hastened_) grace = Duration::zero();
  grace_.expires_after(nanoseconds(grace));
  grace_.async_wait([this](const error_code& ended) {
    if (ended) return;
    cut();
  });
}

void Server::Impl::cut() {
  cut_.request_stop();
  for (auto* connection : connections_) connection->stream.close();
}

void Server::Impl::hasten() {
  net::post(network_, [this] {
    hastened_ = true;
    if (stopping_) cut();
  });
}

bool Server::Impl::responds(Duration patience) {
  auto turn = std::make_shared<std::promise<void>>();
  auto taken = turn->get_future();
  net::post(network_, [turn] { turn->set_value(); });
  return taken.wait_for(patience) == std::future_status::ready;
}

void Server::Impl::stop(Duration grace) {
  if (!thread_.joinable()) return;
  net::post(network_, [this, grace] { begin_stop(grace); });
  thread_.join();  // once the last connection has ended
  handlers_.join();
}

Result<Instant> certificate_end(const std::string& certificate, const std::string& key) {
  const auto pair = Certificates::open({certificate, key}, {});
  if (!pair) return failure(pair.error());
  return pair->until();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  auto impl = std::make_unique<Impl>(options, std::move(handler));
  if (auto listening = impl->listen(); !listening) return failure(std::move(listening.error()));
  impl->run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::url() const { return impl_->url(); }
void Server::wake() { impl_->wake(); }
bool Server::responds(Duration patience) { return impl_->responds(patience); }
void Server::stop(Duration grace) { impl_->stop(grace); }
void Server::hasten() { impl_->hasten(); }

}  // namespace vitana::gateway
