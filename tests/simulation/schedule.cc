#include "simulation/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>

#include "base/check.h"
#include "engine/conduct.h"
#include "simulation/actors.h"
#include "simulation/checker.h"
#include "sql/sqlite.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::BlockReason;
using domain::Step;
using domain::TaskStatus;

constexpr int settle_rounds_max = 400;
constexpr Duration tick = 5s;  ///< at most domain::lease_renew, or the reaper sees a gap

domain::Policy any_policy(Dice& dice) {
  domain::Policy policy;
  if (dice.chance(0.15)) policy.approval = domain::ApprovalMode::required;
  if (dice.chance(0.4)) policy.unverified = domain::UnverifiedMode::human;
  if (dice.chance(0.5)) policy.delivery = domain::DeliveryMode::merge;
  policy.allow_attested_merge = dice.chance(0.3);
  policy.caps.concurrent = dice.below(4);
  policy.caps.runs_per_task = dice.chance(0.5) ? 3 : dice.below(3);
  policy.caps.runs_per_repo_day = dice.chance(0.2) ? 3 : 100;
  policy.retry.runs = 1 + dice.below(3);
  policy.dispatch.route_retries = dice.below(4);
  return policy;
}

class Schedule {
 public:
  explicit Schedule(const ScheduleOptions& options);

  Outcome run();

 private:
  struct Action {
    std::string name;
    int weight;
    std::function<std::string()> act;
  };
  /// A simulated worker: what it holds, and what it reported last.
  struct Worker {
    std::string name;  ///< empty: it lives in the engine's process
    std::optional<port::Assignment> held = {};
    std::optional<std::pair<RunId, port::StepReport>> last = {};
  };

  WorldOptions world_options();
  std::vector<Action> all_actions();
  void say(std::string line);
  void found(std::string what) { outcome_.findings.push_back(std::move(what)); }
  /// False when there was nothing to do.
  bool step(const Action& action);
  void die(const std::string& at);
  void settle();
  void judge();

  // Persons.
  std::string submit();
  std::string race();
  std::string intake();
  std::string draft();
  std::string create_task();
  std::pair<std::string, bool> what_was_read();
  std::string command_of_a_person();
  Result<void> closed(Vtid vtid);
  std::string control();
  std::string answer_everything();
  // Workers.
  std::string claim(Worker& worker, const std::vector<Step>& steps);
  std::string finish(Worker& worker);
  std::string send(const RunId& run, const port::StepReport& report, std::vector<domain::Evidence> evidence);
  std::string late_report();
  std::string pass_time(int ticks, double renewing);
  std::string damage_a_spec();

  // Glue.
  template <typename T>
  std::string told(const Result<T>& answer) {
    return answer ? "ok" : std::string(name_of(answer.error().code));
  }
  /// Runs a command of a person; what is refused must change nothing.
  template <typename Command>
  std::string give(const std::string& what, Command&& command);
  std::string registered(Vtid vtid, const Result<engine::Registered>& answer, const Digest& digest);
  std::vector<domain::Task> tasks();
  /// One that holds work, or one that is free; nobody: the first.
  Worker& any_worker(bool holding);
  store::Sequence log_end();
  bool move_clock_on();

  const ScheduleOptions options_;
  Outcome outcome_;
  Dice dice_;
  Faults faults_;
  Recording recording_;
  domain::Policy policy_;
  Luck luck_;
  double crash_rate_ = 0;
  double fault_rate_ = 0;
  SimEntropy entropy_;
  World world_;
  Author author_;
  std::vector<Worker> workers_;
  struct Lost {
    port::Assignment work;
    std::optional<port::StepReport> report = {};  ///< absent: it went away before it was done
  };
  std::vector<Lost> lost_;  ///< work whose worker went away
  std::vector<std::int64_t> drafts_;
  std::vector<std::int64_t> intakes_;
  Story seen_;  ///< what outside parties saw
  bool damaged_ = false;
};

Schedule::Schedule(const ScheduleOptions& options)
    : options_(options), dice_(options.seed * 2654435761u + 17), faults_(options.seed + 99),
      recording_(options.rules, outcome_.moves), policy_(any_policy(dice_)),
      luck_{dice_.chance(0.3) ? 0.6 : 0.15, dice_.chance(0.5) ? 0.25 : 0.05},
      crash_rate_(options.deaths.value_or(dice_.chance(0.5) ? 0.1 : 0.0)), fault_rate_(dice_.chance(0.4) ? 0.08 : 0.0),
      entropy_(options.seed), world_(world_options()), author_(dice_),
      workers_{{""}, {""}, {"remote:one"}, {"remote:two"}} {
  outcome_.seed = options.seed;
}

