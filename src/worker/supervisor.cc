// The engine's side: starts the supervisor, relays, asks it to end.
#include "worker/supervisor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/enum_names.h"
#include "process/child.h"
#include "worker/supervisor_wire.h"

namespace vitana::worker {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto names = enum_names<EndCause>({{EndCause::exited, "exited"},
                                             {EndCause::wall, "wall"},
                                             {EndCause::silence, "silence"},
                                             {EndCause::output, "output"},
                                             {EndCause::memory, "memory"},
                                             {EndCause::processes, "processes"},
                                             {EndCause::disk, "disk"},
                                             {EndCause::stopped, "stopped"},
                                             {EndCause::engine_gone, "engine_gone"}});

constexpr auto request_wait = 10s;
constexpr auto slack = 15s;
constexpr auto wall_max = std::chrono::hours(24 * 365);
constexpr std::size_t chunk_bytes = 256 * 1024;

Error lost(std::string message) { return {FailureCode::PROGRAM_FAILED, std::move(message)}; }

struct Answer {
  std::optional<SupervisedExit> exit;
  std::optional<Error> error;
  bool complete() const { return exit || error; }
};

Answer take_answers(std::string& buffer, const OutputSink& sink) {
  while (true) {
    auto frame = wire::take_frame(buffer);
    if (!frame) return {.error = std::move(frame.error())};
    if (!*frame) return {};
    const auto& payload = (*frame)->payload;
    switch ((*frame)->kind) {
      case wire::FrameKind::output:
        if (sink) sink(payload);
        break;
      case wire::FrameKind::exit: {
        auto exit = wire::unpack_exit(payload);
        if (!exit) return {.error = lost("the supervisor's answer is damaged")};
        return {.exit = std::move(exit)};
      }
      case wire::FrameKind::refusal:
        return {.error = lost(payload)};
      case wire::FrameKind::request:
        return {.error = lost("the supervisor asked")};
    }
  }
}

}  // namespace

std::string_view name_of(EndCause cause) { return names.name(cause); }

Result<SupervisedExit> supervise(const SupervisedCommand& command, std::stop_token stop,
                                 const OutputSink& sink) {
  const auto request = wire::pack(command);
  if (request.size() > wire::frame_max) return failure(lost("the program's input is too large"));
  const process::Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.open()) return failure(lost("no file descriptor is left"));
  auto child = process::Child::start({.argv = {"/proc/self/exe", std::string(supervise_argument)},
                                      .cwd = "/",
                                      .environment = {},
                                      .input = process::Input::connected,
                                      .input_text = {}});
  if (!child) return failure(std::move(child.error()).under("the supervisor does not start"));
  if (!child->write(wire::frame(wire::FrameKind::request, request),
                    steady_clock::now() + request_wait)) {
    return failure(lost("the supervisor does not listen"));
  }

  const std::stop_callback on_stop(stop, [fd = wake.get()] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
  });
  const auto wall = command.limits.wall > Duration{0}
                        ? std::min<Duration>(command.limits.wall, wall_max)
                        : Duration(wall_max);
  auto give_up_at = steady_clock::now() + wall + command.limits.grace + slack;
  bool told = false;
  std::string buffer;
  std::array<char, chunk_bytes> chunk{};
  while (steady_clock::now() < give_up_at) {
    std::array<pollfd, 2> fds{
        {{child->out().get(), POLLIN, 0}, {told ? -1 : wake.get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), 1000);
    if (!told && fds[1].revents != 0) {
      told = true;
      child->write("c", steady_clock::now() + 1s);
      give_up_at = std::min(give_up_at, steady_clock::now() + command.limits.grace + slack);
    }
    if (fds[0].revents == 0) continue;
    const auto size = ::read(child->out().get(), chunk.data(), chunk.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) return failure(lost("the supervisor was killed"));
    buffer.append(chunk.data(), static_cast<std::size_t>(size));
    auto answer = take_answers(buffer, sink);
    if (answer.error) return failure(std::move(*answer.error));
    if (answer.exit) return *answer.exit;
  }
  return failure(lost("the supervisor does not answer"));
}

}  // namespace vitana::worker
