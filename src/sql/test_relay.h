// Stands between a driver and its server, and takes an answer away.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace vitana::sql::testing {

/// One connection at a time, over a socket in a folder of the test. Thread-safe.
class Relay {
 public:
  /// `server`: the folder of the server's socket; `own`: of this one's.
  Relay(const std::string& server, const std::string& own);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// The next message that holds `mark` reaches the server, which answers it; then both sides are closed, and
  /// the driver has seen nothing of the answer.
  void cut_at(const std::string& mark);
  bool has_cut() const { return cut_.load(); }

 private:
  void serve();
  void relay(int client, int server);

  const std::string server_;
  int listener_ = -1;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> armed_ = false;
  std::atomic<bool> cut_ = false;
  std::string mark_;
  std::thread thread_;
};

}  // namespace vitana::sql::testing