WorldOptions Schedule::world_options() {
  WorldOptions world;
  world.seed = options_.seed;
  world.policy = policy_;
  world.rules = recording_.rules();
  world.adopt_all = dice_.chance(0.85);
  if (!options_.store_path.empty()) world.store_path = options_.store_path;
  world.around_commit = [this](bool after) { faults_.point(after ? "after commit" : "before commit"); };
  world.repository = [this](std::shared_ptr<SimRepository> inner) {
    return std::make_shared<FaultyRepository>(std::move(inner), faults_);
  };
  world.notifier = [this](const std::string&) -> Result<void> {
    faults_.point("before notify");
    if (faults_.fails()) return failure(FailureCode::PROGRAM_FAILED, "nobody is told");
    faults_.point("after notify");
    return {};
  };
  if (dice_.chance(0.4)) {
    world.dispatcher = std::make_shared<FaultyDispatcher>(faults_, [this](const RunId& id) {
      const auto runs = world_.runs(id.vtid);
      const bool live = !runs.empty() && runs.back().id == id && !domain::is_terminal(runs.back().state);
      if (!live) found(fmt::format("run {} was sent to a worker after its end", id.to_string()));
    });
  }
  return world;
}

void Schedule::say(std::string line) {
  line = fmt::format("{:.19} {}", to_rfc3339(world_.clock().now()), line);
  if (options_.print) std::puts(line.c_str());
  outcome_.trace.push_back(std::move(line));
}

std::vector<domain::Task> Schedule::tasks() {
  std::vector<domain::Task> all;
  const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
    all = reader.tasks({.limit = 100});
    return {};
  });
  CHECK(read.has_value());
  return all;
}

store::Sequence Schedule::log_end() {
  store::Sequence end = 0;
  const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
    end = reader.head().seq;
    return {};
  });
  CHECK(read.has_value());
  return end;
}

// -- Persons.

std::pair<std::string, bool> Schedule::what_was_read() {
  store::RepoRow row{.name = "hub"};
  CHECK(world_.store().read([&](store::Reader& reader) -> Result<void> {
                        row = reader.repo(row.name).value_or(row);
                        return {};
                      }).has_value());
  return {row.synced_commit, row.unsettled};
}

template <typename Command>
std::string Schedule::give(const std::string& what, Command&& command) {
  const bool watch = dice_.chance(0.3);
  std::vector<domain::Task> before;
  if (watch) before = tasks();
  const auto read_before = what_was_read();
  const auto answer = command();
  // Who brings a text looks at the repository first: what that look finds counts though the text is refused.
  const bool alone = what_was_read() == read_before;
  if (watch && !answer && alone && tasks() != before) found(what + " was refused and changed a task");
  return fmt::format("{} -> {}", what, told(answer));
}

std::string Schedule::registered(Vtid vtid, const Result<engine::Registered>& answer,
                                 const Digest& digest) {
  if (answer) seen_.acknowledged.push_back({vtid, digest});
  return told(answer);
}

std::string Schedule::submit() {
  engine::Submission submission{.vtid = author_.any_vtid(), .text = author_.text()};
  submission.provenance = {.source = domain::SpecSource::manual, .author = "ada", .reason = "by hand"};
  if (dice_.chance(0.3)) {
    submission.provenance.repo = "hub";
    submission.provenance.path = Author::path(*submission.vtid, 0);
  }
  submission.resolve = dice_.chance(0.3);
  return give(fmt::format("submit {}{}", submission.vtid->to_string(), submission.resolve ? " resolve" : ""),
              [&] {
                auto answer = world_.engine().registry.submit(submission, "ada");
                registered(*submission.vtid, answer, Digest::of(submission.text));
                return answer;
              });
}

