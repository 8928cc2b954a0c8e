// The program as its commands see it.
#pragma once

#include <memory>
#include <utility>

#include "cli/session.h"
#include "engine/setup.h"

namespace vitana::app {

/// What a test may put in the place of the product's own.
struct Parts {
  engine::Rules rules = {};
  std::shared_ptr<port::Dispatcher> dispatcher = {};
};

class VitanaApplication : public cli::Application {
 public:
  explicit VitanaApplication(Parts parts = {}) : parts_(std::move(parts)) {}

  Result<config::Config> configuration(const cli::OpenOptions& options) override;
  Result<std::unique_ptr<cli::Session>> open(const cli::OpenOptions& options) override;
  Result<cli::DataPlace> data_place(const cli::OpenOptions& options) override;
  std::optional<int> engine_pid(const std::string& data) override;
  std::vector<cli::DoctorFinding> doctor(const cli::OpenOptions& options) override;
  std::vector<cli::DoctorFinding> cautions(const cli::OpenOptions& options) override;
  cli::DoctorFinding sandbox(const config::Config& config) override;
  Result<config::StarterFacts> starter_facts(const std::string& folder) override;
  Result<std::unique_ptr<cli::RemoteWorker>> work(const cli::OpenOptions& options,
                                                  const cli::WorkerOptions& worker) override;
  Result<std::string> restore(const std::string& backup, const cli::OpenOptions& options) override;

 private:
  const Parts parts_;
};

}  // namespace vitana::app
