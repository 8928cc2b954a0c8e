#include "remote/log_sender.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <system_error>

#include "remote/again.h"

namespace vitana::remote {

using namespace std::chrono_literals;

namespace {

constexpr Duration look_every = 1s;
constexpr auto finish_deadline = 30s;
constexpr std::size_t piece_bytes = port::log_piece_bytes_max / 2;

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

}  // namespace

LogSender::LogSender(GatewayClient& gateway, RunId run, domain::Fence fence, std::filesystem::path file)
    : gateway_(gateway), run_(run), fence_(fence), file_(std::move(file)), begin_(size_of(file_)), at_(begin_) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto sent = send_piece(stop);
      if (sent == Sent::never) return;
      if (sent != Sent::more) pause_for(look_every, stop);
    }
  });
}

LogSender::~LogSender() = default;

std::string LogSender::read_piece() const {
  std::ifstream file(file_, std::ios::binary);
  if (!file) return {};
  file.seekg(static_cast<std::streamoff>(at_));
  std::string text(piece_bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

LogSender::Sent LogSender::send_piece(const std::stop_token& stop) {
  const bool known = gateway_begin_ >= 0;
  auto piece = known ? read_piece() : std::string();
  if (known && piece.empty()) return Sent::all;
  const auto offset = known ? static_cast<std::uint64_t>(gateway_begin_) + (at_ - begin_) : 0;
  const auto place = gateway_.send_log(run_, fence_, offset, std::move(piece), stop);
  if (!place) {
    const bool later = may_pass(place.error()) || place.error().code == FailureCode::CANCELLED;
    return later ? Sent::not_now : Sent::never;
  }
  if (place->full) return Sent::never;
  if (!known) {
    gateway_begin_ = static_cast<std::int64_t>(place->offset);
    return Sent::more;
  }
  const auto first = static_cast<std::uint64_t>(gateway_begin_);
  // Somebody else writes there, or it was lost there: nothing can be said of what belongs where.
  if (place->offset < first || place->offset - first > size_of(file_) - begin_) return Sent::never;
  at_ = begin_ + (place->offset - first);
  return Sent::more;
}

void LogSender::finish(const std::stop_token& stop) {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  const auto until = std::chrono::steady_clock::now() + finish_deadline;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < until) {
    const auto sent = send_piece(stop);
    if (sent == Sent::all || sent == Sent::never) return;
    if (sent == Sent::not_now) pause_for(look_every, stop);
  }
}

}  // namespace vitana::remote