/// Two persons register texts of their own for one VTID, one right after the other.
std::string Schedule::race() {
  const auto vtid = author_.any_vtid();
  const auto first = author_.text();
  const auto second = author_.text();
  std::string story = "race " + vtid.to_string();
  int reference = 1000 + dice_.below(1000);
  int winners = 0;
  for (const auto& text : {first, second}) {
    engine::Submission submission{.vtid = vtid, .text = text};
    submission.provenance = {.source = domain::SpecSource::oasis, .author = "ben",
                             .reference = std::to_string(++reference)};
    const auto answer = world_.engine().registry.submit(submission, "ben");
    winners += answer ? 1 : 0;
    story += " " + registered(vtid, answer, Digest::of(text));
  }
  if (winners > 1 && first != second) found(story + ": two texts won");
  return story;
}

std::string Schedule::intake() {
  auto& intake = world_.engine().intake;
  if (intakes_.empty() || dice_.chance(0.3)) {
    const auto begun = intake.begin("eve");
    if (begun) intakes_.push_back(begun->id);
    return "intake begins";
  }
  const auto id = dice_.pick(intakes_);
  for (int i = 0; i < 3; ++i) {
    static const std::vector<std::string> answers{"The sidebar shows it", "It should be blue\ncheck: true",
                                                  "TBD", " "};
    (void)intake.answer(id, dice_.pick(answers)).has_value();
  }
  const auto done = intake.complete(id, "eve", "");
  if (done) seen_.acknowledged.push_back({done->vtid, done->digest});
  return fmt::format("intake {} completes -> {} {}", id, done ? done->vtid.to_string() : "", told(done));
}

std::string Schedule::draft() {
  auto& drafts = world_.engine().drafts;
  if (drafts_.empty() || dice_.chance(0.3)) {
    const auto vtid = dice_.chance(0.7) ? std::optional(author_.any_vtid()) : std::nullopt;
    const auto made = drafts.create("A draft", author_.text(), vtid, "dan");
    if (made) drafts_.push_back(made->id);
    return "draft created";
  }
  const auto id = dice_.pick(drafts_);
  if (dice_.chance(0.2)) return give("draft edited", [&] { return drafts.edit(id, author_.text(), "dan"); });
  if (dice_.chance(0.8)) (void)drafts.validate(id, "dan").has_value();
  return give(fmt::format("draft {} approved", id), [&] {
    auto done = drafts.approve(id, "dan");
    if (done) seen_.acknowledged.push_back({done->vtid, done->digest});
    return done;
  });
}

std::string Schedule::create_task() {
  const auto vtid = dice_.chance(0.7) ? std::optional(author_.any_vtid()) : std::nullopt;
  const auto description = dice_.chance(0.5) ? author_.text() : std::string();
  return give("task create", [&] {
    auto made = world_.engine().registry.create_task(vtid, "A task", description, "ada", "");
    if (made) seen_.acknowledged.push_back({made->vtid, std::nullopt});
    return made;
  });
}

std::string Schedule::command_of_a_person() {
  auto& desk = world_.engine().desk;
  const auto all = tasks();
  const auto vtid = all.empty() ? author_.any_vtid() : dice_.pick(all).vtid;
  const auto name = vtid.to_string();
  switch (dice_.below(10)) {
    case 9: return give("close " + name, [&] { return closed(vtid); });
    case 0: return give("approve " + name, [&] { return desk.approve(vtid, "op"); });
    case 1: return give("approve text " + name, [&] { return desk.approve_spec(vtid, "op"); });
    case 2: return give("retry " + name, [&] { return desk.retry(vtid, "again", "op"); });
    case 3: return give("cancel " + name, [&] { return desk.cancel(vtid, "no more", "op"); });
    case 4: return give("answer " + name, [&] { return desk.answer(vtid, "azure", "op"); });
    case 5: {
      const std::string one = dice_.chance(0.5) ? "" : fmt::format("AC-{}", 1 + dice_.below(3));
      return give("sign off " + name,
                  [&] { return desk.sign_off(vtid, one, dice_.chance(0.7), "seen", "op"); });
    }
    case 6:
      return give("adopt " + name,
                  [&] { return desk.adopt(dice_.chance(0.5) ? "**" : name, engine::Adoption::run, "op"); });
    case 7: return give("adopt as done " + name, [&] { return desk.adopt(name, engine::Adoption::done, "op"); });
    default:
      // Not one of those that change nothing when they refuse: it notes what it found.
      return "enforce " + name + " -> " + told(world_.engine().registry.enforce_spec_requirement(vtid));
  }
}

