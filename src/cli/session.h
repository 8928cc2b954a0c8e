// What a command needs of the program around it. Implemented in app/, the one place that knows
// concrete repositories, sandboxes and workers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/starter.h"
#include "engine/engine.h"

namespace vitana::cli {

/// The common flags, as given.
struct OpenOptions {
  std::string config_file;  ///< --config; empty: the nearest vitana.toml upwards
  std::string data;         ///< --data; empty: from the configuration
  std::string database;     ///< --database, a file or "postgresql://…"; empty: from the configuration
  std::string folder;       ///< where the command was called
  /// `run` without a configuration that knows this folder: a repository that is put in beside the
  /// configured ones.
  std::optional<config::Repo> extra_repo = {};
  bool create = false;      ///< make the data directory and the store if they are not there
  bool migrate = false;     ///< bring the store's schema up to date, wherever it is
};

struct StartOptions {
  std::optional<int> slots = {};  ///< execute slots; absent: [worker] slots
  engine::Autopilot::Hooks hooks = {};
  bool serves = false;  ///< workers elsewhere can be told of runs: serve() follows
};

struct ServeOptions {
  std::string listen;     ///< HOST:PORT; empty: [server] listen
  bool insecure = false;  ///< other machines may be spoken to without encryption
  std::string log = {};   ///< none, text or json; empty: [server] access_log
};

/// An open store with its engine.
class Session {
 public:
  virtual ~Session() = default;

  virtual engine::Engine& engine() = 0;
  virtual const config::Config& config() = 0;
  virtual std::string data_folder() = 0;

  /// Takes the engine role: the lock on <data>/engine.lock, the committer, the autopilot and the
  /// embedded workers. Errors: DATA_DIR_IN_USE, SANDBOX_UNAVAILABLE (required and not there).
  virtual Result<void> start(const StartOptions& options) = 0;

  /// Opens the gateway beside what start() began, and returns its URL. While it is open <data>/server.json tells it,
  /// and <data>/token holds an administrator's token for who may read it.
  /// Errors: LISTEN_FAILED, NOT_ALLOWED (an address of other machines, without encryption), STORE_*.
  virtual Result<std::string> serve(const ServeOptions& options) = 0;

  /// How others reach the gateway on this data directory, of this process or another; nothing where none runs.
  virtual std::optional<std::string> gateway_url() = 0;

  /// All that was asked for has begun: tells a service manager, where one waits to hear it.
  virtual void ready() = 0;

  /// Ends what start() began. `now`: agents are killed; else steps under way are given
  /// `grace` to end. Their leases are freed in either case. Idempotent; a second
  /// thread may hasten a stop that waits, with `now`.
  virtual void stop(bool now, Duration grace) = 0;

  /// The process id of the engine that holds the lock, if one does.
  virtual std::optional<int> engine_pid() = 0;

  /// The log of a run's agent, from `offset`, at most `bytes_max`. NOT_FOUND where there is none.
  virtual Result<std::string> run_log(const RunId& run, std::size_t offset, std::size_t bytes_max) = 0;

  /// The change of a run as a unified diff. NOT_FOUND where the run left none.
  virtual Result<std::string> run_diff(const RunId& run) = 0;
};

/// How this machine works for a gateway elsewhere.
struct WorkerOptions {
  std::string server;       ///< its URL
  std::string token;
  std::string ca_file;      ///< certificates that are trusted instead of the system's
  std::string name;         ///< empty: the machine's
  std::vector<std::string> labels;
  std::optional<int> slots; ///< absent: [worker] slots of --config, else 2
  int grants_max = 0;       ///< takes so many steps, and no more; 0: no bound
  bool insecure = false;    ///< a gateway on another machine is spoken to without encryption
  bool patient = true;      ///< a claim waits long for work
  bool verifies = false;    ///< judges what others executed, and executes nothing
  /// Told, on any thread, what goes wrong: of a run (its id), or of the whole.
  std::function<void(const std::string& about, const Error&)> fault = {};
};

/// A worker that was started: it needs nothing of the gateway's disk.
class RemoteWorker {
 public:
  struct Standing {
    int busy = 0;             ///< steps under way
    int granted = 0;          ///< steps that were taken in all
    int claims_in_vain = 0;   ///< answers that there is nothing to do, since the last grant
    bool told_to_drain = false;
  };

  virtual ~RemoteWorker() = default;

  /// "builder (wrk_…): 2 slots, data in /…"
  virtual std::string introduction() = 0;
  virtual Standing standing() = 0;
  /// Until something changed that standing() tells, or for `timeout`.
  virtual void wait(Duration timeout) = 0;
  /// Takes nothing new. Idempotent.
  virtual void drain() = 0;
  /// Ends what runs and gives it back. Returns when it is told. Idempotent.
  virtual void stop() = 0;
};

struct DoctorFinding {
  std::string what;
  bool good = true;
  std::string detail;
  std::string hint;
};

/// Where a store is, told without opening it.
struct DataPlace {
  std::string folder;
  std::string caution = {};  ///< why it may be another, where the configuration has errors
};

class Application {
 public:
  virtual ~Application() = default;

  /// The effective configuration, without opening a store. Errors: CONFIG_INVALID with the
  /// diagnostics as causes, FILE_UNREADABLE, CONFIG_MISSING (no vitana.toml anywhere upwards).
  virtual Result<config::Config> configuration(const OpenOptions& options) = 0;

  virtual Result<std::unique_ptr<Session>> open(const OpenOptions& options) = 0;

  /// The data directory, as far as the configuration can be read: --data, else its `[server] data`, else
  /// the one beside it. Errors: CONFIG_MISSING, FILE_UNREADABLE; NOT_FOUND - there is no such directory.
  virtual Result<DataPlace> data_place(const OpenOptions& options) = 0;
  /// The process id of the engine that holds its lock, if one does.
  virtual std::optional<int> engine_pid(const std::string& data) = 0;

  /// Programs, versions, sandbox, configuration, data directory: what is there and what is wrong.
  virtual std::vector<DoctorFinding> doctor(const OpenOptions& options) = 0;
  /// What doctor() says of the sandbox; asks no repository, and so is quick.
  virtual DoctorFinding sandbox(const config::Config& config) = 0;

  /// What of the configuration does not hold, though it is written down: said by doctor and at each
  /// start. None where it cannot be read.
  virtual std::vector<DoctorFinding> cautions(const OpenOptions& options) = 0;

  /// What `vitana init` finds in a repository.
  virtual Result<config::StarterFacts> starter_facts(const std::string& folder) = 0;

  /// Registers with a gateway and begins to work for it, in `options.data`, or in the user's data directory; agents
  /// of `options.config_file` go before those that the gateway tells. Errors: USAGE, NOT_ALLOWED, UNAUTHENTICATED,
  /// WORKER_TOO_OLD, NETWORK_UNREACHABLE, DATA_DIR_IN_USE, SANDBOX_UNAVAILABLE, WORKSPACE_FAILED.
  virtual Result<std::unique_ptr<RemoteWorker>> work(const OpenOptions& options, const WorkerOptions& worker) = 0;

  /// Puts a backup in the store's place. The file in which what was there is kept; empty: nothing was.
  virtual Result<std::string> restore(const std::string& backup, const OpenOptions& options) = 0;
};

/// Runs one command line. stdout is data, stderr is talk.
/// Returns 0 yes, 1 no, 2 usage, 3 unavailable, 4 not allowed.
int run_command_line(int argc, const char* const* argv, Application& application);

}  // namespace vitana::cli
