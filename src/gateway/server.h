// HTTP/1.1 over TCP, plain or encrypted: bytes in, Request out, with bounds and deadlines for all of it. Nothing of
// the network's library shows here.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "gateway/figures.h"
#include "gateway/http.h"

namespace vitana::gateway {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  ///< HOST:PORT; port 0 takes a free one
  bool insecure = false;               ///< an address that other machines reach is taken too, without encryption
  std::string certificate = {};        ///< PEM, with its chain; empty: nothing is encrypted
  std::string key = {};                ///< its key; both are taken anew when their files change
  std::function<void(const std::string&)> note = {};  ///< told what an operator should know; network thread
  std::function<void(const Served&)> served = {};     ///< told of each answer; network thread
  std::shared_ptr<Figures> figures = std::make_shared<Figures>();
  std::size_t handler_threads = 16;    ///< that may wait for the disk, and so share its commits
  std::size_t waiting_max = 256;       ///< requests that wait for such a thread; beyond it GATEWAY_BUSY
  /// How many of these threads may be at one kind of work that others should not wait behind: parked requests that
  /// are asked anew, streams, and JSON that is larger than that; of the last so many wait, beyond it GATEWAY_BUSY.
  std::size_t handlers_of_a_kind = 4;
  std::size_t large_json_bytes = 64 << 10;
  std::size_t large_json_waiting_max = 64;
  std::size_t connections_max = 4096;  ///< beyond it a connection is closed as it comes
  std::size_t connections_per_origin_max = 0;  ///< the same, for each origin but this machine; 0: no bound
  std::size_t header_bytes_max = 16 << 10;
  std::size_t body_bytes_max = 64 << 10;     ///< that anybody may send
  std::size_t bodies_bytes_max = 512 << 20;  ///< of all larger ones at a time; beyond it GATEWAY_BUSY
  std::size_t unknown_bodies_bytes_max = 64 << 20;  ///< the same, of those of whom only the body tells who they are
  Duration handshake_deadline = std::chrono::seconds(10);
  /// Asked, on a handler's thread, of a request whose body is larger than `body_bytes_max`, or does not say how large
  /// it is: how much of it may be taken. An error is answered, and the connection ends. Empty: no more.
  std::function<Result<BodyBound>(const Request& head)> larger_body = {};
  Duration header_deadline = std::chrono::seconds(30);  ///< and how long a connection may be idle
  Duration body_deadline = std::chrono::seconds(60);    ///< longer for a larger body, at 64 KiB a second
  Duration write_deadline = std::chrono::seconds(30);   ///< for what takes nothing
  Duration heartbeat = std::chrono::seconds(15);
};

/// When this certificate ends. Errors: CONFIG_INVALID: the pair cannot be used.
Result<Instant> certificate_end(const std::string& certificate, const std::string& key);

/// One thread for the network: a connection is a coroutine that costs no thread while it waits. Handlers run on
/// a bounded pool.
class Server {
 public:
  /// Listens from here on. `handler` outlives the server. Errors: LISTEN_FAILED; NOT_ALLOWED, see `insecure`;
  /// CONFIG_INVALID: certificate or key.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);
  ~Server();  ///< as stop(0)

  /// "http://127.0.0.1:8080", or "https://…"
  const std::string& url() const;

  /// There may be something new for streams. Thread-safe; cheap.
  void wake();

  /// Does its thread take turns? Waits for one, but no longer than `patience`. Thread-safe.
  bool responds(Duration patience);

  /// No connection is taken any more, idle ones are closed, streams end; requests under way have `grace` to be
  /// answered. Returns when all has ended. Idempotent.
  void stop(Duration grace);
  /// A stop that is under way, or comes, waits for nobody: what is not answered yet is cut. Thread-safe.
  void hasten();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vitana::gateway
