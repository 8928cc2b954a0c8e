#include "gateway/server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <ctime>
#include <limits>
#include <optional>
#include <set>
#include <thread>

#include "gateway/problem.h"

namespace vitana::gateway {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using beast::error_code;
using namespace std::chrono_literals;

/// Commits come faster than anybody reads: streams are woken once for all of so long.
constexpr auto wake_delay = 10ms;
constexpr auto accept_again = 100ms;
constexpr auto drain_deadline = 1s;
constexpr std::size_t drain_bytes_max = 1 << 20;
/// A request that waits is asked anew, also where nothing was committed: time makes some things possible.
constexpr auto look_again = 5s;
constexpr std::size_t slowest_bytes_a_second = 64 << 10;

auto into(error_code& error) { return net::redirect_error(net::use_awaitable, error); }

std::chrono::nanoseconds nanoseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration);
}

std::optional<Method> method_of(http::verb verb) {
  if (verb == http::verb::get || verb == http::verb::head) return Method::get;
  if (verb == http::verb::post) return Method::post;
  if (verb == http::verb::put) return Method::put;
  if (verb == http::verb::delete_) return Method::delete_;
  return std::nullopt;
}

/// What the other end sent wrong, as an answer; nothing where there is nobody to answer.
std::optional<Response> answer_to(const error_code& error) {
  if (error == http::error::body_limit || error == http::error::header_limit) {
    return problem({FailureCode::REQUEST_TOO_LARGE, error == http::error::body_limit ? "the body is too large"
                                                                                      : "the header is too large"});
  }
  const bool parsing = error.category() == make_error_code(http::error::bad_method).category();
  const bool gone = error == http::error::end_of_stream || error == http::error::partial_message;
  if (!parsing || gone) return std::nullopt;
  return problem({FailureCode::REQUEST_INVALID, "this is no request of HTTP/1.1: " + error.message()});
}

using Message = http::request<http::string_body>;

