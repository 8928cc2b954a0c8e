// What the gateway tells of itself: a line for each request, and what an operator should know.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/time.h"
#include "gateway/http.h"

namespace vitana::gateway {

enum class LogForm { none, text, json };

/// Lines are written by a thread of its own: a reader that takes nothing holds up nobody. Beyond `waiting_max` lines
/// the newest are lost, and the next one that is written says how many were. Thread-safe.
class AccessLog {
 public:
  static constexpr std::size_t waiting_max = 8192;

  /// `file`: an open descriptor, which outlives this. `none`: only note() is written, as text.
  AccessLog(LogForm form, int file);
  ~AccessLog();  ///< what waits is written, as far as the file takes it within a second
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void served(const Served& served, Instant now);
  void note(const std::string& message, Instant now);

 private:
  void add(std::string line);
  void write_lines(const std::stop_token& stop);

  const LogForm form_;
  const int file_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::string> lines_;
  std::size_t lost_ = 0;
  std::jthread thread_;
};

/// One line, with its end. Control characters, quotes and what is no UTF-8 cannot leave their field.
std::string text_line(const Served& served, Instant now);
std::string json_line(const Served& served, Instant now);

}  // namespace vitana::gateway
