// The supervisor's own process: one thread, one loop.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include "process/child.h"
#include "worker/disk_meter.h"
#include "worker/hidden_use.h"
#include "worker/process_tree.h"
#include "worker/supervisor_wire.h"

namespace vitana::worker {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;
using Time = steady_clock::time_point;

constexpr auto tick = 100ms;
constexpr auto sample_every = 200ms;
constexpr auto kill_wait = 5s;
constexpr auto stop_grace_max = 1s;  // a stop is to be done within two seconds
constexpr auto request_wait = 30s;
constexpr auto flush_wait = 10s;
constexpr auto drain_wait = 500ms;
constexpr auto disk_slice = 40ms;
constexpr auto open_files_slice = 100ms;
constexpr std::size_t chunk_bytes = 64 * 1024;
constexpr std::size_t backlog_max = 1 << 20;  // the program is not read further above this
constexpr int stdin_fd = 0;
constexpr int stdout_fd = 1;

int wait_ms(Time until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Thousands of processes that all want the processor would keep this one from counting them. Only
// root may do this; for others the sandbox has a limit of the kernel's own.
void go_first() {
  const sched_param lowest{.sched_priority = 1};
  ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest);
}

// What goes to the engine. Non-blocking; when the engine is gone it swallows everything.
class ToEngine {
 public:
  void add(wire::FrameKind kind, std::string_view payload) {
    if (!gone_) pending_ += wire::frame(kind, payload);
  }
  bool waiting() const { return !pending_.empty(); }
  bool full() const { return pending_.size() > backlog_max; }
  bool gone() const { return gone_; }
  void set_gone() {
    gone_ = true;
    pending_.clear();
  }

  void flush() {
    while (!pending_.empty()) {
      const auto written = ::write(stdout_fd, pending_.data(), pending_.size());
      if (written > 0) {
        pending_.erase(0, static_cast<std::size_t>(written));
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR) {
        set_gone();
      }
    }
  }

  void flush_until(Time deadline) {
    for (flush(); waiting() && steady_clock::now() < deadline; flush()) {
      pollfd writable{stdout_fd, POLLOUT, 0};
      ::poll(&writable, 1, wait_ms(deadline));
    }
  }

 private:
  std::string pending_;
  bool gone_ = false;
};

class Supervision {
 public:
  Supervision(const SupervisedCommand& command, process::Child child, ToEngine& engine)
      : limits_(command.limits),
        wrapped_(command.wrapped),
        child_(std::move(child)),
        engine_(engine),
        disk_(command.limits.disk_root),
        device_(device_of(command.limits.disk_root.string())) {}

  void run() {
    while (step()) {
    }
    kill_all();
    drain();
    const auto end = child_.end();
    reap_orphans(tree_of(::getpid()));
    exit_.exit_code = end ? end->code : -1;
    exit_.signal = end ? end->signal : SIGKILL;
    exit_.cause = ending_.value_or(EndCause::exited);
    exit_.duration = std::chrono::duration_cast<Duration>(steady_clock::now() - started_);
    engine_.add(wire::FrameKind::exit, wire::pack(exit_));
    engine_.flush_until(steady_clock::now() + flush_wait);
  }

