// An open store with its engine, and, once started, its workers.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "app/application.h"
#include "app/repositories.h"
#include "app/run_files.h"
#include "app/service.h"
#include "app/service_manager.h"
#include "app/system.h"
#include "cli/session.h"
#include "http/client.h"
#include "worker/command_executor.h"
#include "worker/host.h"
#include "worker/janitor.h"
#include "worker/sandbox.h"
#include "worker/tree_verifier.h"

namespace vitana::app {

/// The base commits on which the repositories' own checks were green, remembered in the store.
class StoredGreenBases : public worker::GreenBases {
 public:
  explicit StoredGreenBases(store::Store& store) : store_(store) {}
  bool contains(const std::string& repo, const std::string& commit, const Digest& commands) override;
  void add(const std::string& repo, const std::string& commit, const Digest& commands) override;

 private:
  store::Store& store_;
};

class AppSession : public cli::Session {
 public:
  static Result<std::unique_ptr<AppSession>> open(config::Config config,
                                                  const std::string& config_file,
                                                  const cli::OpenOptions& options,
                                                  const Parts& parts);
  ~AppSession() override;

  engine::Engine& engine() override { return *engine_; }
  const config::Config& config() override { return config_; }
  const std::string& home() const { return home_; }
  std::string data_folder() override { return data_.root().string(); }
  Result<void> start(const cli::StartOptions& options) override;
  Result<std::string> serve(const cli::ServeOptions& options) override;
  std::optional<std::string> gateway_url() override;
  void ready() override;
  void stop(bool now, Duration grace) override;
  std::optional<int> engine_pid() override;
  Result<std::string> run_log(const RunId& run, std::size_t offset, std::size_t bytes_max) override;
  Result<std::string> run_diff(const RunId& run) override;

 private:
  AppSession(config::Config config, DataFolder data)
      : config_(std::move(config)), data_(std::move(data)) {}
  engine::Setup setup(const Parts& parts) const;
  void make_workers(int slots, bool serves, const engine::Autopilot::Hooks& hooks);
  /// Waits a moment until [notify] was told what it can be told now.
  void tell_persons();
  /// Pushes that dead engines left hanging.
  void end_orphans();
  void sweep_workspaces();
  /// Results that nobody has asked for since long, and what git keeps beside them.
  void tend_mirrors();
  bool is_over(const RunId& id);
  worker::WorkspaceFate fate_of(const std::string& name);

  const config::Config config_;
  const DataFolder data_;
  SystemClock clock_;
  SystemEntropy entropy_;
  std::unique_ptr<Repositories> repositories_;
  std::unique_ptr<store::Store> store_;
  http::Client outward_;  ///< for webhooks and forges
  std::unique_ptr<engine::Engine> engine_;
  std::string home_;  ///< see engine::local_worker()
  std::filesystem::path workspaces_;

  std::mutex stopping_;
  std::optional<FileLock> lock_;
  std::unique_ptr<worker::Sandbox> sandbox_;
  std::unique_ptr<StoredGreenBases> green_bases_;
  std::unique_ptr<worker::CommandExecutor> executor_;
  std::unique_ptr<worker::TreeVerifier> verifier_;
  std::unique_ptr<worker::Host> host_;
  std::jthread janitor_;
  std::unique_ptr<RunFileKeeper> run_files_;
  std::unique_ptr<Service> service_;
  ServiceManager manager_{ManagerPlace::of_environment()};
};

/// The sandbox that a configuration asks for. `workspaces`: masked, but for the run's own.
worker::SandboxOptions sandbox_options(const config::Config& config, const DataFolder& data,
                                       const std::filesystem::path& workspaces = {});

}  // namespace vitana::app
