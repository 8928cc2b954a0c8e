// The program as its commands see it.
#pragma once

#include "cli/session.h"

namespace vitana::app {

class VitanaApplication : public cli::Application {
 public:
  /// `rules`: for tests that put a mutant in their place.
  explicit VitanaApplication(engine::Rules rules = {}) : rules_(rules) {}

  Result<config::Config> configuration(const cli::OpenOptions& options) override;
  Result<std::unique_ptr<cli::Session>> open(const cli::OpenOptions& options) override;
  std::vector<cli::DoctorFinding> doctor(const cli::OpenOptions& options) override;
  Result<config::StarterFacts> look_at_repository(const std::string& folder) override;
  Result<void> restore(const std::string& backup, const cli::OpenOptions& options) override;

 private:
  struct Read {
    config::Config config;
    std::string file;  ///< that it was read from; empty: there is none
  };
  Result<Read> read(const cli::OpenOptions& options);

  const engine::Rules rules_;
};

}  // namespace vitana::app