/// No command of the desk closes any task yet; the rules let a person do it.
Result<void> Schedule::closed(Vtid vtid) {
  auto& engine = world_.engine();
  return world_.store().commit([&](store::Ledger& ledger) -> Result<void> {
    auto done = engine::conduct(ledger, engine.setup(), entropy_, vtid, domain::Close{"done by hand"}, "op");
    if (!done) return failure(std::move(done.error()));
    return {};
  });
}

std::string Schedule::control() {
  const bool on = dice_.chance(0.6);
  std::optional<Instant> until;
  if (dice_.chance(0.5)) until = world_.clock().now() + std::chrono::minutes(1 + dice_.below(90));
  if (on && dice_.chance(0.7)) until.reset();
  return fmt::format("execution {} {}: {}", on ? "on" : "off", until ? "for a while" : "",
                     told(world_.engine().desk.set_control("execution", on, "night", until, "op")));
}

/// What persons can do for the tasks that wait for one.
std::string Schedule::answer_everything() {
  auto& desk = world_.engine().desk;
  std::string story;
  for (const auto& task : tasks()) {
    const auto vtid = task.vtid;
    if (task.status != TaskStatus::blocked) continue;
    std::string what;
    switch (*task.blocked) {
      case BlockReason::not_adopted: what = told(desk.adopt(vtid.to_string(), engine::Adoption::run, "op")); break;
      case BlockReason::spec_renumbered:
      case BlockReason::spec_approval: what = told(desk.approve_spec(vtid, "op")); break;
      case BlockReason::approval_pending: what = told(desk.approve(vtid, "op")); break;
      case BlockReason::question: what = told(desk.answer(vtid, "azure", "op")); break;
      case BlockReason::sign_off:
      case BlockReason::evidence_lacking: what = told(desk.sign_off(vtid, "", true, "seen", "op")); break;
      case BlockReason::budget:
      case BlockReason::quarantined: what = told(desk.retry(vtid, "again", "op")); break;
      case BlockReason::spec_conflict: {
        engine::Submission chosen{.vtid = vtid, .text = sample_spec()};
        chosen.provenance = {.source = domain::SpecSource::manual, .author = "op"};
        chosen.resolve = true;
        what = told(world_.engine().registry.submit(chosen, "op"));
        break;
      }
      case BlockReason::dependency_failed: what = told(desk.cancel(vtid, "nothing to build on", "op")); break;
      case BlockReason::spec_held:
      case BlockReason::dependency_unknown:
      case BlockReason::dependency_pending:
      case BlockReason::delivery_target_dirty: continue;
    }
    story += fmt::format(" {} {} {};", vtid.to_string(), name_of(*task.blocked), what);
  }
  return story;
}

// -- Workers.

Schedule::Worker& Schedule::any_worker(bool holding) {
  std::vector<std::size_t> such;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i].held.has_value() == holding) such.push_back(i);
  }
  return workers_[such.empty() ? 0 : dice_.pick(such)];
}

std::string Schedule::claim(Worker& worker, const std::vector<Step>& steps) {
  if (worker.held) return "";
  const auto name = worker.name.empty() ? world_.local_worker("sim") : worker.name;
  auto granted = world_.engine().runs.claim({name, "", steps, 1});
  if (!granted) return "claim " + told(granted);
  if (granted->empty()) return "";
  worker.held = std::move(granted->front());
  const auto& work = *worker.held;
  if (Digest::of(work.spec_text) != work.run.spec_digest) {
    found(fmt::format("run {} was given a text that is not the one it is bound to", work.run.id.to_string()));
  }
  return fmt::format("{} claims {} {} under {}", name, work.run.id.to_string(), name_of(work.step),
                     work.lease().fence);
}

std::string Schedule::send(const RunId& run, const port::StepReport& report,
                           std::vector<domain::Evidence> evidence) {
  const auto fence = std::visit([](const auto& r) { return r.fence; }, report);
  const auto before = log_end();
  const auto answer = world_.engine().runs.report(run, report, std::move(evidence));
  seen_.reports.push_back({run, fence, answer.has_value(), before});
  const auto command = std::visit([](const auto& r) -> domain::Command { return r; }, report);
  std::string detail;
  if (const auto* failed = std::get_if<domain::StepFailed>(&report)) detail = name_of(failed->error.code);
  return fmt::format("{} reports {} {} under {} -> {}", run.to_string(), name_of(domain::kind_of(command)),
                     detail, fence, told(answer));
}

