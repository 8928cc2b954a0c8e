#include "app/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace vitana::app {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

ManagerPlace ManagerPlace::of_environment() {
  ManagerPlace place{std::string(variable("NOTIFY_SOCKET"))};
  const auto pid = variable("WATCHDOG_PID");
  const bool meant = pid.empty() || number(pid) == std::int64_t{::getpid()};
  if (const auto us = number(variable("WATCHDOG_USEC")); us && meant) place.watchdog = Duration(*us);
  return place;
}

void ServiceManager::ready(const std::string& status, std::function<bool()> alive) {
  ready_ = true;
  tell("READY=1\nSTATUS=" + status);
  if (place_.socket.empty() || !place_.watchdog) return;
  watchdog_ = std::jthread([this, alive = std::move(alive), every = *place_.watchdog / 2](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    while (!stop.stop_requested()) {
      if (stopping_ || alive()) tell("WATCHDOG=1");
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, every, [] { return false; });
    }
  });
}

void ServiceManager::stopping() {
  if (ready_ && !stopping_.exchange(true)) tell("STOPPING=1");
}

void ServiceManager::tell(const std::string& state) const {
  sockaddr_un address{};
  const auto& name = place_.socket;
  if (name.size() < 2 || name.size() >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@')) return;
  address.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(address.sun_path), name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  // A manager that has gone, or whose queue is full, is not waited for.
  (void)::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  ::close(socket);
}

}  // namespace vitana::app
