#include "sql/test_relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace vitana::sql::testing {
namespace {

constexpr int tick_ms = 20;

sockaddr_un address_in(const std::string& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = folder + "/.s.PGSQL.5432";
  if (path.size() >= sizeof address.sun_path) std::abort();
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

bool readable(int descriptor) {
  pollfd wait{descriptor, POLLIN, 0};
  return ::poll(&wait, 1, tick_ms) > 0;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Relay::Relay(const std::string& server, const std::string& own)
    : server_(server), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const auto address = address_in(own);
  if (::bind(listener_, generic(address), sizeof address) != 0 || ::listen(listener_, 4) != 0) std::abort();
  thread_ = std::thread([this] { serve(); });
}

Relay::~Relay() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void Relay::cut_at(const std::string& mark) {
  mark_ = mark;
  armed_ = true;
}

void Relay::serve() {
  while (!stopping_) {
    if (!readable(listener_)) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = address_in(server_);
    if (::connect(server, generic(address), sizeof address) == 0) relay(client, server);
    ::close(client);
    ::close(server);
  }
}

void Relay::relay(int client, int server) {
  std::array<char, 65536> buffer{};
  while (!stopping_) {
    std::array<pollfd, 2> wait{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), tick_ms) <= 0) continue;
    for (const bool from_client : {true, false}) {
      if ((wait[from_client ? 0 : 1].revents & (POLLIN | POLLHUP)) == 0) continue;
      const auto got = ::recv(from_client ? client : server, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
      if (!send_all(from_client ? server : client, bytes)) return;
      if (!from_client || !armed_ || bytes.find(mark_) == std::string_view::npos) continue;
      armed_ = false;
      cut_ = true;
      while (!stopping_ && !readable(server)) {
      }
      return;
    }
  }
}

}  // namespace vitana::sql::testing