std::string Schedule::finish(Worker& worker) {
  if (!worker.held) return "";
  const port::Assignment work = *worker.held;
  // A supervised worker that lost its lease ends its step; an unsupervised report may still come.
  const auto told = world_.engine().runs.renew(work.run.id, work.lease().fence);
  if (told == port::Directive::lost && (work.step == Step::deliver || dice_.chance(0.5))) {
    worker.held.reset();
    return fmt::format("{} learns that it lost {}", worker.name, work.run.id.to_string());
  }
  StepResult result = dice_.chance(luck_.odd / 3)
                          ? StepResult{domain::Release{work.lease().fence}, {}}
                      : work.step == Step::deliver && options_.delivers_blindly
                          ? StepResult{deliver_blindly(world_, work), {}}
                          : do_step(world_, dice_, luck_, policy_.unverified, work);
  worker.last = {work.run.id, result.report};
  if (luck_.fails > 0 && dice_.chance(0.05)) {  // done, and the report is on its way for long
    lost_.push_back({work, result.report});
    worker.held.reset();
    return fmt::format("{} did {} and went away", worker.name, work.run.id.to_string());
  }
  worker.held.reset();
  return send(work.run.id, result.report, std::move(result.evidence));
}

/// A worker that was taken for dead reports under the token it once had.
std::string Schedule::late_report() {
  if (lost_.empty()) return "";
  const auto [work, report] = dice_.pick(lost_);
  const auto fence = work.lease().fence;
  if (report) return "late: " + send(work.run.id, *report, {});
  // No worker pushes before it has seen that its lease still lives.
  const auto told = world_.engine().runs.renew(work.run.id, fence);
  if (work.step == Step::deliver && told == port::Directive::lost) {
    return "late: " + send(work.run.id, domain::Release{fence}, {});
  }
  auto result = do_step(world_, dice_, luck_, policy_.unverified, work);
  return "late: " + send(work.run.id, result.report, std::move(result.evidence));
}

std::string Schedule::pass_time(int ticks, double renewing) {
  for (int i = 0; i < ticks; ++i) {
    world_.clock().advance(tick);
    auto& runs = world_.engine().runs;
    if (const auto reaped = runs.reap(); !reaped) found("the reaper failed: " + to_string(reaped.error()));
    for (auto& worker : workers_) {
      if (worker.held && dice_.chance(renewing)) {
        (void)runs.renew(worker.held->run.id, worker.held->lease().fence);
      }
    }
  }
  return fmt::format("{} s pass", ticks * 5);
}

std::string Schedule::damage_a_spec() {
  if (!options_.damages_specs || options_.store_path.empty()) return "";
  for (const auto& task : tasks()) {
    if (!task.spec || domain::is_terminal(task.status)) continue;
    auto raw = sql::open_sqlite({.path = options_.store_path, .mode = sql::OpenMode::read_write});
    CHECK(raw.has_value());
    (*raw)->script("DROP TRIGGER IF EXISTS vtid_specs_no_update");
    (*raw)->execute("UPDATE vtid_specs SET spec_text = spec_text || 'x' WHERE vtid = $1",
                    {task.vtid.to_string()});
    damaged_ = true;
    return "somebody changes the text of " + task.vtid.to_string();
  }
  return "";
}

// -- The schedule itself.

