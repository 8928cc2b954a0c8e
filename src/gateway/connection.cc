#include "gateway/connection.h"

#include <sys/socket.h>

#include <cerrno>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/ssl/error.hpp>

namespace vitana::gateway {

net::awaitable<void> Channel::encrypt(std::shared_ptr<net::ssl::context> context, std::chrono::nanoseconds deadline,
                                      error_code& error) {
  tls_.emplace(tcp_, *context);
  tcp_.expires_after(deadline);
  co_await tls_->async_handshake(net::ssl::stream_base::server, into(error));
  if (error) tls_.reset();
}

net::awaitable<void> Channel::end(std::chrono::nanoseconds deadline) {
  error_code ignored;
  if (tls_) {
    tcp_.expires_after(deadline);
    co_await tls_->async_shutdown(into(ignored));
    tls_.reset();
  }
  tcp_.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

net::awaitable<void> Channel::drain(std::chrono::nanoseconds deadline, std::size_t bytes_max) {
  std::array<char, 16 << 10> nobody_reads;
  error_code error;
  tcp_.expires_after(deadline);
  for (std::size_t read = 0; !error && read < bytes_max;) {
    read += co_await tcp_.async_read_some(net::buffer(nobody_reads), into(error));
  }
}

bool Channel::is_gone() {
  char next = 0;
  const auto read = ::recv(tcp_.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  if (read < 0) return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
  // Nobody sends a request before the answer to his last one: what comes encrypted is the goodbye.
  return read == 0 || encrypted();
}

bool speaks_plain_http(const error_code& error) {
  return error.category() == net::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

bool is_local(const net::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.is_loopback();
  return net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6()).is_loopback();
}

std::string origin_of(const net::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return net::ip::make_address_v4(net::ip::v4_mapped, v6).to_string();
  if (v6.is_loopback()) return v6.to_string();
  auto bytes = v6.to_bytes();
  for (std::size_t i = 8; i < bytes.size(); ++i) bytes[i] = 0;
  return net::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace vitana::gateway
