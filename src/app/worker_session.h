// This machine as a worker of a gateway elsewhere.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

#include "app/data_folder.h"
#include "app/system.h"
#include "cli/session.h"
#include "remote/executor.h"
#include "remote/gateway_client.h"
#include "remote/source.h"
#include "remote/verifier.h"
#include "worker/host.h"
#include "worker/sandbox.h"

namespace vitana::app {

/// Known for as long as the process lives: lost, they are found green once more.
class GreenBasesInMemory : public worker::GreenBases {
 public:
  bool contains(const std::string& repo, const std::string& commit, const Digest& commands) override;
  void add(const std::string& repo, const std::string& commit, const Digest& commands) override;

 private:
  std::mutex mutex_;
  std::set<std::tuple<std::string, std::string, Digest>> green_;
};

/// Its folder holds mirrors, workspaces, logs and a lock: nothing that is missed when it is removed.
class WorkerSession : public cli::RemoteWorker {
 public:
  static Result<std::unique_ptr<WorkerSession>> start(config::Config config, const cli::OpenOptions& options,
                                                      const cli::WorkerOptions& worker);
  /// As stop().
  ~WorkerSession() override;

  std::string introduction() override { return introduction_; }
  Standing standing() override;
  void wait(Duration timeout) override;
  void drain() override;
  void stop() override;

 private:
  WorkerSession(config::Config config, DataFolder data) : config_(std::move(config)), data_(std::move(data)) {}
  Result<void> prepare();
  Result<void> enter(const cli::WorkerOptions& worker);
  void tidy();
  void changed();
  std::filesystem::path workspaces() const { return data_.root() / "workspaces"; }

  const config::Config config_;
  const DataFolder data_;
  std::string introduction_;
  std::optional<FileLock> lock_;
  std::unique_ptr<worker::Sandbox> sandbox_;
  GreenBasesInMemory green_bases_;
  SystemClock clock_;
  std::unique_ptr<remote::GatewayClient> gateway_;
  std::unique_ptr<remote::Source> source_;
  std::unique_ptr<remote::Executor> executor_;
  std::unique_ptr<port::Verifier> verifier_;
  std::unique_ptr<worker::Host> host_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool changed_ = false;
  std::mutex stopping_;
};

}  // namespace vitana::app
