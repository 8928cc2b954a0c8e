#include "engine/autopilot.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "domain/breaker.h"
#include "engine/branch_checks.h"
#include "engine/breaker.h"
#include "engine/commit_statuses.h"
#include "engine/conduct.h"
#include "engine/rounds.h"

namespace vitana::engine {

using namespace std::chrono_literals;

namespace {

constexpr Duration round_every = 1s;         ///< deadlines are looked at this often
constexpr Duration first_look_pause = 20ms;  ///< while repositories are looked at for the first time
constexpr Duration fault_pause = 1s;         ///< after a database fault
constexpr Duration scan_default = 60s;
constexpr int idle_page = 256;                ///< tasks looked at in one read

}  // namespace

Autopilot::Autopilot(store::Store& store, port::Clock& clock, const Setup& setup,
                     Registry& registry, Conductor& conductor, RunDesk& runs)
    : store_(store), clock_(clock), setup_(setup), registry_(registry), conductor_(conductor),
      runs_(runs) {
  runs_.on_moved([this](const std::string& repo) { look_at(repo); });
}

Autopilot::~Autopilot() {
  request_stop();
  join();
}

Result<void> Autopilot::take_over(const std::string& incarnation) {
  if (auto freed = runs_.end_dead_incarnations(incarnation); !freed) return freed;
  return conductor_.renew_waiting();
}

Result<void> Autopilot::start(const std::string& incarnation,
                              std::map<std::string, Duration> scan_every, Hooks hooks) {
  if (auto taken = take_over(incarnation); !taken) return taken;
  hooks_ = std::move(hooks);
  int remote = 0;
  for (const auto& repo : setup_.repos) {
    const auto every = scan_every.find(repo.name);
    scans_.push_back({&repo, every == scan_every.end() ? scan_default : every->second});
    conductor_.await_look(repo.name);
    remote += repo.folder.empty() ? 1 : 0;
  }
  conductor_thread_ = std::jthread([this](std::stop_token stop) { conduct_loop(stop); });
  teller_thread_ = std::jthread([this](std::stop_token stop) { tell_loop(stop); });
  for (int i = 0; i < (setup_.dispatcher ? routers : 1); ++i) {
    router_threads_.emplace_back([this](std::stop_token stop) { route_loop(stop); });
  }
  for (int i = 0; i <= std::min(remote, remote_scanners_max); ++i) {
    scanner_threads_.emplace_back([this, elsewhere = i > 0](std::stop_token stop) { scan_loop(stop, elsewhere); });
  }
  return {};
}

void Autopilot::request_stop() {
  conductor_thread_.request_stop();
  teller_thread_.request_stop();
  for (auto& thread : router_threads_) thread.request_stop();
  for (auto& thread : scanner_threads_) thread.request_stop();
}

void Autopilot::join() {
  if (conductor_thread_.joinable()) conductor_thread_.join();
  if (teller_thread_.joinable()) teller_thread_.join();
  for (auto& thread : router_threads_) {
    if (thread.joinable()) thread.join();
  }
  for (auto& thread : scanner_threads_) {
    if (thread.joinable()) thread.join();
  }
}

Result<int> Autopilot::round() {
  if (auto fresh = runs_.refresh(); !fresh) return failure(std::move(fresh.error()));
  if (auto reaped = runs_.reap(); !reaped) return failure(std::move(reaped.error()));
  int work = 0;
  for (const auto move : {&Conductor::reconcile, &Conductor::allocate, &Conductor::work_off_effects}) {
    auto done = (conductor_.*move)();
    if (!done) return done;
    work += *done;
  }
  return work;
}

void Autopilot::look_at(const std::string& repo) {
  {
    const std::lock_guard lock(scan_mutex_);
    for (auto& scan : scans_) {
      if (scan.repo->name == repo) scan.due = {};
    }
    ++scan_news_;
  }
  scan_wake_.notify_all();
}

Result<RepoSync> Autopilot::scan(const RepoSetup& repo, Others others) {
  auto synced = registry_.sync(repo, others);
  // A scan that was cut says nothing of the repository.
  if (!synced && StopScope::current().stop_requested()) return synced;
  std::unique_lock lock(scan_mutex_);
  if (synced) {
    const bool answers_again = !std::exchange(faults_[repo.name], {}).empty();
    lock.unlock();
    if (!answers_again) return synced;
    auto tried = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      try_at_once(ledger, repo.name);
      return {};
    });
    if (!tried) return failure(std::move(tried.error()));
    return synced;
  }
  const Error error = synced.error();
  const auto known = faults_.find(repo.name);
  const bool first = known == faults_.end();
  if (!first && known->second.contains(error.code)) return synced;
  lock.unlock();
  auto noted = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    const domain::Event event{domain::EventType::repo_unavailable, std::nullopt, std::nullopt, "engine",
                              nlohmann::ordered_json{{"repo", repo.name},
                                                     {"code", name_of(error.code)},
                                                     {"message", to_string(error)}}
                                  .dump()};
    if (!first) {
      ledger.append(event);
      return {};
    }
    // Another engine may have met the same fault before this one began.
    const auto row = ledger.repo(repo.name);
    ledger.refuse(fmt::format("repo:{}:{}:{}", repo.name, name_of(error.code), row ? row->synced_commit : ""),
                  event);
    return {};
  });
  if (!noted) return failure(std::move(noted.error()));
  lock.lock();
  faults_[repo.name].insert(error.code);
  return synced;
}