Request request_of(Message& message, std::string peer) {
  Request request;
  request.method = *method_of(message.method());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (auto& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    request.headers.insert_or_assign(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  request.peer = std::move(peer);
  return request;
}

/// Nothing more will come from there.
bool is_gone(int socket) {
  char next = 0;
  return ::recv(socket, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

template <typename Head>
void add_headers(Head& head, const Response& response) {
  head.result(static_cast<unsigned>(response.status));
  head.set(http::field::date, fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(std::time(nullptr))));
  if (response.status != 304) head.set(http::field::content_type, response.type);
  for (const auto& [name, value] : response.headers) head.insert(name, value);
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, Handler handler)
      : options_(options), handler_(std::move(handler)), handlers_(options.handler_threads) {}
  ~Impl() { stop(Duration::zero()); }

  Result<void> listen();
  void run();
  void wake();
  void stop(Duration grace);
  const std::string& url() const { return url_; }

 private:
  /// A connection as stop() sees it. Network thread only.
  struct Connection {
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    std::string peer;
    bool idle = true;  ///< between two requests

    explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
  };
  /// Keeps a connection in the set for as long as its coroutine lives.
  class Entry {
   public:
    Entry(Impl& impl, Connection& connection) : impl_(impl), connection_(connection) {
      impl_.connections_.insert(&connection_);
    }
    ~Entry() {
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
  net::awaitable<void> serve(tcp::socket socket);
  /// What the other end still sends is taken for a moment: closed upon it, it would lose its answer.
  net::awaitable<void> drain(Connection& connection);
  /// One request and its answer; may there be another?
  net::awaitable<bool> exchange(Connection& connection);
  net::awaitable<bool> answer(Connection& connection, Message& message);
  net::awaitable<bool> write(Connection& connection, const Response& response, bool head_only, bool keep_alive,
                             unsigned version);
  net::awaitable<void> feed(Connection& connection, const Response& response, unsigned version);
  net::awaitable<bool> write_text(Connection& connection, std::string_view text, bool chunked);

  /// How much may be taken of a body that is larger than every route's.
  net::awaitable<std::size_t> larger_body(Connection& connection, Message& head);
  /// The handler's answer, once there is one that need not be asked for again; nothing where the other end has left.
  net::awaitable<std::optional<Response>> respond(Connection& connection, const Request& request);

  static net::awaitable<std::size_t> weigh(const std::function<std::size_t(const Request&)>& limit,
                                           const Request& head) {
    co_return limit(head);
  }
  static net::awaitable<Response> call(const Handler& handler, const Request& request) { co_return handler(request); }
  static net::awaitable<Result<std::string>> ask(Stream& stream) { co_return stream.next(); }

  void begin_stop(Duration grace);

  const ServerOptions options_;
  const Handler handler_;
  std::string url_;
  net::io_context network_{1};
  tcp::acceptor acceptor_{network_};
  net::steady_timer grace_{network_};  ///< of a stop: what has not ended by then is cut
  net::thread_pool handlers_;
  std::thread thread_;
  std::atomic<bool> wake_posted_ = false;

  // Network thread only.
  std::set<Connection*> connections_;
  std::set<net::steady_timer*> sleepers_;  ///< of streams that have nothing to write
  std::size_t waiting_ = 0;
  std::uint64_t news_ = 0;
  bool stopping_ = false;
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
  if (!options_.insecure && !endpoint.address().is_loopback()) {
    return failure(Error{FailureCode::NOT_ALLOWED, fmt::format("{} is reached from other machines, and nothing would "
                                                               "be encrypted", options_.listen)}
                       .with("hint", "listen on 127.0.0.1 behind something that encrypts, or: --insecure"));
  }
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
  if (error) return refused(error);
  const auto address = endpoint.address().to_string();
  url_ = fmt::format("http://{}:{}", endpoint.address().is_v6() ? "[" + address + "]" : address,
                     acceptor_.local_endpoint().port());
  return {};
}

void Server::Impl::run() {
  net::co_spawn(network_, accept(), net::detached);
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
    if (connections_.size() >= options_.connections_max) continue;
    // What a connection throws ends it, and nothing else.
    net::co_spawn(network_, serve(std::move(socket)), [](std::exception_ptr) {});
  }
}

net::awaitable<void> Server::Impl::serve(tcp::socket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  socket.set_option(tcp::no_delay(true), error);
  Connection connection(std::move(socket));
  connection.peer = peer.address().to_string();
  const Entry entry(*this, connection);
  while (!stopping_ && co_await exchange(connection)) continue;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, error);
  if (!stopping_) co_await drain(connection);
}

net::awaitable<void> Server::Impl::drain(Connection& connection) {
  std::array<char, 16 << 10> nobody_reads;
  error_code error;
  connection.stream.expires_after(drain_deadline);
  for (std::size_t read = 0; !error && read < drain_bytes_max;) {
    read += co_await connection.stream.async_read_some(net::buffer(nobody_reads), into(error));
  }
}

net::awaitable<bool> Server::Impl::exchange(Connection& connection) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // the header says first how large it is
  error_code error;
  connection.idle = true;
  connection.stream.expires_after(nanoseconds(options_.header_deadline));
  co_await http::async_read_header(connection.stream, connection.buffer, parser, into(error));
  connection.idle = false;
  if (!error) {
    const auto size = parser.content_length().value_or(0);
    const auto limit = size > options_.body_bytes_max ? co_await larger_body(connection, parser.get()) : 0;
    parser.body_limit(std::max<std::uint64_t>(limit, options_.body_bytes_max));
    if (size > std::max<std::uint64_t>(limit, options_.body_bytes_max)) error = http::error::body_limit;
    const auto slow = std::chrono::seconds(size / slowest_bytes_a_second);
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
  co_return co_await answer(connection, message);
}

net::awaitable<std::size_t> Server::Impl::larger_body(Connection& connection, Message& head) {
  if (!options_.larger_body || !method_of(head.method())) co_return 0;
  const auto request = request_of(head, connection.peer);
  co_return co_await net::co_spawn(handlers_, weigh(options_.larger_body, request), net::use_awaitable);
}

net::awaitable<std::optional<Response>> Server::Impl::respond(Connection& connection, const Request& request) {
  const auto began = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> until;
  net::steady_timer timer(network_);
  for (;;) {
    const auto seen = news_;
    ++waiting_;
    Response response = co_await net::co_spawn(handlers_, call(handler_, request), net::use_awaitable);
    --waiting_;
    if (!response.ask_again) co_return response;
    if (!until) until = began + nanoseconds(*response.ask_again);
    if (stopping_ || std::chrono::steady_clock::now() >= *until) co_return response;
    if (news_ == seen) {
      sleepers_.insert(&timer);
      timer.expires_at(std::min(*until, std::chrono::steady_clock::now() + look_again));
      error_code woken;
      co_await timer.async_wait(into(woken));
      sleepers_.erase(&timer);
    }
    // What is given to somebody who has left is lost for a while.
    if (is_gone(connection.stream.socket().native_handle())) co_return std::nullopt;
  }
}

net::awaitable<bool> Server::Impl::answer(Connection& connection, Message& message) {
  const bool keep_alive = message.keep_alive() && !stopping_;
  const bool head_only = message.method() == http::verb::head;
  const auto version = message.version();
  if (version >= 11 && message.count(http::field::host) != 1) {
    const auto response = problem({FailureCode::REQUEST_INVALID, "a request of HTTP/1.1 names its host, once"});
    co_return co_await write(connection, response, head_only, false, version);
  }
  if (!method_of(message.method())) {
    const auto response = problem({FailureCode::METHOD_REFUSED, "this method is none that the gateway knows"});
    co_return co_await write(connection, response, false, false, version);
  }
  if (waiting_ >= options_.waiting_max + options_.handler_threads) {
    const auto response = problem({FailureCode::GATEWAY_BUSY, "too many requests wait already"});
    co_return co_await write(connection, response, head_only, keep_alive, version);
  }
  const auto request = request_of(message, connection.peer);
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
  add_headers(message, response);
  message.body() = {response.body.data(), response.body.size()};
  if (response.status != 304) message.content_length(response.body.size());
  message.keep_alive(keep_alive);
  http::response_serializer<http::span_body<const char>> serializer(message);
  if (head_only || response.status == 304) {
    co_await http::async_write_header(connection.stream, serializer, into(error));
  } else {
    co_await http::async_write(connection.stream, serializer, into(error));
  }
  co_return !error && keep_alive;
}

net::awaitable<void> Server::Impl::feed(Connection& connection, const Response& response, unsigned version) {
  const bool chunked = version >= 11;
  error_code error;
  http::response<http::empty_body> head;
  head.version(version);
  add_headers(head, response);
  head.chunked(chunked);
  head.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(head);
  connection.stream.expires_after(nanoseconds(options_.write_deadline));
  co_await http::async_write_header(connection.stream, serializer, into(error));

  net::steady_timer timer(network_);
  while (!error && !stopping_) {
    const auto seen = news_;
    const Result<std::string> text = co_await net::co_spawn(handlers_, ask(*response.stream), net::use_awaitable);
    if (!text) break;
    if (!text->empty() && !co_await write_text(connection, *text, chunked)) co_return;
    if (response.stream->ended()) break;
    if (!text->empty()) continue;
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
    auto timer = std::make_shared<net::steady_timer>(network_, wake_delay);
    timer->async_wait([this, timer](const error_code&) {
      wake_posted_ = false;
      ++news_;
      for (auto* sleeper : sleepers_) sleeper->cancel();
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
  if (connections_.empty()) return;
  grace_.expires_after(nanoseconds(grace));
  grace_.async_wait([this](const error_code& ended) {
    if (ended) return;
    for (auto* connection : connections_) connection->stream.close();
  });
}

void Server::Impl::stop(Duration grace) {
  if (!thread_.joinable()) return;
  net::post(network_, [this, grace] { begin_stop(grace); });
  thread_.join();  // once the last connection has ended
  handlers_.join();
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
void Server::stop(Duration grace) { impl_->stop(grace); }

}  // namespace vitana::gateway