 private:
  // False when the program has ended, or cannot be made to.
  bool step() {
    const auto now = steady_clock::now();
    look_at_limits(now);
    if (ending_ && now >= kill_at_) {
      if (now >= kill_at_ + kill_wait) return false;
      kill_tree();
    }
    std::array<pollfd, 5> fds{{{engine_.gone() ? -1 : stdin_fd, POLLIN, 0},
                               {engine_.waiting() ? stdout_fd : -1, POLLOUT, 0},
                               {child_.exit_fd(), POLLIN, 0},
                               {engine_.full() ? -1 : child_.out().get(), POLLIN, 0},
                               {engine_.full() ? -1 : child_.err().get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(tick / 1ms));
    if (fds[0].revents != 0) hear_engine();
    if (fds[1].revents != 0) engine_.flush();
    if (engine_.gone()) end(EndCause::engine_gone, Duration{0});
    if (fds[3].revents != 0) read_from(child_.out());
    if (fds[4].revents != 0) read_from(child_.err());
    return fds[2].revents == 0;
  }

  void hear_engine() {
    std::array<char, 64> bytes{};
    const auto size = ::read(stdin_fd, bytes.data(), bytes.size());
    if (size > 0) return end(EndCause::stopped, std::min<Duration>(limits_.grace, stop_grace_max));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
    engine_.set_gone();
  }

  void look_at_limits(Time now) {
    if (engine_.full()) heard_ = now;  // it may have much to say, we do not listen
    if (limits_.wall > Duration{0} && now - started_ > limits_.wall) {
      end(EndCause::wall, limits_.grace);
    }
    if (limits_.silence > Duration{0} && now - heard_ > limits_.silence) {
      end(EndCause::silence, limits_.grace);
    }
    if (!limits_.disk_root.empty()) {
      disk_.step(now, disk_slice);
      look_at_disk();
    }
    if (now >= sample_at_) sample();
  }

  void look_at_disk() {
    auto bytes = disk_.bytes();
    if (bytes != DiskMeter::endless) bytes += hidden_.disk_bytes + mounted_;
    exit_.disk_peak = std::max(exit_.disk_peak, bytes);
    if (limits_.disk_bytes > 0 && bytes > limits_.disk_bytes) end(EndCause::disk, Duration{0});
  }

  // The wrapper's only child is the first process of the sandbox: it is the wrapper's own program
  // and sees the mounts as they were made.
  std::uint64_t look_at_mounts(const std::vector<TreeProcess>& tree) const {
    if (limits_.private_mounts.empty()) return 0;
    const auto first = std::ranges::find(tree, child_.pid(), &TreeProcess::parent);
    return first == tree.end() ? 0 : private_mounts_use(first->pid, limits_.private_mounts);
  }

  void sample() {
    const auto spent = processor_time();
    const auto tree = tree_of(::getpid());
    reap_orphans(tree);
    if (ending_) ask_to_end(tree);
    hidden_ = hidden_use(tree, device_, steady_clock::now() + open_files_slice);
    mounted_ = look_at_mounts(tree);
    std::uint64_t memory = hidden_.memory_bytes;
    for (const auto& process : tree) memory += process.memory;
    exit_.memory_peak = std::max(exit_.memory_peak, memory);
    if (limits_.memory_bytes > 0 && memory > limits_.memory_bytes && holds_too_much(tree)) {
      end(EndCause::memory, Duration{0});
    }
    if (limits_.processes > 0 && tree.size() > static_cast<std::size_t>(limits_.processes)) {
      end(EndCause::processes, Duration{0});
    }
    // On a machine with very many processes one look takes longer; it never takes over a tenth of
    // a processor. Time that others had it does not count, or who has it could hold off the look.
    sample_at_ = steady_clock::now() +
                 std::max<Time::duration>(sample_every, 10 * (processor_time() - spent));
  }

  // The sum of resident memory counts what a forked tree shares once for each process, so this looks
  // closer before it judges; and a second time, since the first counts too much while processes end.
  bool holds_too_much(const std::vector<TreeProcess>& tree) const {
    return shared_out_memory(tree, hidden_.memory_bytes) > limits_.memory_bytes &&
           shared_out_memory(tree_of(::getpid()), hidden_.memory_bytes) > limits_.memory_bytes;
  }

  void end(EndCause cause, Duration grace) {
    const auto now = steady_clock::now();
    if (ending_) {
      kill_at_ = std::min(kill_at_, now + grace);
      return;
    }
    ending_ = cause;
    kill_at_ = now + grace;
    if (grace > Duration{0}) ask_to_end(tree_of(::getpid()));
  }

  void kill_tree() {
    for (const auto& process : tree_of(::getpid())) {
      if (!process.zombie) signal_process(process, SIGKILL);
    }
  }

  // Once to each process, also to such as are started meanwhile. TERM would end the wrapper itself
  // and with it, at once, everything in it.
  void ask_to_end(const std::vector<TreeProcess>& tree) {
    for (const auto& process : tree) {
      if (process.zombie || (wrapped_ && process.pid == child_.pid())) continue;
      if (asked_.emplace(process.pid, process.started).second) signal_process(process, SIGTERM);
    }
  }

  // Whatever is left, until nothing is: a process may start others while it is looked for.
  void kill_all() {
    const auto until = steady_clock::now() + kill_wait;
    while (steady_clock::now() < until) {
      const auto tree = tree_of(::getpid());
      reap_orphans(tree);
      if (std::ranges::all_of(tree, &TreeProcess::zombie)) return;
      for (const auto& process : tree) {
        if (!process.zombie) signal_process(process, SIGKILL);
      }
      ::poll(nullptr, 0, 2);
    }
  }

  void reap_orphans(const std::vector<TreeProcess>& tree) const {
    for (const auto& process : tree) {
      if (!process.zombie || process.parent != ::getpid() || process.pid == child_.pid()) continue;
      ::waitpid(process.pid, nullptr, WNOHANG);
    }
  }

  void read_from(process::Fd& fd) {
    std::array<char, chunk_bytes> buffer{};
    const auto size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return fd.reset();
    heard_ = steady_clock::now();
    std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    const auto before = exit_.output_bytes;
    exit_.output_bytes += text.size();
    if (limits_.output_bytes > 0 && exit_.output_bytes > limits_.output_bytes) {
      text = text.substr(0, limits_.output_bytes - std::min(before, limits_.output_bytes));
      end(EndCause::output, Duration{0});
    }
    if (!text.empty()) engine_.add(wire::FrameKind::output, text);
  }

  // All writers are dead: what they left in the pipes is all that there is.
  void drain() {
    const auto until = steady_clock::now() + drain_wait;
    for (auto* fd : {&child_.out(), &child_.err()}) {
      while (fd->open() && !engine_.gone() && steady_clock::now() < until) {
        pollfd readable{fd->get(), POLLIN, 0};
        if (::poll(&readable, 1, 0) <= 0) break;
        read_from(*fd);
        engine_.flush();
      }
    }
  }

  const Limits& limits_;
  bool wrapped_;
  process::Child child_;
  ToEngine& engine_;
  DiskMeter disk_;
  const dev_t device_;
  HiddenUse hidden_;
  std::uint64_t mounted_ = 0;
  SupervisedExit exit_;
  Time started_ = steady_clock::now();
  Time heard_ = started_;
  Time sample_at_ = started_;
  std::optional<EndCause> ending_;
  std::set<std::pair<pid_t, std::uint64_t>> asked_;
  Time kill_at_{};
};

std::optional<SupervisedCommand> read_request() {
  const auto until = steady_clock::now() + request_wait;
  std::string buffer;
  std::array<char, chunk_bytes> chunk{};
  while (steady_clock::now() < until) {
    pollfd readable{stdin_fd, POLLIN, 0};
    if (::poll(&readable, 1, wait_ms(until)) <= 0) continue;
    // Not a byte more than the request: what follows it is for the loop.
    std::size_t wanted = wire::frame_header - std::min(buffer.size(), wire::frame_header);
    if (wanted == 0) {
      std::size_t size = 0;
      for (std::size_t i = 4; i >= 1; --i) size = size << 8 | static_cast<unsigned char>(buffer[i]);
      if (size > wire::frame_max) return std::nullopt;
      wanted = wire::frame_header + size - buffer.size();
    }
    const auto got = ::read(stdin_fd, chunk.data(), std::min(wanted, chunk.size()));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return std::nullopt;
    buffer.append(chunk.data(), static_cast<std::size_t>(got));
    auto frame = wire::take_frame(buffer);
    if (!frame) return std::nullopt;
    if (*frame) return wire::unpack_command((*frame)->payload);
  }
  return std::nullopt;
}

/// The host's session keyring may hold tickets and tokens, and what a program puts into it the next
/// one would find: programs get an empty one of their own. Where the kernel has no keyrings there is
/// nothing to leave.
void leave_session_keyring() { (void)::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); }

}  // namespace

int supervise_main(int /*argc*/, char** /*argv*/) {
  // A signal to the whole service reaches the engine too, which decides what ends and how.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGQUIT}) ::signal(signal, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "vitana-superv");
  go_first();
  leave_session_keyring();
  const auto command = read_request();
  if (!command) return 2;
  ::fcntl(stdout_fd, F_SETFL, O_NONBLOCK);

  ToEngine engine;
  auto child = process::Child::start({.argv = command->argv,
                                      .cwd = command->cwd,
                                      .environment = command->environment,
                                      .input = process::Input::text,
                                      .input_text = command->input});
  if (!child) {
    engine.add(wire::FrameKind::refusal, child.error().message);
    engine.flush_until(steady_clock::now() + flush_wait);
    return 1;
  }
  Supervision(*command, std::move(*child), engine).run();
  return 0;
}

}  // namespace vitana::worker
