// The gateway of a running engine, as long as it is open.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "app/data_folder.h"
#include "config/config.h"
#include "gateway/access_log.h"
#include "gateway/gateway.h"
#include "gateway/server.h"

namespace vitana::app {

/// What server.json of a gateway that lives says; nothing without one.
std::optional<std::string> served_url(const DataFolder& data);

struct ServiceOptions {
  config::Server server;  ///< how it is reached
  bool insecure = false;  ///< from other machines without encryption
};

class Service {
 public:
  /// Writes server.json and the local token, both for this user alone. `engine` outlives it.
  /// Errors: LISTEN_FAILED, NOT_ALLOWED, CONFIG_INVALID (certificate or key), STORE_*, STORE_READ_ONLY.
  static Result<std::unique_ptr<Service>> open(engine::Engine& engine, const DataFolder& data,
                                               const ServiceOptions& options, gateway::Files files);
  ~Service() { stop(); }

  const std::string& url() const { return server_->url(); }
  /// Does it take its turns? Thread-safe, until the destructor.
  bool responds();

  /// Nobody is let in any more; requests under way are answered first, for a few seconds. Idempotent.
  void stop();
  /// A stop that is under way, or comes, waits for nobody. Thread-safe, until the destructor.
  void hasten() { server_->hasten(); }

 private:
  Service(engine::Engine& engine, const DataFolder& data, const ServiceOptions& options, gateway::Files files);
  Result<void> write_token();
  Result<void> write_place();

  engine::Engine& engine_;
  const DataFolder data_;
  gateway::AccessLog log_;
  gateway::Gateway gateway_;
  std::unique_ptr<gateway::Server> server_;
  bool stopped_ = false;
  std::jthread watcher_;  ///< tells streams of commits
};

}  // namespace vitana::app
