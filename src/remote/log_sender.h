// Carries a run's log to the gateway while it grows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <thread>

#include "base/result.h"
#include "remote/gateway_client.h"

namespace vitana::remote {

/// From where the file ends now: what stands before is of an earlier grant. The gateway says where its own copy goes
/// on, so that a piece whose answer was lost is neither sent twice nor left out. What cannot be sent is left here.
class LogSender {
 public:
  /// `gateway` outlives it. Begins at once, on a thread of its own.
  LogSender(GatewayClient& gateway, RunId run, domain::Fence fence, std::filesystem::path file);
  /// Sends what is left, for half a minute at most, or until `stop` is asked for.
  void finish(const std::stop_token& stop);
  ~LogSender();
  LogSender(const LogSender&) = delete;
  LogSender& operator=(const LogSender&) = delete;

 private:
  enum class Sent { all, more, not_now, never };
  Sent send_piece(const std::stop_token& stop);
  std::string read_piece() const;

  GatewayClient& gateway_;
  const RunId run_;
  const domain::Fence fence_;
  const std::filesystem::path file_;
  const std::uint64_t begin_;         ///< of this grant's part, in the file
  std::uint64_t at_;                  ///< what comes next, in the file
  std::int64_t gateway_begin_ = -1;   ///< where that part begins at the gateway; not known yet
  std::jthread thread_;
};

}  // namespace vitana::remote
