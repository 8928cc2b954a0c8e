#include "process/run.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "process/child.h"

namespace vitana::process {
namespace {

using std::chrono::steady_clock;

constexpr auto drain_max = std::chrono::milliseconds(500);
constexpr auto kill_wait = std::chrono::seconds(1);
constexpr auto busy_max = std::chrono::minutes(1);
constexpr auto busy_look = std::chrono::milliseconds(20);
constexpr auto deadline_max = std::chrono::milliseconds(std::chrono::hours(24 * 365));
constexpr std::size_t chunk_bytes = 64 * 1024;
constexpr int last_reads_max = 32;  // a pipe holds at most 1 MiB by default rules

class Capture {
 public:
  explicit Capture(OutputLimit limit) : limit_(limit) {}

  void add(std::string_view data) {
    total_ += data.size();
    if (limit_.keep == Keep::head) {
      text_.append(data.substr(0, limit_.bytes_max - text_.size()));
      return;
    }
    if (data.size() > limit_.bytes_max) data.remove_prefix(data.size() - limit_.bytes_max);
    text_.append(data);
    // Cut only now and then, so that a long output is not moved for each piece of it.
    if (text_.size() > 2 * limit_.bytes_max + chunk_bytes) cut();
  }

  Captured take() {
    cut();
    return {std::move(text_), total_, total_ > limit_.bytes_max};
  }

 private:
  void cut() {
    if (text_.size() > limit_.bytes_max) text_.erase(0, text_.size() - limit_.bytes_max);
  }

  OutputLimit limit_;
  std::string text_;
  std::uint64_t total_ = 0;
};

class Run {
 public:
  Run(const RunRequest& request, Child child, Fd wake)
      : request_(request),
        child_(std::move(child)),
        wake_(std::move(wake)),
        out_(request.out),
        err_(request.err) {}

  RunOutput finish(steady_clock::time_point started) {
    const std::stop_callback on_stop(request_.stop, [fd = wake_.get()] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
    });
    due_ = started + std::min(request_.deadline, deadline_max);
    while (step()) {
    }
    const auto exit = child_.end();
    read_last();
    result_.out = out_.take();
    result_.err = err_.take();
    if (exit) result_.exit_code = exit->code;
    result_.signal = exit ? exit->signal : SIGKILL;
    result_.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - started);
    return std::move(result_);
  }

 private:
  enum class Phase { running, ending, terminated, killed, ended };

  // One wait and what came of it; false when there is nothing more to wait for.
  bool step() {
    const bool closed = !child_.out().open() && !child_.err().open();
    if (phase_ == Phase::ended && closed) return false;
    const auto now = steady_clock::now();
    if (now >= due_ && !pass_deadline(now)) return false;

    // poll() skips negative descriptors.
    std::array<pollfd, 4> fds{{
        {child_.out().get(), POLLIN, 0},
        {child_.err().get(), POLLIN, 0},
        {phase_ == Phase::ended ? -1 : child_.exit_fd(), POLLIN, 0},
        {phase_ == Phase::running ? wake_.get() : -1, POLLIN, 0},
    }};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_ - now);
    ::poll(fds.data(), fds.size(),
           static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
    if (fds[0].revents != 0) read_some(Stream::out);
    if (fds[1].revents != 0) read_some(Stream::err);
    if (fds[2].revents != 0) {
      phase_ = Phase::ended;
      due_ = steady_clock::now() + drain_max;
    } else if (fds[3].revents != 0) {
      result_.stopped = true;
      begin_to_end(steady_clock::now());
    }
    return true;
  }

  bool pass_deadline(steady_clock::time_point now) {
    switch (phase_) {
      case Phase::running:
        result_.timed_out = true;
        begin_to_end(now);
        return true;
      case Phase::ending:
        if (now < busy_until_ && request_.busy && request_.busy()) {
          due_ = now + busy_look;
        } else {
          terminate(now);
        }
        return true;
      case Phase::terminated:
        child_.signal_group(SIGKILL);
        phase_ = Phase::killed;
        due_ = now + kill_wait;
        return true;
      case Phase::killed:
      case Phase::ended:
        return false;
    }
    return false;
  }

  void begin_to_end(steady_clock::time_point now) {
    phase_ = Phase::ending;
    busy_until_ = now + busy_max;
    due_ = now;
  }

  void terminate(steady_clock::time_point now) {
    child_.signal_group(SIGTERM);
    phase_ = Phase::terminated;
    due_ = now + std::min(request_.grace, deadline_max);
  }

  // False when nothing more can be read now.
  bool read_some(Stream stream) {
    Fd& fd = stream == Stream::out ? child_.out() : child_.err();
    if (!fd.open()) return false;
    const auto count = ::read(fd.get(), chunk_.data(), chunk_.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0) {
      fd.reset();
      return false;
    }
    const std::string_view data(chunk_.data(), static_cast<std::size_t>(count));
    (stream == Stream::out ? out_ : err_).add(data);
    if (request_.on_output) request_.on_output(stream, data);
    return true;
  }

  void read_last() {
    for (const auto stream : {Stream::out, Stream::err}) {
      for (int i = 0; i < last_reads_max && read_some(stream); ++i) {
      }
    }
  }

  const RunRequest& request_;
  Child child_;
  Fd wake_;
  Capture out_, err_;
  std::array<char, chunk_bytes> chunk_{};
  Phase phase_ = Phase::running;
  steady_clock::time_point due_;
  steady_clock::time_point busy_until_;
  RunOutput result_;
};

}  // namespace

Result<RunOutput> run(const RunRequest& request) {
  const auto started = steady_clock::now();
  if (request.stop.stop_requested()) {
    RunOutput output;
    output.stopped = true;
    return output;
  }
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.open()) return failure(FailureCode::PROGRAM_FAILED, "no descriptor is left");
  auto child = Child::start({.argv = request.argv,
                             .cwd = request.cwd,
                             .environment = request.environment,
                             .input = Input::text,
                             .input_text = request.input,
                             .held = request.held,
                             .leashed = request.leashed});
  if (!child) return failure(std::move(child.error()));
  return Run(request, std::move(*child), std::move(wake)).finish(started);
}

}  // namespace vitana::process
