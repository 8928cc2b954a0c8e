#include "app/application.h"

#include <filesystem>

#include "app/config_file.h"
#include "app/data_folder.h"
#include "app/doctor.h"
#include "app/restore.h"
#include "app/starter_facts.h"
#include "app/system.h"
#include "app/uncommitted.h"
#include "app/worker_session.h"

namespace vitana::app {

Result<config::Config> VitanaApplication::configuration(const cli::OpenOptions& options) {
  auto read = read_operator_config(options);
  if (!read) return failure(std::move(read.error()));
  return std::move(read->config);
}

Result<std::unique_ptr<cli::Session>> VitanaApplication::open(const cli::OpenOptions& options) {
  auto read = read_operator_config(options);
  if (!read) return failure(std::move(read.error()));
  auto session = AppSession::open(std::move(read->config), read->file, options, parts_);
  if (!session) return failure(std::move(session.error()));
  return std::unique_ptr<cli::Session>(std::move(*session));
}

Result<cli::DataPlace> VitanaApplication::data_place(const cli::OpenOptions& options) {
  auto place = app::data_place(options);
  if (!place) return place;
  const DataFolder data(std::filesystem::absolute(place->folder).lexically_normal());
  if (!data.exists()) return failure(data.missing());
  place->folder = data.root().string();
  return place;
}

std::optional<int> VitanaApplication::engine_pid(const std::string& data) {
  const int pid = FileLock::holder(DataFolder(data).lock().string());
  return pid > 0 ? std::optional(pid) : std::nullopt;
}

cli::DoctorFinding VitanaApplication::sandbox(const config::Config& config) { return sandbox_finding(config); }

std::vector<cli::DoctorFinding> VitanaApplication::doctor(const cli::OpenOptions& options) {
  return app::doctor(options);
}

std::vector<cli::DoctorFinding> VitanaApplication::cautions(const cli::OpenOptions& options) {
  const auto read = read_operator_config(options);
  return read ? uncommitted_rules(read->config, read->file) : std::vector<cli::DoctorFinding>();
}

Result<config::StarterFacts> VitanaApplication::starter_facts(const std::string& folder) {
  return app::starter_facts(folder);
}

Result<std::unique_ptr<cli::RemoteWorker>> VitanaApplication::work(const cli::OpenOptions& options,
                                                                   const cli::WorkerOptions& worker) {
  config::Config config;
  if (!options.config_file.empty()) {
    auto read = read_operator_config(options);
    if (!read) return failure(std::move(read.error()));
    config = std::move(read->config);
  }
  auto session = WorkerSession::start(std::move(config), options, worker);
  if (!session) return failure(std::move(session.error()));
  return std::unique_ptr<cli::RemoteWorker>(std::move(*session));
}

Result<std::string> VitanaApplication::restore(const std::string& backup, const cli::OpenOptions& options) {
  auto read = read_operator_config(options);
  if (!read) return failure(std::move(read.error()));
  return app::restore(backup, std::move(*read), options, parts_);
}

}  // namespace vitana::app
