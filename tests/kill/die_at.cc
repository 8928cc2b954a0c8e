// Preloaded into the engine by the kill campaign: the process kills itself within its N-th write to the
// database's log, half of it written (VITANA_DIE_AT=write:N), or before its N-th wait for the disk
// (VITANA_DIE_AT=sync:N). Its children are started without it.
#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::atomic<long> writes_left = 0;
std::atomic<long> syncs_left = 0;

[[gnu::constructor]] void read_order() {
  const char* given = std::getenv("VITANA_DIE_AT");
  const std::string_view order = given == nullptr ? "" : given;
  if (order.starts_with("write:")) writes_left = std::atol(given + 6);
  if (order.starts_with("sync:")) syncs_left = std::atol(given + 5);
  ::unsetenv("VITANA_DIE_AT");
  ::unsetenv("LD_PRELOAD");
}

bool is_log(int file) {
  std::array<char, 4096> path{};
  const auto link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return length > 0 && std::string_view(path.data(), static_cast<std::size_t>(length)).ends_with("-wal");
}

/// It is the last one of the count.
bool is_due(std::atomic<long>& left) { return left.load() > 0 && left.fetch_sub(1) == 1; }

/// What this library stands in front of.
template <typename Function>
Function* behind(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t offset) {
  static auto* real = behind(&::pwrite64, "pwrite64");
  if (is_log(file) && is_due(writes_left)) {
    (void)!real(file, bytes, count / 2, offset);
    ::kill(::getpid(), SIGKILL);
  }
  return real(file, bytes, count, offset);
}

extern "C" int fdatasync(int file) {
  static auto* real = behind(&::fdatasync, "fdatasync");
  if (is_log(file) && is_due(syncs_left)) ::kill(::getpid(), SIGKILL);
  return real(file);
}
