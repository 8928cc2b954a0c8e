// The gateway as `vitana serve` wires it (app::Service), on the shipped engine and store, for the load that others
// make. What is not shipped: a repository that stands still in the place of git, workers in this process that verify
// and deliver at once, and no limit of requests a minute.
//   gateway_server DATABASE FOLDER [--verify-slots N]    serves until its input ends
//   gateway_server --make-past FILE TASKS                 a database with so many finished tasks, forty days old
// Says {"url", "token", "pid"} once it serves, and then one line of JSON for each line that it reads:
//   figures            what was done so far: commits, units of work, waits for the disk, processor time
//   durability         what the database says of itself, on a connection that its driver has opened
//   committed SEQ TYPE the events of this type behind a place of the log: [place, task, when its commit was on disk]
// Times are microseconds since 1970.
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/service.h"
#include "app/system.h"
#include "house.h"
#include "sql/open.h"
#include "worker/host.h"

namespace {
std::atomic<std::int64_t> disk_waits = 0;
}

// The database's library finds these before the system's: what it waits for is counted, not believed.
extern "C" int fsync(int file) {
  ++disk_waits;
  return static_cast<int>(::syscall(SYS_fsync, file));
}
extern "C" int fdatasync(int file) {
  ++disk_waits;
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

namespace vitana::bench {
namespace {

using Json = nlohmann::ordered_json;

/// When each commit was on disk, in their order. Thread-safe.
class Commits {
 public:
  void note() {
    const auto now = to_us(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
    const std::lock_guard lock(mutex_);
    ends_.push_back(now);
  }
  /// The end of the commit that holds what a unit of work did at `time`: one thread runs units and commits in turn.
  std::int64_t end_of(std::int64_t time) const {
    const std::lock_guard lock(mutex_);
    const auto end = std::lower_bound(ends_.begin(), ends_.end(), time);
    return end == ends_.end() ? 0 : *end;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::int64_t> ends_;
};

class InstantExecutor : public port::Executor {
 public:
  Result<domain::Executed> execute(const port::Assignment& assignment, std::stop_token) override {
    std::vector<domain::Evidence> none;
    return std::get<domain::Executed>(done_at_once(assignment, none));
  }
};

class InstantVerifier : public port::Verifier {
 public:
  Result<port::Verification> verify(const port::Assignment& assignment, std::stop_token) override {
    port::Verification found;
    found.verified = std::get<domain::Verified>(done_at_once(assignment, found.evidence));
    return found;
  }
};

gateway::Files files() {
  remote::Terms terms;
  terms.agent.name = "instant";
  terms.agent.command = {"true"};
  gateway::Files files;
  files.log = [](const RunId&, std::size_t, std::size_t) { return Result<std::string>(std::string()); };
  files.diff = [](const RunId&) { return Result<std::string>(std::string()); };
  files.runs.terms = [terms](const port::Assignment&) { return Result<remote::Terms>(terms); };
  files.runs.result = [](const domain::Run&, const std::string& commit) {
    return Result<gateway::RunFiles::Outcome>({commit, true});
  };
  files.runs.append_log = [](const RunId&, std::size_t offset, std::string_view text) {
    return Result<gateway::RunFiles::LogEnd>({offset + text.size(), false});
  };
  return files;
}

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t whole = 0;
  std::int64_t resident = 0;
  file >> whole >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// What the database says of a connection that is opened as the store opens its own.
Json durability(const std::string& database) {
  auto connection = must(sql::open({.database = database, .mode = sql::OpenMode::read_write}));
  Json said{{"driver", connection->traits().driver}};
  const auto ask = [&](const char* name, const std::string& question) {
    const auto row = connection->query_one(question);
    if (row) said[name] = row->text(0);
  };
  if (store::is_on_server(database)) {
    ask("version", "SELECT current_setting('server_version')");
    for (const auto* name : {"fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers"}) {
      ask(name, fmt::format("SELECT current_setting('{}')", name));
    }
    ask("wal_syncs", "SELECT CAST(wal_sync AS TEXT) FROM pg_stat_wal");
  } else {
    ask("version", "SELECT sqlite_version()");
    ask("journal_mode", "SELECT journal_mode FROM pragma_journal_mode");
    ask("synchronous", "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous");
  }
  return said;
}

class Serving {
 public:
  Serving(const std::string& database, const std::filesystem::path& folder, int verify_slots)
      : database_(database),
        data_(folder),
        store_(must(store::Store::open({.path = database,
                                        .around_commit =
                                            [this](bool after) {
                                              if (after) commits_.note();
                                            }},
                                       clock_, entropy_))),
        engine_(*store_, clock_, entropy_, setup()) {
    must(data_.make());
    lock_.emplace(must(app::FileLock::take(data_.lock().string())));
    must(engine_.registry.sync(engine_.setup().repos.front()));
    const auto incarnation = app::incarnation(home);
    host_.emplace(
        worker::HostOptions{
            .worker = engine::local_worker(incarnation, "worker"),
            .execute_slots = 0,
            .verify_slots = verify_slots,
            .refused = [](const RunId& run,
                          const Error& error) { fmt::print(stderr, "{}: {}\n", run.to_string(), to_string(error)); },
            .fault = [](const Error& error) { fmt::print(stderr, "{}\n", to_string(error)); }},
        engine_.runs, executor_, verifier_, [](const port::Assignment& assignment, std::stop_token) {
          std::vector<domain::Evidence> none;
          return done_at_once(assignment, none);
        });
    store_->start_committer();
    must(engine_.autopilot.start(incarnation, {}, {.synced = {}, .fault = [](const std::string&, const Error& error) {
                                                     fmt::print(stderr, "{}\n", to_string(error));
                                                   }}));
    host_->start();
    engine_.wait_for_none();
    app::ServiceOptions how;
    how.server.listen = "127.0.0.1:0";
    how.server.access_log = config::AccessLog::none;
    how.server.requests_per_minute = 0;
    service_ = must(app::Service::open(engine_, data_, how, files()));
  }

  ~Serving() {
    service_->stop();
    engine_.runs.drain();
    host_->stop();
    host_->join();
    engine_.autopilot.request_stop();
    engine_.autopilot.join();
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  Json place() const {
    std::ifstream file(data_.token());
    std::string token;
    std::getline(file, token);
    return {{"url", service_->url()}, {"token", token}, {"pid", ::getpid()}};
  }

  Json answer(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "durability") return durability(database_);
    if (what == "committed") {
      store::EventFilter filter{.limit = 1'000'000};
      words >> filter.after >> filter.type_glob;
      return committed(filter);
    }
    if (what != "figures") return {{"error", "what is asked?"}};
    return {{"commits", store_->commits()},       {"units", store_->batches().units},
            {"disk_waits", disk_waits.load()},    {"processor_seconds", processor_seconds()},
            {"resident_bytes", resident_bytes()}, {"sequence", head()}};
  }

 private:
  static constexpr const char* home = "bench";

  static engine::Setup setup() {
    auto setup = setup_without_caps();
    setup.home = home;
    setup.own_workers = true;
    return setup;
  }

  store::Sequence head() {
    store::Sequence seq = 0;
    must(store_->read([&](store::Reader& reader) -> Result<void> {
      seq = reader.head().seq;
      return {};
    }));
    return seq;
  }

  Json committed(const store::EventFilter& filter) {
    Json list = Json::array();
    must(store_->read([&](store::Reader& reader) -> Result<void> {
      for (const auto& event : reader.events(filter)) {
        list.push_back({event.seq, event.vtid ? event.vtid->to_string() : "", commits_.end_of(to_us(event.time))});
      }
      return {};
    }));
    return list;
  }

  const std::string database_;
  const app::DataFolder data_;
  app::SystemClock clock_;
  app::SystemEntropy entropy_;
  Commits commits_;
  std::unique_ptr<store::Store> store_;
  engine::Engine engine_;
  std::optional<app::FileLock> lock_;
  InstantExecutor executor_;
  InstantVerifier verifier_;
  std::optional<worker::Host> host_;
  std::unique_ptr<app::Service> service_;
};

int whole_number(const std::string& text) {
  std::size_t end = 0;
  const int value = std::stoi(text, &end);
  if (end != text.size() || value < 1) throw std::runtime_error("bad number: " + text);
  return value;
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[0] == "--make-past") {
    make_past(words[1], static_cast<unsigned>(whole_number(words[2])));
    return 0;
  }
  if (words.size() != 2 && !(words.size() == 4 && words[2] == "--verify-slots")) {
    throw std::runtime_error("gateway_server DATABASE FOLDER [--verify-slots N]");
  }
  Serving serving(words[0], words[1], words.size() == 4 ? whole_number(words[3]) : 2);
  std::cout << serving.place().dump() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) std::cout << serving.answer(line).dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace vitana::bench

int main(int argc, char** argv) try {
  return vitana::bench::run({argv + 1, argv + argc});
} catch (const std::exception& fault) {
  fmt::print(stderr, "gateway_server: {}\n", fault.what());
  return 1;
}