void Autopilot::conduct_loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto seen = store_.commits();
    auto done = round();
    if (!done) {
      if (hooks_.fault) hooks_.fault("", done.error());
      store_.wait_for_commit(store_.commits(), fault_pause);
      continue;
    }
    if (*done == 0) store_.wait_for_commit(seen, conductor_.awaits_looks() ? first_look_pause : round_every);
  }
}

void Autopilot::tell_loop(std::stop_token stop) {
  const StopScope cut(stop);  // who is told may take its time
  while (!stop.stop_requested()) {
    const auto seen = store_.commits();
    const auto told = conductor_.tell();
    if (!told && hooks_.fault) hooks_.fault("", told.error());
    if (!told || *told == 0) store_.wait_for_commit(told ? seen : store_.commits(), round_every);
  }
}

void Autopilot::route_loop(std::stop_token stop) {
  go_round(store_, stop, round_every, [this] { return conductor_.route(); },
           [this](const Error& why) { if (hooks_.fault) hooks_.fault("", why); });
}

bool Autopilot::scanned() const {
  const std::lock_guard lock(scan_mutex_);
  return std::all_of(scans_.begin(), scans_.end(), [](const Scan& scan) { return scan.read; });
}

Autopilot::Scan* Autopilot::next_scan(bool elsewhere) {
  Scan* next = nullptr;
  for (auto& scan : scans_) {
    if (scan.repo->folder.empty() != elsewhere || scan.under_way) continue;
    if (next == nullptr || scan.due < next->due) next = &scan;
  }
  return next;
}

void Autopilot::scan_loop(std::stop_token stop, bool elsewhere) {
  const StopScope cut(stop);  // wherever a scan is: the next one begins anew
  std::unique_lock lock(scan_mutex_);
  while (!stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    auto* next = next_scan(elsewhere);
    if (next == nullptr || next->due > now) {
      const auto until = next == nullptr ? now + std::chrono::hours(1) : next->due;
      scan_wake_.wait_until(lock, stop, until, [this, seen = scan_news_] { return scan_news_ != seen; });
      continue;
    }
    next->under_way = true;
    next->due = Time::max();  // unless it is asked for meanwhile
    lock.unlock();
    auto synced = scan(*next->repo, Others::near);
    if (!synced && stop.stop_requested()) return;
    if (!synced && hooks_.fault) hooks_.fault(next->repo->name, synced.error());
    if (synced && hooks_.synced) hooks_.synced(*synced);
    conductor_.look_over(next->repo->name);
    lock.lock();
    next->under_way = false;
    next->read = true;
    if (next->due == Time::max()) next->due = std::chrono::steady_clock::now() + next->every;
    ++scan_news_;
    scan_wake_.notify_all();
  }
}

bool Autopilot::goes_on(store::Reader& reader, const domain::Task& task) const {
  if (task.status != domain::TaskStatus::in_progress) return false;
  const auto held = hold_of(reader, setup_, task, reader.run({task.vtid, task.attempt}));
  // What is paused for a fault of the surroundings is tried again by itself.
  return !held || (held->code && domain::breaker_scope(*held->code));
}

bool Autopilot::any_run_goes_on(store::Reader& reader) const {
  store::TaskFilter filter{.status = domain::TaskStatus::in_progress, .limit = idle_page};
  for (;;) {
    const auto page = reader.tasks(filter);
    for (const auto& task : page) {
      if (goes_on(reader, task)) return true;
    }
    if (page.size() < static_cast<std::size_t>(idle_page)) return false;
    filter.after = page.back().vtid;
  }
}

bool Autopilot::is_rechecked(store::Reader& reader, const domain::Task& task) const {
  if (task.blocked != domain::BlockReason::delivery_target_dirty) return false;
  const auto run = reader.run({task.vtid, task.attempt});
  return domain::is_on(reader.control(execution_control), reader.now()) || (run && run->lease);
}

Result<bool> Autopilot::idle() {
  bool idle = false;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    if (setup_.only) {
      const auto task = reader.task(*setup_.only);
      idle = !task || !(goes_on(reader, *task) || is_rechecked(reader, *task));
    } else {
      auto own = branch_check_keys(reader, setup_);
      for (auto& keys : status_keys(setup_)) own.push_back(std::move(keys));
      idle = reader.quiet(own) && !any_run_goes_on(reader);
    }
    idle = idle && (!told_ || told_(reader.head().seq));
    if (!idle) return {};
    auto work = setup_.work();
    work.whenever = true;
    const auto list = [&](int limit, int skip, const store::WorkFilter& filter) {
      return reader.eligible(limit, skip, filter);
    };
    return work_through(idle_page, work, list, [&](Vtid vtid) -> Result<Passed> {
      const auto task = reader.task(vtid);
      if (!task) return Passed{Passed::Kind::refused};
      auto input = gate_input(reader, setup_, *task, std::nullopt);
      // A back-off ends by itself; what then still stands in the way is what counts.
      input.task.not_before = {};
      const auto answer =
          setup_.rules.gate(domain::GatePoint::dispatch, input, setup_.policy, reader.now());
      idle = !answer.allowed();
      if (!idle) return Passed{Passed::Kind::end};
      return passed_over(*answer.blocking(), setup_.agent_of(*task), task->repo);
    });
  });
  if (!read) return failure(std::move(read.error()));
  return idle;
}

}  // namespace vitana::engine
