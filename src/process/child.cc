#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/// All that a child needs to become another program, made before it is there.
struct Plan {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* cwd;
  std::array<int, 3> standard;
  int held;      ///< -1: none
  int failed;    ///< takes the error of a child that did not begin; closes as it begins
  bool leashed;
  pid_t parent;
};

/// What a child does between vfork and exec, on the memory of its parent: system calls, and nothing else. (The C
/// library's posix_spawn is the same, but cannot leash.) Returns what went wrong; descriptors close as it begins.
int become(const Plan& plan) {
  ::setsid();
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &usual, nullptr);
  if (plan.leashed) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != plan.parent) return ESRCH;  // it died before it could be told
  }
  for (int i = 0; i < 3; ++i) {
    if (::dup2(plan.standard[static_cast<std::size_t>(i)], i) < 0) return errno;
  }
  if (plan.held >= 0 && ::dup2(plan.held, 3) < 0) return errno;
  // Before Linux 5.11 only what was opened so closes by itself, which is all that we open.
  ::close_range(plan.held >= 0 ? 4 : 3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (::chdir(plan.cwd) != 0) return errno;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.program, plan.argv, plan.environment);
  return errno;
}

/// No signal reaches this thread meanwhile: its handler would run in the child, on our memory.
class Undisturbed {
 public:
  Undisturbed() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~Undisturbed() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  sigset_t before_{};
};

/// vfork costs the same however large this process is. Nothing but a pipe is told by the child: where vfork is fork, as
/// under a sanitizer, it has another memory. -1: errno.
[[gnu::noinline]] pid_t fork_into(const Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) {
    const int error = become(plan);
    while (::write(plan.failed, &error, sizeof error) < 0 && errno == EINTR) {
    }
    ::_exit(127);
  }
  return pid;
}

/// Waits until the child has begun, or its error is there.
pid_t start_once(Plan plan, int& error) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    error = errno;
    return -1;
  }
  const Fd told(fds[0]);
  Fd telling(fds[1]);
  // Above 3, which the child may need for what it holds.
  Fd high(::fcntl(telling.get(), F_DUPFD_CLOEXEC, 4));
  telling.reset();
  if (!high.open()) {
    error = EMFILE;
    return -1;
  }
  plan.failed = high.get();
  pid_t pid = -1;
  {
    const Undisturbed quiet;
    pid = fork_into(plan);
    error = pid < 0 ? errno : 0;
  }
  high.reset();
  if (pid < 0) return -1;
  ssize_t size = 0;
  while ((size = ::read(told.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (size == 0) return pid;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return -1;
}

pid_t start_as_planned(const Plan& plan, int& error) {
  const auto until = steady_clock::now() + busy_wait;
  for (;;) {
    const pid_t pid = start_once(plan, error);
    // A script just written is open for writing until another thread's child reaches its exec.
    if (pid > 0 || error != ETXTBSY || steady_clock::now() >= until) return pid;
    std::this_thread::yield();
  }
}

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
  std::vector<std::string> variables;
  for (const auto& [name, value] : request.environment) {
    variables.push_back(fmt::format("{}={}", name, value));
  }
  // Above 3, so that the copy in the child is one, without the close-on-exec mark.
  const Fd held(request.held < 0 ? -1 : ::fcntl(request.held, F_DUPFD_CLOEXEC, 4));
  const auto argv = pointers(arguments);
  const auto environment = pointers(variables);
  int error = 0;
  const pid_t pid = start_as_planned({.program = program->c_str(),
                                      .argv = argv.data(),
                                      .environment = environment.data(),
                                      .cwd = request.cwd.c_str(),
                                      .standard = {in->theirs.get(), out->theirs.get(), err->theirs.get()},
                                      .held = held.get(),
                                      .failed = -1,
                                      .leashed = request.leashed,
                                      .parent = ::getpid()},
                                     error);
  if (pid < 0) return refused(*program, error);

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
