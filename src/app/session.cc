#include "app/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>

#include "app/agents.h"
#include "app/database.h"
#include "app/outward.h"
#include "app/secrets.h"
#include "base/stop.h"
#include "config/render.h"
#include "engine/delivery.h"
#include "git/push.h"
#include "git/tree.h"
#include "process/run.h"
#include "remote/callback_dispatcher.h"
#include "worker/janitor.h"

namespace vitana::app {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr Duration sweep_every = 60s;
constexpr Duration tend_every = 1h;
constexpr Duration announce_grace = 3s;  ///< for webhooks that answer, at a stop
constexpr int kept_max = 20;
constexpr Duration kept_age_max = 24h * 30;
constexpr Duration results_age_max = 24h * 30;
constexpr int unreachable_days_max = 14;
constexpr const char* checks_folder = "checks";
constexpr const char* kept_folder = "kept";  ///< see worker::KeptFolders
constexpr std::size_t diff_bytes_max = 4 << 20;

// Others wait to be told meanwhile.
constexpr auto notify_deadline = 10s;

engine::Notifier notifier(const config::Notify& notify) {
  if (notify.command.empty()) return {};
  return [command = notify.command](const std::string& event) -> Result<void> {
    process::RunRequest request;
    request.argv = command;
    request.input = event + "\n";
    request.deadline = notify_deadline;
    request.stop = StopScope::current();
    request.environment.emplace("PATH", search_path());
    if (const char* home = std::getenv("HOME")) request.environment.emplace("HOME", home);
    auto output = process::run(request);
    if (!output) return failure(std::move(output.error()));
    if (output->stopped) return failure(FailureCode::CANCELLED, "the engine was stopped");
    if (output->exit_code != 0) {
      return failure(FailureCode::PROGRAM_FAILED,
                     fmt::format("[notify] command ended with exit {}", output->exit_code));
    }
    return {};
  };
}

/// Read anew for each delivery: a secret may be changed while the engine runs.
std::vector<gateway::HookSecret> hook_secrets(const config::Config& config) {
  std::vector<gateway::HookSecret> secrets;
  for (const auto& repo : config.repos) {
    if (repo.webhook_secret.reference.empty()) continue;
    if (auto value = secret_value(repo.webhook_secret)) secrets.push_back({repo.name, std::move(*value), repo.url});
  }
  return secrets;
}

}  // namespace

bool StoredGreenBases::contains(const std::string& repo, const std::string& commit, const Digest& commands) {
  bool green = false;
  const auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    green = reader.green_base(repo, commit, commands);
    return {};
  });
  return read && green;
}

void StoredGreenBases::add(const std::string& repo, const std::string& commit, const Digest& commands) {
  // Lost is harmless: the checks run once more.
  (void)store_
      .commit([&](store::Ledger& ledger) -> Result<void> {
        ledger.put(store::GreenBaseRow{repo, commit, commands, ledger.now()});
        return {};
      })
      .has_value();
}

worker::SandboxOptions sandbox_options(const config::Config& config, const DataFolder& data,
                                       const fs::path& workspaces) {
  worker::SandboxOptions options;
  options.mode = config.worker.sandbox;
  options.path = search_path();
  options.masked = {data.root()};
  if (!workspaces.empty()) options.masked.push_back(workspaces);
  return options;
}

