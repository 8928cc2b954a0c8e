#include "app/system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "base/check.h"

extern char** environ;

namespace vitana::app {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Field 22 of /proc/self/stat (proc(5)): ticks between boot and the start of this process.
std::string start_time() {
  const std::string stat = first_line("/proc/self/stat");
  std::istringstream after_name(stat.substr(stat.rfind(')') + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) after_name >> field;
  return field;
}

int pid_in(int descriptor) {
  std::array<char, 32> text{};
  const auto size = ::pread(descriptor, text.data(), text.size(), 0);
  int pid = 0;
  if (size > 0) std::from_chars(text.data(), text.data() + size, pid);
  return pid;
}

}  // namespace

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

Instant SystemClock::now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::uint64_t SystemEntropy::bits() {
  std::uint64_t value = 0;
  CHECK(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

double SystemEntropy::roll() {
  constexpr double scale = 1.0 / 9007199254740992.0;  // 2^-53
  return static_cast<double>(bits() >> 11) * scale;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    const auto equals = line.find('=');
    if (equals != std::string_view::npos) {
      environment.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
  }
  return environment;
}

std::string incarnation(const std::string& home) {
  return fmt::format("{}.{}:{}:{}", home, first_line("/proc/sys/kernel/random/boot_id"), ::getpid(), start_time());
}

Result<FileLock> FileLock::take(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return failure(FailureCode::STORE_READ_ONLY, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  // Who asks for the holder holds it for a moment.
  int tries = 20;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && --tries > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // polls: another process's lock
  }
  if (tries == 0) {
    const int pid = pid_in(descriptor);
    ::close(descriptor);
    return failure(Error{FailureCode::DATA_DIR_IN_USE,
                         fmt::format("process {} holds {}", pid, path)}
                       .with("pid", std::to_string(pid)));
  }
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    const std::string why = std::strerror(errno);
    ::close(descriptor);
    return failure(FailureCode::STORE_READ_ONLY, fmt::format("{}: {}", path, why));
  }
  return FileLock(descriptor);
}

int FileLock::holder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  int pid = 0;
  if (::flock(descriptor, LOCK_SH | LOCK_NB) != 0) pid = pid_in(descriptor);
  ::close(descriptor);
  return pid;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace vitana::app
