#include "simulation/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "simulation/schedule_play.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::Step;
using domain::TaskStatus;

constexpr int settle_rounds_max = 400;

domain::Policy any_policy(Dice& dice) {
  domain::Policy policy;
  if (dice.chance(0.15)) policy.specs.approval = domain::ApprovalMode::required;
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

}  // namespace

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
  // Some repositories change their mind about who must agree.
  if (dice_.chance(0.2)) {
    world.spec_rules = [](const std::string& commit) -> Result<domain::SpecRules> {
      switch (commit.back() % 4) {
        case 0: return domain::SpecRules{.approval = domain::ApprovalMode::required};
        case 1: return failure(FailureCode::REPO_RULES_INVALID, "no rules");
        default: return domain::SpecRules{};
      }
    };
  }
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
      {"route", 3, [this, done] { return done("route", world_.engine().conductor.route()); }},
      {"tell", 3, [this, done] { return done("tell", world_.engine().conductor.tell()); }},
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
         return worker.last ? "again: " + send(worker.last->first, worker.last->second.report, worker.last->second.evidence) : std::string();
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
  // A death costs most while a worker ends its step, above all a delivery.
  const double rate = action.name == "finish" ? 4 * crash_rate_ : crash_rate_;
  if (rate > 0 && dice_.chance(rate)) faults_.arm(action.name, 1 + dice_.below(4));
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
    const auto told = world_.engine().conductor.tell();
    if (!told) found("nobody could be told: " + to_string(told.error()));
    const auto routed = world_.engine().conductor.route();
    if (!routed) found("no run could be sent: " + to_string(routed.error()));
    if (log_end() != before || round.value_or(0) + told.value_or(0) + routed.value_or(0) > 0) continue;
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