std::vector<Schedule::Action> Schedule::all_actions() {
  const auto done = [this](const char* what, const Result<int>& answer) {
    if (!answer) found(fmt::format("{} failed: {}", what, to_string(answer.error())));
    return answer && *answer > 0 ? fmt::format("{}: {}", what, *answer) : std::string();
  };
  return {
      {"commit", 4, [this] {
         auto& repository = world_.repository();
         repository.commit(author_.change(repository.at(repository.tip()).tree));
         return std::string("somebody commits specs");
       }},
      {"scan", 5, [this] {
         const auto synced = world_.engine().autopilot.scan(world_.engine().setup().repos.front());
         std::string story = "scan " + told(synced);
         if (synced) {
           for (const auto& file : synced->files) {
             story += fmt::format(" {}={}", file.path.substr(11), file.outcome);
             if (file.outcome == "registered" && file.vtid) {
               seen_.acknowledged.push_back({*file.vtid, std::nullopt});
             }
           }
         }
         return story;
       }},
      {"submit", 3, [this] { return submit(); }},
      {"race", 1, [this] { return race(); }},
      {"intake", 2, [this] { return intake(); }},
      {"draft", 2, [this] { return draft(); }},
      {"create", 1, [this] { return create_task(); }},
      {"person", 6, [this] { return command_of_a_person(); }},
      {"answers", 4, [this] { return answer_everything(); }},
      {"control", 1, [this] { return control(); }},
      {"round", 8, [this, done] { return done("round", world_.engine().autopilot.round()); }},
      {"reconcile", 2, [this, done] { return done("reconcile", world_.engine().conductor.reconcile()); }},
      {"allocate", 4, [this, done] { return done("allocate", world_.engine().conductor.allocate()); }},
      {"effects", 3, [this, done] { return done("effects", world_.engine().conductor.work_off_effects()); }},
      {"claim", 24, [this] {
         static const std::vector<std::vector<Step>> kinds{
             {Step::deliver, Step::verify, Step::execute}, {Step::execute}, {Step::verify, Step::deliver}};
         return claim(any_worker(false), dice_.pick(kinds));
       }},
      {"finish", 30, [this] { return finish(any_worker(true)); }},
      {"vanish", 2, [this] {
         auto& worker = any_worker(true);
         if (!worker.held) return std::string();
         lost_.push_back({*worker.held});
         worker.held.reset();
         return "a worker vanishes with " + lost_.back().work.run.id.to_string();
       }},
      {"late", 3, [this] { return late_report(); }},
      {"twice", 1, [this] {
         const auto& worker = any_worker(false);
         return worker.last ? "again: " + send(worker.last->first, worker.last->second, {}) : std::string();
       }},
      {"tick", 5, [this] { return pass_time(1 + dice_.below(10), dice_.chance(0.5) ? 1.0 : 0.1); }},
      {"leap", 4, [this] {
         static const std::vector<Duration> leaps{15s, 31s, 31s, 2min, 11min, 16min, 70min, 25h};
         world_.clock().advance(dice_.pick(leaps));
         return std::string("the clock leaps");
       }},
      {"foreign", 2, [this] {
         world_.repository().commit({{"other.txt", std::to_string(dice_.below(1000))}});
         return std::string("somebody else commits");
       }},
      {"dirty", 2, [this] {
         world_.repository().dirty = !world_.repository().dirty;
         return fmt::format("the target is {}", world_.repository().dirty ? "dirty" : "clean");
       }},
      {"away", 1, [this] {
         world_.repository().unavailable = !world_.repository().unavailable;
         return fmt::format("the repository is {}", world_.repository().unavailable ? "away" : "back");
       }},
      {"restart", 1, [this] {
         die("between two actions");
         return std::string();
       }},
      {"damage", options_.damages_specs ? 2 : 0, [this] { return damage_a_spec(); }},
  };
}

/// The engine's process ends, its own workers with it; another one starts.
void Schedule::die(const std::string& at) {
  say("the engine dies " + at);
  for (auto& worker : workers_) {
    if (!worker.name.empty() || !worker.held) continue;
    lost_.push_back({*worker.held});
    worker.held.reset();
  }
  faults_.disarm();
  if (options_.store_path.empty()) {
    world_.restart();
  } else {
    world_.reopen();
  }
}

bool Schedule::step(const Action& action) {
  if (crash_rate_ > 0 && dice_.chance(crash_rate_)) faults_.arm(action.name, 1 + dice_.below(4));
  bool done = true;
  try {
    auto line = action.act();
    done = !line.empty();
    if (done) say(std::move(line));
  } catch (const Crash& crash) {
    die(fmt::format("{} ({})", crash.at, action.name));
  }
  faults_.disarm();
  return done;
}

/// To the earliest thing that is due; false when nothing is.
bool Schedule::move_clock_on() {
  const auto now = world_.clock().now();
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> due) {
    if (due && *due > now && (!next || *due < *next)) next = due;
  };
  const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
    bool scheduled = false;
    for (const auto& task : reader.tasks({.limit = 100})) {
      consider(task.next.due);
      scheduled |= task.status == TaskStatus::scheduled;
      if (task.attempt == 0) continue;
      if (const auto run = reader.run({task.vtid, task.attempt}); run && !domain::is_terminal(run->state)) {
        consider(run->not_before);
      }
    }
    for (const auto& effect : reader.pending_effects(100)) consider(effect.due);
    for (const auto& row : reader.breakers()) {
      if (row.breaker.open) consider(row.breaker.probe_at);
    }
    // What is left may wait for a budget of the day.
    if (scheduled && policy_.caps.runs_per_repo_day > 0) consider(now + 6h);
    return {};
  });
  CHECK(read.has_value());
  if (!next) return false;
  world_.clock().advance(*next - now);
  return true;
}

