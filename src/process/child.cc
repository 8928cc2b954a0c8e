#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace vitana::process {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view leash_program = "/usr/bin/setpriv";
constexpr auto kill_wait = std::chrono::seconds(5);
constexpr auto busy_wait = std::chrono::milliseconds(200);

auto refused(std::string_view what, int error) {
  return failure(FailureCode::PROGRAM_FAILED, fmt::format("{}: {}", what, std::strerror(error)));
}

// Descriptors 0 to 2 are the targets in the child; a source must not be one of them.
Fd above_standard(int fd) {
  if (fd > 2 || fd < 0) return Fd(fd);
  Fd low(fd);
  return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

struct Ends {
  Fd ours, theirs;
};

Result<Ends> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return refused("pipe", errno);
  Ends ends{above_standard(fds[0]), above_standard(fds[1])};
  if (!ends.ours.open() || !ends.theirs.open()) return refused("pipe", errno);
  ::fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK);
  return ends;
}

// A socket, because send() can be told not to raise SIGPIPE and write() cannot.
Result<Ends> make_connected_input() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return refused("socketpair", errno);
  }
  Ends ends{above_standard(fds[0]), above_standard(fds[1])};
  if (!ends.ours.open() || !ends.theirs.open()) return refused("socketpair", errno);
  ::fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK);
  return ends;
}

// A file in memory: the child reads at its own pace, and nobody has to feed it.
Result<Ends> make_text_input(std::string_view text) {
  Ends ends;
  if (text.empty()) {
    ends.theirs = above_standard(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!ends.theirs.open()) return refused("/dev/null", errno);
    return ends;
  }
  ends.theirs = above_standard(::memfd_create("stdin", MFD_CLOEXEC));
  if (!ends.theirs.open()) return refused("memfd_create", errno);
  while (!text.empty()) {
    const auto written = ::write(ends.theirs.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return refused("writing the input", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(ends.theirs.get(), 0, SEEK_SET);
  return ends;
}

bool has_nul(std::string_view text) { return text.find('\0') != text.npos; }

Result<void> check(const ChildRequest& request) {
  if (request.argv.empty()) return failure(FailureCode::PROGRAM_FAILED, "no program is named");
  for (const auto& argument : request.argv) {
    if (has_nul(argument)) return failure(FailureCode::PROGRAM_FAILED, "an argument has a NUL");
  }
  for (const auto& [name, value] : request.environment) {
    if (name.empty() || has_nul(name) || has_nul(value) || name.find('=') != name.npos) {
      return failure(FailureCode::PROGRAM_FAILED, "an environment variable has '=' or a NUL");
    }
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(request.cwd, ignored)) {
    return failure(FailureCode::PROGRAM_FAILED,
                   fmt::format("the folder {} is not there", request.cwd.string()));
  }
  return {};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Everything is set between fork and exec by the C library, so this is safe among threads and
// costs the same however large this process is.
class SpawnPlan {
 public:
  SpawnPlan(const std::string& cwd, int in, int out, int err, int held) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, in, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, out, 1);
    ::posix_spawn_file_actions_adddup2(&actions_, err, 2);
    if (held >= 0) ::posix_spawn_file_actions_adddup2(&actions_, held, 3);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, held >= 0 ? 4 : 3);
    ::posix_spawn_file_actions_addchdir_np(&actions_, cwd.c_str());
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  int start(pid_t& pid, const std::string& program, char** argv, char** environment) const {
    const auto until = steady_clock::now() + busy_wait;
    while (true) {
      const int error =
          ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, environment);
      // A script just written is open for writing until another thread's child reaches its exec.
      if (error != ETXTBSY || steady_clock::now() >= until) return error;
      std::this_thread::yield();
    }
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<std::string> resolve(const ChildRequest& request) {
  const auto& name = request.argv[0];
  if (name.find('/') != name.npos) return name;
  const auto path = request.environment.find("PATH");
  auto found = find_program(name, path == request.environment.end() ? "" : path->second);
  if (!found) return failure(std::move(found.error()));
  return found->string();
}

// glibc 2.36 declares pidfd_open() without C linkage.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

int wait_ms(steady_clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

}  // namespace

Result<Child> Child::start(const ChildRequest& request) {
  if (auto fit = check(request); !fit) return failure(std::move(fit.error()));
  auto program = resolve(request);
  if (!program) return failure(std::move(program.error()));

  auto in =
      request.input == Input::text ? make_text_input(request.input_text) : make_connected_input();
  if (!in) return failure(std::move(in.error()));
  auto out = make_pipe();
  if (!out) return failure(std::move(out.error()));
  auto err = make_pipe();
  if (!err) return failure(std::move(err.error()));

  auto arguments = request.argv;
  if (request.leashed && ::access(leash_program.data(), X_OK) == 0) {
    auto found = find_program((request.cwd / *program).string(), "");
    if (!found) return failure(std::move(found.error()));
    arguments[0] = found->string();
    arguments.insert(arguments.begin(), {std::string(leash_program), "--pdeathsig", "TERM", "--"});
    program = std::string(leash_program);
  }
  std::vector<std::string> variables;
  for (const auto& [name, value] : request.environment) {
    variables.push_back(fmt::format("{}={}", name, value));
  }
  // Above 3, so that the copy in the child is one, without the close-on-exec mark.
  const Fd held(request.held < 0 ? -1 : ::fcntl(request.held, F_DUPFD_CLOEXEC, 4));
  const SpawnPlan plan(request.cwd.string(), in->theirs.get(), out->theirs.get(),
                       err->theirs.get(), held.get());
  pid_t pid = -1;
  if (const int error =
          plan.start(pid, *program, pointers(arguments).data(), pointers(variables).data())) {
    return refused(*program, error);
  }

  Child child;
  child.pid_ = child.running_.value = pid;
  child.pidfd_ = Fd(open_pidfd(pid));
  if (!child.pidfd_.open()) return refused("pidfd_open", errno);
  child.in_ = std::move(in->ours);
  child.out_ = std::move(out->ours);
  child.err_ = std::move(err->ours);
  return child;
}

Child::~Child() { end(); }

bool Child::write(std::string_view data, steady_clock::time_point deadline) {
  while (!data.empty()) {
    if (!in_.open()) return false;
    const auto sent = ::send(in_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return false;
    if (steady_clock::now() >= deadline) return false;
    pollfd writable{in_.get(), POLLOUT, 0};
    ::poll(&writable, 1, wait_ms(deadline));
  }
  return true;
}

void Child::signal_group(int signal) const {
  if (running_.value > 0) ::kill(-running_.value, signal);
}

std::optional<Exit> Child::end() {
  if (running_.value <= 0) return std::nullopt;
  // Before the child is reaped its number, and so the group's, cannot belong to anybody else.
  signal_group(SIGKILL);
  const auto until = steady_clock::now() + kill_wait;
  siginfo_t info{};
  const pid_t pid = std::exchange(running_.value, -1);
  while (true) {
    info.si_pid = 0;
    const int result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
    if (result == 0 && info.si_pid == pid) break;
    if (result != 0 && errno != EINTR) return std::nullopt;
    if (steady_clock::now() >= until) return std::nullopt;
    pollfd ended{pidfd_.get(), POLLIN, 0};
    ::poll(&ended, pidfd_.open() ? 1 : 0, pidfd_.open() ? wait_ms(until) : 1);
  }
  pidfd_.reset();
  if (info.si_code == CLD_EXITED) return Exit{info.si_status, 0};
  return Exit{-1, info.si_status};
}

}  // namespace vitana::process