Result<std::unique_ptr<AppSession>> AppSession::open(config::Config config,
                                                     const std::string& config_file,
                                                     const cli::OpenOptions& options,
                                                     const Parts& parts) {
  const DataFolder data(fs::absolute(config.server.data).lexically_normal());
  if (!data.exists() && !options.create) return failure(data.missing());
  if (options.create) {
    if (auto made = data.make(); !made) return failure(std::move(made.error()));
  }
  std::unique_ptr<AppSession> session(new AppSession(std::move(config), data));
  auto database = database_of(options, session->config_, data);
  if (!database) return failure(std::move(database.error()));
  if (database->usual && data.lost_its_store()) {
    return failure(Error{FailureCode::STORE_DAMAGED,
                         fmt::format("{} is gone or empty, and {} was in use",
                                     data.database().string(), data.root().string())}
                       .with("hint", fmt::format("vitana restore FILE puts a backup in its place; to "
                                                 "begin anew, move {} away",
                                                 data.root().string())));
  }
  store::StoreOptions store;
  store.path = database->name;
  store.mode = options.migrate  ? store::OpenMode::migrate
               : options.create ? store::OpenMode::engine
                                : store::OpenMode::client;
  auto opened = store::Store::open(store, session->clock_, session->entropy_);
  if (!opened) return failure(std::move(opened.error()));
  session->store_ = std::move(*opened);

  std::string store_id;
  Repositories::Branches branches;
  auto read = session->store_->read([&](store::Reader& reader) -> Result<void> {
    store_id = reader.store_id();
    for (const auto& repo : reader.repos()) branches[repo.name] = repo.branch.substr(0, repo.branch.find(' '));
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  session->repositories_ = Repositories::open(session->config_, config_file, data, branches);
  // On a store that hosts share, engines of one machine keep out of each other's workspaces.
  const bool shared = session->store_->shared_by_hosts();
  auto home = options.create || shared ? data.id(session->entropy_) : std::string();
  if (!home) return failure(std::move(home.error()));
  session->home_ = std::move(*home);
  session->workspaces_ =
      workspaces_folder(session->config_, shared ? fmt::format("{}-{}", store_id, session->home_) : store_id);
  session->engine_ = std::make_unique<engine::Engine>(*session->store_, session->clock_,
                                                      session->entropy_, session->setup(parts),
                                                      notifier(session->config_.notify),
                                                      announcer(session->config_, session->outward_),
                                                      status_teller(session->config_, session->outward_));
  return session;
}

AppSession::~AppSession() { stop(true, 0s); }

engine::Setup AppSession::setup(const Parts& parts) const {
  engine::Setup setup;
  setup.home = home_;
  setup.rules = parts.rules;
  setup.dispatcher = parts.dispatcher;
  setup.repos = repositories_->setups();
  for (const auto& [name, agent] : config_.agents) {
    setup.agents.push_back(name);
    if (!agent.labels.empty()) setup.agent_labels[name] = agent.labels;
  }
  setup.labels = config_.worker.labels;
  setup.agent = config_.worker.agent;
  if (setup.agent.empty() && setup.agents.size() == 1) setup.agent = setup.agents.front();
  setup.policy = config_.policy();
  setup.endpoints = endpoints(config_);
  setup.own_workers = true;
  setup.config_text = config::render(config_);
  setup.config_digest = config::digest(config_);
  return setup;
}

void AppSession::make_workers(int slots, bool serves, const engine::Autopilot::Hooks& hooks) {
  sandbox_ = std::make_unique<worker::Sandbox>(sandbox_options(config_, data_, workspaces_));
  green_bases_ = std::make_unique<StoredGreenBases>(*store_);
  const worker::RuleSource rules = [this](const std::string& repo, const std::string& commit) {
    auto found = repositories_->rules(repo, commit);
    if (found) found->kept_folders = workspaces_ / kept_folder;
    return found;
  };

  worker::CommandExecutorOptions execute;
  execute.agent = [this](const std::string& name) { return configured_agent(config_, name); };
  execute.rules = rules;
  execute.secret = [this](const std::string& of, const std::string& name) {
    return configured_secret(config_, of, name);
  };
  execute.green_bases = green_bases_.get();
  execute.workspaces = workspaces_;
  execute.logs = data_.logs();
  execute.wall_max = config_.caps.wall;
  executor_ = std::make_unique<worker::CommandExecutor>(*sandbox_, execute);

  worker::TreeVerifierOptions verify;
  verify.rules = rules;
  verify.agent = execute.agent;
  verify.secret = execute.secret;
  verify.green_bases = green_bases_.get();
  verify.workspaces = workspaces_ / checks_folder;
  verifier_ = std::make_unique<worker::TreeVerifier>(*sandbox_, clock_, verify);

  worker::HostOptions host;
  host.worker = engine::local_worker(incarnation(home_), "worker");
  host.execute_slots = slots;
  host.verify_slots = std::max(1, config_.verify.slots);
  if (config_.verify.slots == 0 && serves) host.judging = {domain::Step::deliver};
  if (hooks.fault) {
    host.refused = [fault = hooks.fault](const RunId& run, const Error& error) {
      // A late report of a run that somebody else holds is an event already.
      if (error.code != FailureCode::LEASE_STALE) fault(run.to_string(), error);
    };
    host.fault = [fault = hooks.fault](const Error& error) { fault("", error); };
  }
  host_ = std::make_unique<worker::Host>(
      host, engine_->runs, *executor_, *verifier_,
      [this](const port::Assignment& assignment, std::stop_token stop) {
        const StopScope stoppable(std::move(stop));
        return engine_->setup().rules.deliver(engine_->setup(), assignment, engine_->runs);
      });
  engine_->runs.on_lost([this] { host_->nudge(); });
}

Result<void> AppSession::start(const cli::StartOptions& options) {
  auto lock = FileLock::take(data_.lock().string());
  if (!lock) return failure(std::move(lock.error()));
  lock_ = std::move(*lock);
  const int slots = options.slots.value_or(config_.worker.slots);
  if (slots == 0) engine_->leave_executing_to_others();
  if (options.serves && !engine_->setup().dispatcher) {
    engine_->tell_workers_by(std::make_shared<remote::CallbackDispatcher>([] { return SystemClock().now(); }));
  }
  make_workers(slots, options.serves, options.hooks);
  if (config_.worker.sandbox == domain::SandboxMode::require && !sandbox_->probe().available) {
    lock_.reset();
    return failure(FailureCode::SANDBOX_UNAVAILABLE,
                   fmt::format("[worker] sandbox is \"require\" and it does not work here: {}",
                               sandbox_->probe().reason));
  }
  std::error_code error;
  fs::create_directories(workspaces_ / checks_folder, error);
  if (error) {
    return failure(Error{FailureCode::WORKSPACE_FAILED,
                         fmt::format("{}: {}", workspaces_.string(), error.message())}
                       .with("hint", "name a folder that can be written: [worker] workspaces"));
  }
  store_->start_committer();
  const auto fault = [told = options.hooks.fault](const Error& why) {
    if (told) told("", why);
  };
  // Before anything happens: what is new to an endpoint is what happens from now on.
  if (auto started = engine_->announcer.start(fault); !started) return started;
  std::map<std::string, Duration> scan_every;
  for (const auto& repo : config_.repos) scan_every[repo.name] = std::chrono::seconds(repo.scan_seconds);
  if (auto started = engine_->autopilot.start(incarnation(home_), scan_every, options.hooks); !started) {
    return started;
  }
  engine_->branches.start(fault);
  engine_->statuses.start(fault);
  host_->start();
  janitor_ = std::jthread([this](std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    const StopScope cut(stop);
    Instant tend_at{};
    while (!stop.stop_requested()) {
      end_orphans();
      sweep_workspaces();
      if (const auto now = clock_.now(); now >= tend_at) {
        tend_mirrors();
        tend_at = now + tend_every;
      }
      std::unique_lock lock_wait(mutex);
      wake.wait_for(lock_wait, stop, sweep_every, [] { return false; });
    }
  });
  return {};
}

Result<std::string> AppSession::serve(const cli::ServeOptions& options) {
  run_files_ = std::make_unique<RunFileKeeper>(
      *repositories_, [this](const std::string& name) { return configured_agent(config_, name); },
      [this](const std::string& of, const std::string& name) { return configured_secret(config_, of, name); },
      config_.caps.wall, data_);
  gateway::Files files{
      .log = [this](const RunId& run, std::size_t from, std::size_t most) { return run_log(run, from, most); },
      .diff = [this](const RunId& run) { return run_diff(run); },
      .hook_secrets = [this] { return hook_secrets(config_); },
      .runs = run_files_->files()};
  engine_->wait_for_none();
  if (options.insecure) engine_->allow_plain_callbacks();
  ServiceOptions how{config_.server, options.insecure};
  if (!options.listen.empty()) how.server.listen = options.listen;
  if (const auto form = config::access_log(options.log)) how.server.access_log = *form;
  auto service = Service::open(*engine_, data_, how, std::move(files));
  if (!service) return failure(std::move(service.error()));
  service_ = std::move(*service);
  return service_->url();
}

std::optional<std::string> AppSession::gateway_url() {
  auto here = served_url(data_);
  return here && !config_.server.url.empty() ? config_.server.url : here;
}

void AppSession::ready() {
  manager_.ready(service_ ? "serving on " + service_->url() : "working", [this] {
    // Readers and the network take their turns. A database that is away is no reason to end: an answer is one.
    (void)store_->read([](store::Reader&) -> Result<void> { return {}; }).has_value();
    return !service_ || service_->responds();
  });
}

/// A folder is of a run and of one grant of it: "VTID-01213.2-f3", "VTID-01213.2-f3-verify".
worker::WorkspaceFate AppSession::fate_of(const std::string& name) {
  const auto mark = name.rfind("-f");
  const auto id = RunId::parse(name.substr(0, mark));
  if (!id || mark == std::string::npos) return worker::WorkspaceFate::ended;
  const auto fence = std::strtoll(name.c_str() + mark + 2, nullptr, 10);
  auto fate = worker::WorkspaceFate::live;  // when in doubt, it stays
  const auto read = store_->read([&](store::Reader& reader) -> Result<void> {
    const auto run = reader.run(*id);
    if (!run) {
      fate = worker::WorkspaceFate::ended;
    } else if (domain::is_terminal(run->state)) {
      fate = run->state == domain::RunState::failed ? worker::WorkspaceFate::failed
                                                    : worker::WorkspaceFate::ended;
    } else if (run->fence != fence) {
      fate = worker::WorkspaceFate::ended;  // of a grant that is over
    }
    return {};
  });
  return read ? fate : worker::WorkspaceFate::live;
}

void AppSession::end_orphans() {
  for (const auto& repo : config_.repos) {
    const auto repository = repositories_->find(repo.name);
    if (repo.path.empty() || !repository) continue;
    const auto mirror = repository->mirror();
    if (mirror) git::end_orphan(**mirror);
  }
}

void AppSession::tend_mirrors() {
  for (const auto& repo : config_.repos) {
    const auto repository = repositories_->find(repo.name);
    const auto mirror = repository ? repository->mirror() : failure(FailureCode::REPO_UNKNOWN, repo.name);
    if (!mirror) continue;
    const auto old = (*mirror)->kept(clock_.now() - results_age_max);
    if (!old) continue;
    for (const auto& name : *old) {
      const auto id = RunId::parse(name.substr(name.rfind('/') + 1));
      if (id && is_over(*id)) (void)(*mirror)->forget(name);
    }
    (void)(*mirror)->maintain(unreachable_days_max);
  }
}

bool AppSession::is_over(const RunId& id) {
  bool over = false;  // when in doubt, it stays
  const auto read = store_->read([&](store::Reader& reader) -> Result<void> {
    const auto run = reader.run(id);
    over = !run || domain::is_terminal(run->state);
    return {};
  });
  return read && over;
}

void AppSession::sweep_workspaces() {
  worker::JanitorOptions options;
  options.folder = workspaces_;
  (void)worker::sweep(options, [this](const std::string& name) {
    return name == checks_folder || name == kept_folder ? worker::WorkspaceFate::live : fate_of(name);
  }, clock_.now());
  // What setups have made goes as workspaces do that nobody asks for any more.
  (void)worker::sweep({.folder = workspaces_ / kept_folder, .failed_max = kept_max, .failed_age_max = kept_age_max},
                      [](const std::string&) { return worker::WorkspaceFate::failed; }, clock_.now());
  options.folder = workspaces_ / checks_folder;
  (void)worker::sweep(options, [this](const std::string& name) {
    // Nobody looks at a checkout that was judged.
    const auto fate = fate_of(name);
    return fate == worker::WorkspaceFate::failed ? worker::WorkspaceFate::ended : fate;
  }, clock_.now());
}

void AppSession::stop(bool now, Duration grace) {
  // Hastens a patient stop that is under way on another thread; then there is nothing left to do.
  manager_.stopping();
  if (now && host_) host_->stop();
  if (now && service_) service_->hasten();
  if (now && engine_) engine_->announcer.request_stop();
  const std::lock_guard one_at_a_time(stopping_);
  if (!lock_) return;
  if (service_) service_->stop();
  engine_->runs.drain();
  if (now) {
    host_->stop();
  } else {
    host_->drain();
    const auto until = std::chrono::steady_clock::now() + grace;
    while (host_->busy() > 0 && std::chrono::steady_clock::now() < until) {
      store_->wait_for_commit(store_->commits(), 200ms);
    }
    host_->stop();
  }
  host_->join();
  if (!now) tell_persons();
  engine_->autopilot.request_stop();
  engine_->branches.request_stop();
  engine_->statuses.request_stop();
  engine_->autopilot.join();
  engine_->branches.join();
  engine_->statuses.join();
  if (!now) engine_->announcer.finish(announce_grace);
  engine_->announcer.request_stop();
  engine_->announcer.join();
  janitor_.request_stop();
  if (janitor_.joinable()) janitor_.join();
  lock_.reset();
}

void AppSession::tell_persons() {
  const auto until = std::chrono::steady_clock::now() + announce_grace;
  while (std::chrono::steady_clock::now() < until) {
    const auto seen = store_->commits();
    bool told = true;
    (void)store_->read([&](store::Reader& reader) -> Result<void> {
      told = reader.due_effects(domain::EffectKind::notify, 1).empty();
      return {};
    });
    if (told) return;
    store_->wait_for_commit(seen, 200ms);
  }
}

std::optional<int> AppSession::engine_pid() {
  const int pid = FileLock::holder(data_.lock().string());
  return pid > 0 ? std::optional(pid) : std::nullopt;
}

Result<std::string> AppSession::run_log(const RunId& run, std::size_t offset, std::size_t bytes_max) {
  const auto path = data_.logs() / (run.to_string() + ".log");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return failure(FailureCode::NOT_FOUND, fmt::format("run {} has no log", run.to_string()));
  }
  file.seekg(static_cast<std::streamoff>(offset));
  std::string text(bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(bytes_max));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

Result<std::string> AppSession::run_diff(const RunId& id) {
  std::optional<domain::Run> run;
  auto read = store_->read([&](store::Reader& reader) -> Result<void> {
    run = reader.run(id);
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  if (!run || run->result_tree.empty()) {
    return failure(FailureCode::NOT_FOUND, fmt::format("run {} left no change", id.to_string()));
  }
  const auto repository = repositories_->find(run->repo);
  if (!repository) {
    return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", run->repo));
  }
  auto mirror = repository->mirror();
  if (!mirror) return failure(std::move(mirror.error()));
  return git::patch(**mirror, run->base_commit, run->result_tree, diff_bytes_max);
}

}  // namespace vitana::app
