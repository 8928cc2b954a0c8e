// The gateway of a running engine, as long as it is open.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "app/data_folder.h"
#include "gateway/gateway.h"
#include "gateway/server.h"

namespace vitana::app {

/// What server.json of a gateway that lives says; nothing without one.
std::optional<std::string> served_url(const DataFolder& data);

class Service {
 public:
  /// Writes server.json and the local token, both for this user alone. `engine` outlives it.
  /// Errors: LISTEN_FAILED, NOT_ALLOWED, STORE_*, STORE_READ_ONLY.
  static Result<std::unique_ptr<Service>> open(engine::Engine& engine, const DataFolder& data,
                                               const std::string& listen, bool insecure, gateway::Files files);
  /// Requests under way are answered first, for a few seconds.
  ~Service();

  const std::string& url() const { return server_->url(); }

 private:
  Service(engine::Engine& engine, const DataFolder& data, gateway::Files files)
      : engine_(engine), data_(data), gateway_(engine, std::move(files)) {}
  Result<void> write_token();
  Result<void> write_place();

  engine::Engine& engine_;
  const DataFolder data_;
  gateway::Gateway gateway_;
  std::unique_ptr<gateway::Server> server_;
  std::jthread watcher_;  ///< tells streams of commits
};

}  // namespace vitana::app
