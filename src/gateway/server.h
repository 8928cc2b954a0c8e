// HTTP/1.1 over TCP: bytes in, Request out, with bounds and deadlines for all of it. The only file beside
// server.cc that knows the network is none: nothing of its library shows here.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "gateway/http.h"

namespace vitana::gateway {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  ///< HOST:PORT; port 0 takes a free one
  bool insecure = false;               ///< an address that other machines reach is taken too, without encryption
  std::size_t handler_threads = 16;    ///< that may wait for the disk, and so share its commits
  std::size_t waiting_max = 256;       ///< requests that wait for such a thread; beyond it GATEWAY_BUSY
  std::size_t connections_max = 4096;  ///< beyond it a connection is closed as it comes
  std::size_t header_bytes_max = 16 << 10;
  std::size_t body_bytes_max = 4 << 20;
  /// Asked, on a handler's thread, of a request whose body is larger than that: how much of it may be taken; 0: no
  /// more. Empty: never more.
  std::function<std::size_t(const Request& head)> larger_body = {};
  Duration header_deadline = std::chrono::seconds(30);  ///< and how long a connection may be idle
  Duration body_deadline = std::chrono::seconds(60);    ///< longer for a larger body, at 64 KiB a second
  Duration write_deadline = std::chrono::seconds(30);   ///< for what takes nothing
  Duration heartbeat = std::chrono::seconds(15);
};

/// One thread for the network: a connection is a coroutine that costs no thread while it waits. Handlers run on
/// a bounded pool.
class Server {
 public:
  /// Listens from here on. `handler` outlives the server. Errors: LISTEN_FAILED; NOT_ALLOWED, see `insecure`.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);
  ~Server();  ///< as stop(0)

  /// "http://127.0.0.1:8080"
  const std::string& url() const;

  /// There may be something new for streams. Thread-safe; cheap.
  void wake();

  /// No connection is taken any more, idle ones are closed, streams end; requests under way have `grace` to be
  /// answered. Returns when all has ended. Idempotent.
  void stop(Duration grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitana::gateway
