#include "gateway/access_log.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

namespace vitana::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto last_words = 1s;
constexpr auto look_again = 100ms;
constexpr std::size_t path_bytes_max = 512;

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

/// Visible ASCII as it is, anything else as %XX.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, path_bytes_max)) {
    if (c > ' ' && c < 0x7f && c != '"') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out.empty() ? "-" : out;
}

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

/// Waits for room, in turns, for as long as `goes_on` says; false: the rest of the line is lost.
template <typename GoesOn>
bool write_all(int file, std::string_view text, const GoesOn& goes_on) {
  while (!text.empty()) {
    pollfd room{file, POLLOUT, 0};
    const int ready = ::poll(&room, 1, static_cast<int>(look_again.count()));
    if (ready <= 0) {
      if ((ready == 0 || errno == EINTR) && goes_on()) continue;
      return false;
    }
    // At most what a pipe that has room takes whole: a write of more would wait for its reader.
    const auto written = ::write(file, text.data(), std::min<std::size_t>(text.size(), 4096));
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string text_line(const Served& served, Instant now) {
  return fmt::format("{} {} {} {} {:.1f}ms {}B actor={} peer={} trace={}\n", to_rfc3339(now),
                     served.method.empty() ? "-" : upper(served.method), plain(served.path), served.status,
                     milliseconds(served.took), served.bytes, plain(served.actor), plain(served.peer), served.trace);
}

std::string json_line(const Served& served, Instant now) {
  return json_text({{"time", to_rfc3339(now)},
                    {"level", "info"},
                    {"message", "request"},
                    {"method", upper(served.method)},
                    {"route", served.route},
                    {"path", served.path.substr(0, path_bytes_max)},
                    {"status", served.status},
                    {"ms", milliseconds(served.took)},
                    {"bytes", served.bytes},
                    {"actor", served.actor},
                    {"peer", served.peer},
                    {"trace_id", served.trace}});
}

AccessLog::AccessLog(LogForm form, int file)
    : form_(form), file_(file), thread_([this](const std::stop_token& stop) { write_lines(stop); }) {}

AccessLog::~AccessLog() {
  thread_.request_stop();
  thread_.join();
}

void AccessLog::served(const Served& served, Instant now) {
  if (form_ == LogForm::none) return;
  add(form_ == LogForm::json ? json_line(served, now) : text_line(served, now));
}

void AccessLog::note(const std::string& message, Instant now) {
  if (form_ == LogForm::json) {
    add(json_text({{"time", to_rfc3339(now)}, {"level", "warning"}, {"message", message}}));
  } else {
    std::string line = message;
    std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    add(fmt::format("{} {}\n", to_rfc3339(now), line));
  }
}

void AccessLog::add(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= waiting_max) {
      ++lost_;
      return;
    }
    lines_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void AccessLog::write_lines(const std::stop_token& stop) {
  std::optional<Clock::time_point> until;
  const auto goes_on = [&] {
    if (!stop.stop_requested()) return true;
    if (!until) until = Clock::now() + last_words;
    return Clock::now() < *until;
  };
  for (;;) {
    std::string line;
    std::size_t lost = 0;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, stop, [this] { return !lines_.empty(); });
      if (lines_.empty()) return;
      line = std::move(lines_.front());
      lines_.pop_front();
      std::swap(lost, lost_);
    }
    if (lost > 0) {
      const auto words = fmt::format("{} lines of this log were lost: nobody took them in time", lost);
      line = (form_ == LogForm::json ? json_text({{"level", "warning"}, {"message", words}}) : words + "\n") + line;
    }
    if (!write_all(file_, line, goes_on) && stop.stop_requested()) return;
  }
}

}  // namespace vitana::gateway