/// The faults end, healthy workers come, persons answer; until nothing moves any more.
void Schedule::settle() {
  say("-- the faults end");
  faults_.rate = 0;
  luck_ = {};
  world_.repository().dirty = world_.repository().unavailable = false;
  CHECK(world_.engine().desk.set_control("execution", true, "morning", std::nullopt, "op").has_value());
  // No worker is left, and the reaper ticks: no lease may outlive that.
  for (auto& worker : workers_) worker.held.reset();
  (void)pass_time(14, 0);
  for (const auto& task : tasks()) {
    if (task.attempt == 0) continue;
    const auto run = world_.runs(task.vtid).back();
    if (run.lease) found(fmt::format("run {}: a lease that nobody renews lives on", run.id.to_string()));
  }
  Worker healthy{""};
  const std::vector<Step> all{Step::deliver, Step::verify, Step::execute};
  int days = 0;
  for (int i = 0; i < settle_rounds_max; ++i) {
    if (auto line = claim(healthy, all); !line.empty()) {
      say(std::move(line));
      say(finish(healthy));
      continue;
    }
    const auto before = log_end();
    (void)world_.engine().autopilot.scan(world_.engine().setup().repos.front()).has_value();
    const auto round = world_.engine().autopilot.round();
    if (!round) found("a round failed: " + to_string(round.error()));
    if (auto answers = answer_everything(); !answers.empty()) say("persons:" + answers);
    if (log_end() != before || round.value_or(0) > 0) continue;
    if (!move_clock_on() || ++days > 60) return;
  }
  found("the world does not settle");
}

void Schedule::judge() {
  auto story = read_story(world_.store());
  CHECK(story.has_value());
  if (damaged_) story->damages.clear();
  story->damaged_on_purpose = damaged_;
  story->reports = seen_.reports;
  story->acknowledged = seen_.acknowledged;
  story->policy = policy_;
  story->delivered.emplace();
  const auto& repository = world_.repository();
  for (auto id = repository.tip(); !id.empty(); id = repository.at(id).parent) {
    const auto& commit = repository.at(id);
    if (!commit.vtid.empty()) story->delivered->push_back({id, commit.vtid, commit.digest});
  }
  for (auto& finding : check(*story)) found(std::move(finding));
  if (damaged_) return;  // a damaged text stands still until somebody mends the store
  for (auto& finding : check_settled(*story)) found(std::move(finding));
}

Outcome Schedule::run() {
  auto actions = all_actions();
  int total = 0;
  for (auto& action : actions) {
    // Each schedule has its own mixture: some things do not happen at all, some often.
    const bool needed = action.weight >= 4;
    if (!needed && dice_.chance(0.25)) action.weight = 0;
    if (dice_.chance(0.2)) action.weight *= 3;
    total += action.weight;
  }
  faults_.rate = fault_rate_;
  SimRepository::Tree first;
  for (const auto number : {1201u, 1202u, 1203u}) first[Author::path(Vtid(number), 0)] = author_.valid_text();
  world_.repository().commit(first);
  int idle_max = 3 * options_.steps;
  for (int i = 0; i < options_.steps && idle_max > 0 && outcome_.findings.empty(); ++i) {
    int at = dice_.below(total);
    const auto chosen = std::find_if(actions.begin(), actions.end(), [&](const Action& action) {
      at -= action.weight;
      return at < 0;
    });
    if (step(*chosen)) continue;
    --i;
    --idle_max;
  }
  settle();
  judge();
  outcome_.deaths = faults_.deaths;
  return std::move(outcome_);
}

}  // namespace

std::string Outcome::report() const {
  constexpr std::size_t tail = 60;
  std::string text = fmt::format("VITANA_SIM_SEED={}\n", seed);
  for (const auto& finding : findings) text += "  finding: " + finding + "\n";
  const std::size_t from = trace.size() > tail ? trace.size() - tail : 0;
  for (std::size_t i = from; i < trace.size(); ++i) text += "  " + trace[i] + "\n";
  return text;
}

Outcome run_schedule(const ScheduleOptions& options) { return Schedule(options).run(); }

}  // namespace vitana::testing
