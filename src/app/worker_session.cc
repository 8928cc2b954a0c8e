#include "app/worker_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "app/agents.h"
#include "app/repositories.h"
#include "worker/janitor.h"

namespace vitana::app {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t green_max = 10'000;
constexpr Duration ask_host_every = 1s;  ///< what it is told is in memory here
constexpr Duration impatient_wait = 2s;
constexpr Duration kept_age_max = 24h * 30;
constexpr int unreachable_days_max = 14;

Error no_delivery() { return {FailureCode::INVARIANT_BROKEN, "a worker elsewhere delivers nothing"}; }

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "worker";
  return name.data();
}

fs::path default_folder() {
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return fs::path(data) / "vitana-worker";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/' && std::string_view(home) != "/") return fs::path(home) / ".local/share/vitana-worker";
  return fmt::format("/var/tmp/vitana-worker-{}", ::getuid());
}

/// Of an agent that the gateway told: this process's environment, but for what is this process's own.
std::optional<std::string> secret_of_environment(const std::string& name) {
  if (name.starts_with("VITANA_")) return std::nullopt;
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

bool GreenBasesInMemory::contains(const std::string& repo, const std::string& commit, const Digest& commands) {
  const std::lock_guard lock(mutex_);
  return green_.contains({repo, commit, commands});
}

void GreenBasesInMemory::add(const std::string& repo, const std::string& commit, const Digest& commands) {
  const std::lock_guard lock(mutex_);
  if (green_.size() >= green_max) green_.clear();
  green_.insert({repo, commit, commands});
}

Result<std::unique_ptr<WorkerSession>> WorkerSession::start(config::Config config, const cli::OpenOptions& options,
                                                            const cli::WorkerOptions& worker) {
  const auto folder = options.data.empty() ? default_folder() : fs::absolute(fs::path(options.folder) / options.data);
  std::unique_ptr<WorkerSession> session(new WorkerSession(std::move(config), DataFolder(folder.lexically_normal())));
  if (auto ready = session->prepare(); !ready) return failure(std::move(ready.error()));
  if (auto entered = session->enter(worker); !entered) return failure(std::move(entered.error()));
  return session;
}

WorkerSession::~WorkerSession() { stop(); }

Result<void> WorkerSession::prepare() {
  if (auto made = data_.make(); !made) return made;
  auto lock = FileLock::take(data_.lock().string());
  if (!lock) return failure(std::move(lock.error()));
  lock_ = std::move(*lock);
  worker::SandboxOptions sandbox;
  sandbox.mode = config_.worker.sandbox;
  sandbox.path = search_path();
  sandbox.masked = {data_.root()};
  sandbox_ = std::make_unique<worker::Sandbox>(sandbox);
  if (config_.worker.sandbox == domain::SandboxMode::require && !sandbox_->probe().available) {
    return failure(Error{FailureCode::SANDBOX_UNAVAILABLE, fmt::format("the sandbox is required and does not work here: {}",
                                                                       sandbox_->probe().reason)}
                       .with("hint", "vitana doctor; or --config FILE with [worker] sandbox = \"prefer\""));
  }
  std::error_code error;
  fs::create_directories(workspaces(), error);
  if (error) return failure(FailureCode::WORKSPACE_FAILED, fmt::format("{}: {}", workspaces().string(), error.message()));
  tidy();
  return {};
}

/// What an earlier process left: no step of it goes on here.
void WorkerSession::tidy() {
  const auto now = SystemClock().now();
  (void)worker::sweep({.folder = workspaces()}, [](const auto&) { return worker::WorkspaceFate::failed; }, now);
  worker::remove_tree(data_.logs());
  std::error_code error;
  for (fs::directory_iterator it(data_.mirrors(), error), end; !error && it != end; it.increment(error)) {
    const auto mirror = git::Mirror::open(it->path(), git_options());
    if (!mirror) continue;
    const auto old = (*mirror)->kept(now - kept_age_max);
    if (!old) continue;
    for (const auto& name : *old) (void)(*mirror)->forget(name);
    (void)(*mirror)->maintain(unreachable_days_max);
  }
}

Result<void> WorkerSession::enter(const cli::WorkerOptions& worker) {
  auto url = remote::gateway_url(worker.server, worker.insecure);
  if (!url) return failure(std::move(url.error()));
  const int slots = worker.grants_max > 0 ? std::min(worker.grants_max, worker.slots.value_or(config_.worker.slots))
                                          : worker.slots.value_or(config_.worker.slots);
  gateway_ = std::make_unique<remote::GatewayClient>(
      remote::GatewayAddress{.url = *url, .token = worker.token, .ca_file = worker.ca_file});
  const auto fault = worker.fault ? worker.fault : [](const std::string&, const Error&) {};

  remote::SourceOptions source;
  source.worker = {.name = worker.name.empty() ? machine_name() : worker.name,
                   .labels = worker.labels.empty() ? config_.worker.labels : worker.labels,
                   .slots = slots};
  source.nonce = fmt::format("{:016x}", SystemEntropy().bits());
  if (!worker.patient) source.claim_wait = impatient_wait;
  source.step = worker.verifies ? domain::Step::verify : domain::Step::execute;
  source.grants_max = worker.grants_max;
  source.trouble = [fault](const Error& error) { fault("", error); };
  source_ = std::make_unique<remote::Source>(*gateway_, source);

  remote::ExecutorOptions execute;
  execute.here.agent = [this](const std::string& name) { return configured_agent(config_, name); };
  execute.here.secret = [this](const std::string& of, const std::string& name) {
    return config_.agent(of) != nullptr ? configured_secret(config_, of, name) : secret_of_environment(name);
  };
  execute.here.green_bases = &green_bases_;
  execute.here.workspaces = workspaces();
  execute.here.logs = data_.logs();
  execute.mirrors = data_.mirrors();
  execute.git = git_options();
  executor_ = std::make_unique<remote::Executor>(*sandbox_, *gateway_, *source_, execute);
  remote::VerifierOptions verify;
  verify.green_bases = &green_bases_;
  verify.workspaces = workspaces();
  verify.mirrors = data_.mirrors();
  verify.git = git_options();
  verifier_ = std::make_unique<remote::Verifier>(*sandbox_, clock_, *gateway_, *source_, verify);

  worker::HostOptions host;
  host.worker = source.worker.name;
  host.execute_slots = worker.verifies ? 0 : slots;
  host.verify_slots = worker.verifies ? slots : 0;
  host.judging = {domain::Step::verify};
  host.renew_every = ask_host_every;
  host.refused = [fault](const RunId& run, const Error& error) { fault(run.to_string(), error); };
  host_ = std::make_unique<worker::Host>(
      host, *source_, *executor_, *verifier_, [](const port::Assignment& assignment, std::stop_token) {
        return port::StepReport(domain::StepFailed{assignment.lease().fence, no_delivery()});
      });
  source_->on_change([this] {
    host_->nudge();
    changed();
  });
  if (auto entered = source_->enter(); !entered) return entered;
  host_->start();
  introduction_ = fmt::format("{} at {}: {} {}{}, data in {}", source.worker.name, *url, slots,
                              slots == 1 ? "slot" : "slots", worker.verifies ? " that verify" : "", data_.root().string());
  return {};
}

void WorkerSession::changed() {
  const std::lock_guard lock(mutex_);
  changed_ = true;
  wake_.notify_all();
}

WorkerSession::Standing WorkerSession::standing() {
  return {.busy = std::max(host_->busy(), source_->holding()),
          .granted = source_->granted(),
          .claims_in_vain = source_->claims_in_vain(),
          .told_to_drain = source_->told_to_drain()};
}

void WorkerSession::wait(Duration timeout) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, timeout, [this] { return changed_; });
  changed_ = false;
}

void WorkerSession::drain() {
  if (!host_) return;
  host_->drain();
  source_->stop_claiming();
}

void WorkerSession::stop() {
  const std::lock_guard one_at_a_time(stopping_);
  if (host_) {
    host_->drain();
    source_->stop_claiming();
    host_->stop();
    host_->join();
  }
  if (source_) source_->stop();
  lock_.reset();
}

}  // namespace vitana::app
