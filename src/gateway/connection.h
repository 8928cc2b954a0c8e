// A connection of the network: plain or encrypted, to those who use it the same. Not for use outside the gateway's
// network; one thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "gateway/trace.h"

namespace vitana::gateway {

namespace net = boost::asio;
namespace beast = boost::beast;
using tcp = net::ip::tcp;
using beast::error_code;

inline auto into(error_code& error) { return net::redirect_error(net::use_awaitable, error); }

inline std::chrono::nanoseconds nanoseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration);
}

/// Bytes in and out, with a deadline for all of it, as Asio's algorithms ask for them. What passes the deadline
/// is closed.
class Channel {
 public:
  using executor_type = beast::tcp_stream::executor_type;

  explicit Channel(tcp::socket socket) : tcp_(std::move(socket)) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  executor_type get_executor() noexcept { return tcp_.get_executor(); }
  void expires_after(std::chrono::nanoseconds time) { tcp_.expires_after(time); }
  void expires_never() { tcp_.expires_never(); }
  void cancel() { tcp_.cancel(); }
  void close() { tcp_.close(); }
  bool encrypted() const { return tls_.has_value(); }
  /// Nothing more will come from the other end.
  bool is_gone();

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return tls_ ? tls_->async_read_some(buffers, std::forward<Token>(token))
                : tcp_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return tls_ ? tls_->async_write_some(buffers, std::forward<Token>(token))
                : tcp_.async_write_some(buffers, std::forward<Token>(token));
  }

  /// From here on encrypted, if there is no error. One that the other end made by speaking HTTP without encryption is
  /// SSL_R_HTTP_REQUEST: it can be answered so.
  net::awaitable<void> encrypt(std::shared_ptr<net::ssl::context> context, std::chrono::nanoseconds deadline,
                               error_code& error);
  /// Nothing is written any more: the other end is told, and reads the end of the stream.
  net::awaitable<void> end(std::chrono::nanoseconds deadline);
  /// What the other end still sends is taken: closed upon it, it would lose its answer.
  net::awaitable<void> drain(std::chrono::nanoseconds deadline, std::size_t bytes_max);

 private:
  beast::tcp_stream tcp_;
  std::optional<net::ssl::stream<beast::tcp_stream&>> tls_;
};

/// Did a handshake fail because the other end speaks HTTP without encryption?
bool speaks_plain_http(const error_code& error);

/// Is it this machine's own?
bool is_local(const net::ip::address& address);

/// Whom limits count as one: an address, of IPv6 its /64, which is one customer's.
std::string origin_of(const net::ip::address& address);

/// A connection with what is known of its other end, and of the request that is under way.
struct Connection {
  Channel stream;
  beast::flat_buffer buffer;
  std::string peer;
  std::string origin;
  bool idle = true;  ///< between two requests

  /// What is told of a request.
  struct Asked {
    std::string_view method = {};  ///< empty: it could not be read
    std::string path = {};
    Trace trace = trace_of({});
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  };
  Asked asked;

  explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
};

}  // namespace vitana::gateway
