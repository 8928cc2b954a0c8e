#include "app/service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace vitana::app {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 500ms;
constexpr Duration grace = 5s;
constexpr const char* local_name = "local";

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

Result<std::unique_ptr<Service>> Service::open(engine::Engine& engine, const DataFolder& data,
                                               const std::string& listen, bool insecure, gateway::Files files) {
  std::unique_ptr<Service> service(new Service(engine, data, std::move(files)));
  auto server = gateway::Server::start({.listen = listen,
                                        .insecure = insecure,
                                        .larger_body =
                                            [gateway = &service->gateway_](const auto& head) {
                                              return gateway->body_bytes_max(head);
                                            }},
                                       [gateway = &service->gateway_](const auto& request) {
                                         return gateway->answer(request);
                                       });
  if (!server) return failure(std::move(server.error()));
  service->server_ = std::move(*server);
  if (auto written = service->write_token(); !written) return failure(std::move(written.error()));
  if (auto written = service->write_place(); !written) return failure(std::move(written.error()));
  auto& store = engine.store();
  service->watcher_ = std::jthread([&store, server = service->server_.get()](const std::stop_token& stop) {
    auto seen = store.commits();
    while (!stop.stop_requested()) {
      if (!store.wait_for_commit(seen, look_every)) continue;
      seen = store.commits();
      server->wake();
    }
  });
  return service;
}

Service::~Service() {
  watcher_.request_stop();
  if (watcher_.joinable()) watcher_.join();
  if (server_) server_->stop(grace);
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
