#include "app/service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/system.h"

namespace vitana::app {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 500ms;
constexpr Duration grace = 10s;
constexpr Duration turn_deadline = 5s;
constexpr const char* local_name = "local";

Instant now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

gateway::LogForm form_of(config::AccessLog log) {
  switch (log) {
    case config::AccessLog::none: return gateway::LogForm::none;
    case config::AccessLog::text: return gateway::LogForm::text;
    case config::AccessLog::json: return gateway::LogForm::json;
  }
  return gateway::LogForm::none;
}

/// A whole file or none, for this user alone.
Result<void> write_private(const std::filesystem::path& path, std::string_view text) {
  const auto refused = [&] {
    return failure(FailureCode::STORE_READ_ONLY, fmt::format("{}: {}", path.string(), std::strerror(errno)));
  };
  const auto beside = path.string() + ".new";
  ::unlink(beside.c_str());
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return refused();
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = ::close(file) == 0;
  if (!written || !closed || ::rename(beside.c_str(), path.c_str()) != 0) return refused();
  return {};
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

std::optional<std::string> served_url(const DataFolder& data) {
  const auto engine = FileLock::holder(data.lock().string());
  std::ifstream file(data.server());
  const auto place = nlohmann::json::parse(file, nullptr, false);
  const bool whole = place.is_object() && place.contains("pid") && place.at("pid").is_number_integer() &&
                     place.contains("url") && place.at("url").is_string();
  // One that was left there by an engine that died, or came with a copied folder, tells of nobody.
  if (!whole || engine <= 0 || place.at("pid").get<int>() != engine) return std::nullopt;
  return place.at("url").get<std::string>();
}

Service::Service(engine::Engine& engine, const DataFolder& data, const ServiceOptions& options, gateway::Files files)
    : engine_(engine),
      data_(data),
      log_(form_of(options.server.access_log), STDERR_FILENO),
      gateway_(engine, std::move(files), {.requests_per_minute = options.server.requests_per_minute},
               options.server.url) {}

Result<std::unique_ptr<Service>> Service::open(engine::Engine& engine, const DataFolder& data,
                                               const ServiceOptions& options, gateway::Files files) {
  std::unique_ptr<Service> service(new Service(engine, data, options, std::move(files)));
  auto& figures = *service->gateway_.figures();
  if (auto counted = figures.look(engine.store()); !counted) return failure(std::move(counted.error()));
  gateway::ServerOptions how{.listen = options.server.listen,
                             .insecure = options.insecure,
                             .certificate = options.server.tls_certificate,
                             .key = options.server.tls_key,
                             .figures = service->gateway_.figures()};
  how.larger_body = [&gateway = service->gateway_](const auto& head) { return gateway.body_bytes_max(head); };
  how.connections_per_origin_max = static_cast<std::size_t>(options.server.connections_per_address);
  how.note = [&log = service->log_](const std::string& message) { log.note(message, now()); };
  how.served = [&log = service->log_, &figures](const gateway::Served& served) {
    figures.served(served);
    log.served(served, now());
  };
  auto server = gateway::Server::start(how, [&gateway = service->gateway_](const auto& request) {
    return gateway.answer(request);
  });
  if (!server) return failure(std::move(server.error()));
  service->server_ = std::move(*server);
  if (auto written = service->write_token(); !written) return failure(std::move(written.error()));
  if (auto written = service->write_place(); !written) return failure(std::move(written.error()));
  auto& store = engine.store();
  service->watcher_ = std::jthread([&store, &figures, server = service->server_.get()](const std::stop_token& stop) {
    auto seen = store.commits();
    while (!stop.stop_requested()) {
      if (!store.wait_for_commit(seen, look_every)) continue;
      seen = store.commits();
      server->wake();
      // What it could not read is counted after the next commit.
      (void)figures.look(store).has_value();
    }
  });
  return service;
}

bool Service::responds() { return server_->responds(turn_deadline); }

void Service::stop() {
  if (!server_ || std::exchange(stopped_, true)) return;
  server_->stop(grace);
  watcher_.request_stop();
  if (watcher_.joinable()) watcher_.join();
  std::error_code ignored;
  std::filesystem::remove(data_.server(), ignored);
}

Result<void> Service::write_token() {
  const auto kept = engine_.access.identify(first_line(data_.token()));
  if (kept && kept->role == domain::Role::admin) return {};
  if (!kept && kept.error().code != FailureCode::UNAUTHENTICATED) return failure(kept.error());
  const auto issued = engine_.access.issue({.name = local_name, .role = domain::Role::admin}, "engine");
  if (!issued) return failure(issued.error());
  return write_private(data_.token(), issued->token + "\n");
}

Result<void> Service::write_place() {
  const nlohmann::ordered_json place{{"url", server_->url()}, {"pid", ::getpid()}};
  return write_private(data_.server(), place.dump() + "\n");
}

}  // namespace vitana::app
