#include "simulation/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/gate.h"
#include "spec/parse.h"

namespace vitana::testing {
namespace {

using domain::BlockReason;
using domain::NextKind;
using domain::RunState;
using domain::TaskStatus;
using Findings = std::vector<std::string>;
using Json = nlohmann::json;

constexpr std::string_view state_prefix = "autopilot.state.";

Json data_of(const store::StoredEvent& event) { return Json::parse(event.data, nullptr, false); }

std::optional<RunState> state_in(const store::StoredEvent& event) {
  if (!event.run || !event.type.starts_with(state_prefix)) return std::nullopt;
  return domain::run_state(event.type.substr(state_prefix.size()));
}

bool may_follow(std::optional<RunState> from, RunState to) {
  return std::any_of(domain::run_moves().begin(), domain::run_moves().end(),
                     [&](const domain::RunMove& m) { return m.from == from && m.to == to; });
}

const domain::Task* task_of(const Story& story, Vtid vtid) {
  const auto it = std::find_if(story.tasks.begin(), story.tasks.end(),
                               [&](const auto& t) { return t.vtid == vtid; });
  return it == story.tasks.end() ? nullptr : &*it;
}

const domain::Run* run_of(const Story& story, const RunId& id) {
  const auto it = std::find_if(story.runs.begin(), story.runs.end(),
                               [&](const auto& r) { return r.id == id; });
  return it == story.runs.end() ? nullptr : &*it;
}

const domain::SpecVersion* spec_of(const Story& story, Vtid vtid, int version) {
  const auto it = std::find_if(story.specs.begin(), story.specs.end(), [&](const auto& s) {
    return s.vtid == vtid && s.version == version;
  });
  return it == story.specs.end() ? nullptr : &*it;
}

/// The token that an event gives out; 0 for events that grant nothing.
domain::Fence granted_by(const store::StoredEvent& event) {
  const bool grants = event.type == "worker.lease.granted" || event.type == "autopilot.state.executing";
  if (!event.run || !grants) return 0;
  const auto data = data_of(event);
  return data.is_object() ? data.value("fence", domain::Fence{0}) : 0;
}

// -- Runs: one legal way through the states, an end that stays, a spec that is stored.

void check_run_states(const Story& story, Findings& out) {
  std::map<RunId, RunState> now;
  for (const auto& event : story.events) {
    const auto state = state_in(event);
    if (!state) continue;
    const auto it = now.find(*event.run);
    const auto before = it == now.end() ? std::nullopt : std::optional(it->second);
    if (before && domain::is_terminal(*before)) {
      out.push_back(fmt::format("run {} had ended as {} and became {} (event {})",
                                event.run->to_string(), name_of(*before), name_of(*state), event.seq));
    } else if (before != *state && !may_follow(before, *state)) {
      out.push_back(fmt::format("run {} went from {} to {} (event {})", event.run->to_string(),
                                before ? name_of(*before) : "nothing", name_of(*state), event.seq));
    }
    now[*event.run] = *state;
    if (*state == RunState::failed) {
      const auto data = data_of(event);
      const auto code = data.is_object() ? data.value("code", "") : "";
      if (!failure_code(code)) {
        out.push_back(fmt::format("event {} ends a run as failed with the code '{}'", event.seq, code));
      }
    }
  }
  for (const auto& run : story.runs) {
    const auto it = now.find(run.id);
    if (it == now.end() || it->second != run.state) {
      out.push_back(fmt::format("run {} is {}, its last event says otherwise", run.id.to_string(),
                                name_of(run.state)));
    }
  }
}

void check_runs(const Story& story, Findings& out) {
  for (const auto& run : story.runs) {
    const auto name = run.id.to_string();
    const auto* task = task_of(story, run.id.vtid);
    const auto* spec = spec_of(story, run.id.vtid, run.spec_version);
    if (!spec || spec->digest != run.spec_digest) {
      out.push_back(fmt::format("run {} is bound to a spec that is not stored", name));
    }
    if (!task) {
      out.push_back(fmt::format("run {} has no task", name));
      continue;
    }
    if ((run.state == RunState::failed) != run.failure.has_value()) {
      out.push_back(fmt::format("run {} is {} {} a failure", name, name_of(run.state),
                                run.failure ? "with" : "without"));
    }
    const bool live = !domain::is_terminal(run.state);
    if (live && run.id.attempt != task->attempt) {
      out.push_back(fmt::format("run {} lives beside a newer one", name));
    }
    const bool carried = task->status == TaskStatus::in_progress || task->status == TaskStatus::blocked;
    if (live && !carried) {
      out.push_back(fmt::format("run {} lives in a task that is {}", name, name_of(task->status)));
    }
    if (!live && run.lease) out.push_back(fmt::format("run {} has ended and holds a lease", name));
  }
}

// -- Persons: what only a person can judge, a person has judged, in this run.

void check_sign_offs(const Story& story, Findings& out) {
  std::map<RunId, std::set<std::string>> met;
  std::map<Vtid, RunId> at_work;
  for (const auto& event : story.events) {
    if (state_in(event) == RunState::allocated) at_work.insert_or_assign(event.run->vtid, *event.run);
    if (event.type != "vtid.lifecycle.signed_off" || !at_work.contains(*event.vtid)) continue;
    const auto data = data_of(event);
    if (data.value("met", false)) met[at_work.at(*event.vtid)].insert(data.value("criterion", ""));
  }
  for (const auto& run : story.runs) {
    const auto* spec = spec_of(story, run.id.vtid, run.spec_version);
    if (run.state != RunState::completed || !spec) continue;
    for (const auto& criterion : spec::parse_spec(spec->text).spec.criteria) {
      const auto& judged = met[run.id];
      if (criterion.cls != domain::CriterionClass::human || judged.contains(criterion.id) ||
          judged.contains("all open criteria")) {
        continue;
      }
      out.push_back(fmt::format("run {} is completed, and nobody judged {}", run.id.to_string(), criterion.id));
    }
  }
}

// -- Leases and tokens.

void check_leases(const Story& story, Findings& out) {
  struct Held {
    domain::Fence newest = 0;
    bool live = false;
    bool dirty = false;  ///< a dirty target gives its step back without a word, each half minute
  };
  std::map<RunId, Held> held;
  for (const auto& event : story.events) {
    if (event.vtid && event.type == "vtid.lifecycle.blocked") {
      for (auto& [id, run] : held) run.live &= id.vtid != *event.vtid;
    }
    if (!event.run) continue;
    auto& run = held[*event.run];
    const auto fence = granted_by(event);
    if (fence == 0) {
      const bool says_nothing = event.type == "governance.transition.refused" ||
                                event.type == "verification.evidence.recorded" ||
                                event.type == "governance.gate.refused";
      if (!says_nothing) run.live = false;
      if (event.type == "delivery.blocked") run.dirty = true;
      continue;
    }
    if (fence <= run.newest) {
      out.push_back(fmt::format("run {} got the token {} after {} (event {})", event.run->to_string(),
                                fence, run.newest, event.seq));
    }
    if (run.live && !run.dirty) {
      out.push_back(fmt::format("run {} got a second lease, {}, while {} lives (event {})",
                                event.run->to_string(), fence, run.newest, event.seq));
    }
    run.newest = fence;
    run.live = true;
  }
}

void check_reports(const Story& story, Findings& out) {
  for (const auto& report : story.reports) {
    if (!report.accepted) continue;
    domain::Fence newest = 0;
    bool lost = false;
    for (const auto& event : story.events) {
      if (event.seq > report.log_end) break;
      if (event.run != report.run) continue;
      if (const auto fence = granted_by(event)) {
        newest = fence;
        lost = false;
      }
      lost |= event.type == "worker.lease.lost" || event.type == "worker.lease.released";
    }
    if (report.fence != newest || lost) {
      out.push_back(fmt::format("run {}: a report under token {} was accepted; {} was the newest{}",
                                report.run.to_string(), report.fence, newest, lost ? ", and lost" : ""));
    }
  }
}

// -- Specs: immutable, one text for a version, one origin after the other.

void check_specs(const Story& story, Findings& out) {
  std::map<Vtid, int> newest;
  for (const auto& spec : story.specs) {
    const auto name = fmt::format("spec {} version {}", spec.vtid.to_string(), spec.version);
    if (spec.version != ++newest[spec.vtid]) out.push_back(name + " is out of order");
    if (!story.damaged_on_purpose && Digest::of(spec.text) != spec.digest) out.push_back(name + " has another text than was locked");
    if (const auto* before = spec_of(story, spec.vtid, spec.version - 1);
        before && before->digest == spec.digest) {
      out.push_back(name + " is the same text as the one before");
    }
  }
  for (const auto& promise : story.acknowledged) {
    const bool kept = std::any_of(story.specs.begin(), story.specs.end(), [&](const auto& spec) {
      return spec.vtid == promise.vtid && spec.digest == promise.digest;
    });
    if (!task_of(story, promise.vtid) || (promise.digest && !kept)) {
      out.push_back(fmt::format("{} was acknowledged and is not there", promise.vtid.to_string()));
    }
  }
}

// -- Tasks: one next thing each, nothing spent without a spec.

void check_tasks(const Story& story, Findings& out) {
  for (const auto& task : story.tasks) {
    const auto name = task.vtid.to_string();
    const bool over = domain::is_terminal(task.status);
    if (over != (task.next.kind == NextKind::none)) {
      out.push_back(fmt::format("{} is {} and its next thing is '{}'", name, name_of(task.status),
                                name_of(task.next.kind)));
    }
    const bool timed = task.next.kind == NextKind::timer || task.next.kind == NextKind::worker;
    if (timed && !task.next.due) {
      out.push_back(fmt::format("{} waits for a {} without a deadline", name, name_of(task.next.kind)));
    }
    if ((task.status == TaskStatus::blocked) != task.blocked.has_value()) {
      out.push_back(fmt::format("{} is {} {} a reason", name, name_of(task.status),
                                task.blocked ? "with" : "without"));
    }
    if (task.status == TaskStatus::failed && !task.failure) out.push_back(name + " failed without a code");
    if (task.status == TaskStatus::draft && task.spec) out.push_back(name + " is a draft with a spec");
    if (task.status == TaskStatus::scheduled && !task.spec) {
      out.push_back(name + " is scheduled without a spec");
    }
    if (task.status == TaskStatus::scheduled && task.waits.first()) {
      out.push_back(fmt::format("{} is scheduled and waits: {}", name, name_of(*task.waits.first())));
    }
    const auto* run = task.attempt > 0 ? run_of(story, {task.vtid, task.attempt}) : nullptr;
    const bool live = run && !domain::is_terminal(run->state);
    if (task.status == TaskStatus::in_progress && !live) out.push_back(name + " is in progress without a run");
    if (task.attempt > 0 && !run) out.push_back(name + " counts a run that is not there");
    const int cap = story.policy.caps.runs_per_task;
    if (cap > 0 && task.spent.runs > cap) {
      out.push_back(fmt::format("{} used {} runs of {}", name, task.spent.runs, cap));
    }
    if (!task.spec) continue;
    const auto* spec = spec_of(story, task.vtid, task.spec->version);
    if (!spec || spec->digest != task.spec->digest) out.push_back(name + " names a spec that is not stored");
  }
}

// -- Allocation and claims: what the gate must have asked.

class Replay {
 public:
  Replay(const Story& story, Findings& out) : story_(story), out_(out) {}

  void run() {
    for (const auto& event : story_.events) {
      if (event.type == "governance.control.updated") control(event);
      if (event.type == "autopilot.state.allocated") allocated(event);
      // Who cancels takes the step to end it.
      const bool works = granted_by(event) != 0 && !data_of(event).value("worker", "").starts_with("cancel:");
      if (works && paused(event)) {
        found(event, "a worker was granted a step while execution was off");
      }
      if (event.vtid && event.type == "vtid.lifecycle.completed") completed_.insert(*event.vtid);
      if (event.vtid && event.type == "vtid.lifecycle.retry_reset") retried_[*event.vtid] = event.seq;
      if (event.vtid && event.type == "vtid.spec.registered") registered_[*event.vtid] = event.seq;
      // Who waits gives its slot back; that it goes on is not told of before its next state.
      if (event.type == "vtid.lifecycle.blocked") {
        std::erase_if(running_, [&](const RunId& run) { return run.vtid == *event.vtid; });
      }
      if (event.type == "worker.step.retried") running_.erase(*event.run);
      if (const auto state = state_in(event)) {
        if (domain::is_terminal(*state)) running_.erase(*event.run);
        else running_.insert(*event.run);
      }
    }
  }

 private:
  void found(const store::StoredEvent& event, const std::string& what) {
    out_.push_back(fmt::format("{} (event {}): {}",
                               event.run ? event.run->to_string() : event.vtid->to_string(), event.seq, what));
  }

  void control(const store::StoredEvent& event) {
    const auto data = data_of(event);
    if (!data.is_object() || data.value("key", "") != "execution") return;
    execution_ = domain::Control{};
    // The store's own first word is written as a state.
    execution_->on = data.contains("on") ? data["on"].get<bool>() : data.value("state", "") == "on";
    if (data.contains("until")) execution_->until = from_rfc3339(data["until"].get<std::string>());
  }

  bool paused(const store::StoredEvent& event) const {
    return execution_ && !domain::is_on(execution_, event.time);
  }

  void allocated(const store::StoredEvent& event) {
    if (paused(event)) found(event, "a run was allocated while execution was off");
    const auto& caps = story_.policy.caps;
    if (caps.concurrent > 0 && running_.size() >= static_cast<std::size_t>(caps.concurrent)) {
      found(event, "a run was allocated beyond the cap of concurrent runs");
    }
    const auto day_ago = event.time - std::chrono::hours(24);
    std::erase_if(starts_, [&](Instant at) { return at < day_ago; });
    if (caps.runs_per_repo_day > 0 && starts_.size() >= static_cast<std::size_t>(caps.runs_per_repo_day)) {
      found(event, "a run was allocated beyond the cap of the day");
    }
    // A run that met a fault of its surroundings counts for nothing, from that moment on.
    const auto* run = event.run ? run_of(story_, *event.run) : nullptr;
    const bool counts = !run || !run->failure || !domain::breaker_scope(run->failure->code);
    if (counts) starts_.push_back(event.time);
    check_waits(event);
  }

  /// A text's own conditions: its dependencies are completed, it is not held by its author.
  void check_waits(const store::StoredEvent& event) {
    const auto* run = run_of(story_, *event.run);
    const auto* spec = run ? spec_of(story_, run->id.vtid, run->spec_version) : nullptr;
    if (!spec) {
      found(event, "a run was allocated for a spec that is not stored");
      return;
    }
    const bool by_person = retried_[spec->vtid] > registered_[spec->vtid];
    const auto reading = domain_reading(*spec);
    if (reading.directive == domain::SpecDirective::hold && !by_person) {
      found(event, "a run was allocated for a text that its author holds");
    }
    const auto* newer = spec_of(story_, spec->vtid, spec->version + 1);
    if (newer && newer->locked_at <= event.time) return;  // the task waits for the newer text's ids
    for (const auto on : reading.dependencies) {
      if (!completed_.contains(on)) {
        found(event, fmt::format("a run was allocated before {} was completed", on.to_string()));
      }
    }
  }

  domain::ParsedSpec domain_reading(const domain::SpecVersion& spec) {
    auto& known = readings_[{spec.vtid, spec.version}];
    if (!known) known = spec::parse_spec(spec.text, {.file = spec.provenance.path}).spec;
    return *known;
  }

  const Story& story_;
  Findings& out_;
  std::optional<domain::Control> execution_;
  std::set<RunId> running_;
  std::vector<Instant> starts_;
  std::set<Vtid> completed_;
  std::map<Vtid, store::Sequence> retried_;
  std::map<Vtid, store::Sequence> registered_;
  std::map<std::pair<Vtid, int>, std::optional<domain::ParsedSpec>> readings_;
};

// -- Deliveries and effects.

void check_deliveries(const Story& story, Findings& out) {
  if (!story.delivered) return;
  std::map<std::string, int> times;
  std::set<RunId> unknown;  // cancelled by who could not read the branch, and said so
  for (const auto& event : story.events) {
    if (state_in(event) == RunState::cancelled && data_of(event).contains("delivery")) unknown.insert(*event.run);
  }
  for (const auto& commit : *story.delivered) {
    ++times[commit.commit];
    const bool known = std::any_of(story.runs.begin(), story.runs.end(), [&](const auto& run) {
      return run.deliverable && run.deliverable->new_commit == commit.commit &&
             run.id.vtid.to_string() == commit.vtid && run.spec_digest.to_string() == commit.spec_digest &&
             (run.state == RunState::completed || run.state == RunState::delivering ||
              unknown.contains(run.id));
    });
    if (!known) {
      out.push_back(fmt::format("{} was delivered by {}, which no completed run speaks of", commit.vtid,
                                commit.commit.substr(0, 8)));
    }
  }
  for (const auto& run : story.runs) {
    if (run.state != RunState::completed || !run.deliverable) continue;
    const int found = times[run.deliverable->new_commit];
    if (found != 1) {
      out.push_back(fmt::format("run {} is completed and its commit is on the branch {} times",
                                run.id.to_string(), found));
    }
  }
}

void check_effects(const Story& story, Findings& out) {
  std::set<std::string> keys;
  for (const auto& row : story.pending) {
    const auto& effect = row.effect;
    if (!keys.insert(effect.key).second) out.push_back("two effects are called " + effect.key);
    if (effect.kind != domain::EffectKind::push) continue;
    const auto* run = effect.run ? run_of(story, *effect.run) : nullptr;
    if (!run || run->state != RunState::delivering) {
      out.push_back(fmt::format("effect {} is pending and its run does not deliver", effect.key));
    }
  }
}

/// Is there a way along open dependencies from this task to one that somebody else must move?
bool waits_for_somebody(const Story& story, Vtid vtid, std::set<Vtid>& seen) {
  if (!seen.insert(vtid).second) return false;
  const auto it = story.dependencies.find(vtid);
  if (it == story.dependencies.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(), [&](Vtid on) {
    const auto* task = task_of(story, on);
    if (!task || task->status == TaskStatus::completed) return false;
    if (task->blocked != BlockReason::dependency_pending) return true;
    return waits_for_somebody(story, on, seen);
  });
}

}  // namespace

std::vector<std::string> check(const Story& story) {
  Findings out;
  for (const auto& damage : story.damages) {
    out.push_back(fmt::format("audit: {}: {}", damage.where, damage.what));
  }
  check_run_states(story, out);
  check_runs(story, out);
  check_sign_offs(story, out);
  check_leases(story, out);
  check_reports(story, out);
  check_specs(story, out);
  check_tasks(story, out);
  Replay(story, out).run();
  check_deliveries(story, out);
  check_effects(story, out);
  return out;
}

std::vector<std::string> check_settled(const Story& story) {
  Findings out;
  for (const auto& run : story.runs) {
    if (domain::is_terminal(run.state)) continue;
    out.push_back(fmt::format("run {} is still {}", run.id.to_string(), name_of(run.state)));
  }
  for (const auto& effect : story.pending) {
    out.push_back(fmt::format("effect {} is still pending: {}", effect.effect.key, effect.last_error));
  }
  for (const auto& task : story.tasks) {
    const bool over = domain::is_terminal(task.status) || task.status == TaskStatus::draft;
    const bool author = task.blocked == BlockReason::spec_held;
    std::set<Vtid> seen;
    const bool another =
        (task.blocked == BlockReason::dependency_pending ||
         task.blocked == BlockReason::dependency_failed) &&
        waits_for_somebody(story, task.vtid, seen);
    if (over || author || another) continue;
    out.push_back(fmt::format("{} is stuck: {} {}, next: {} '{}'", task.vtid.to_string(),
                              name_of(task.status), task.blocked ? name_of(*task.blocked) : "",
                              name_of(task.next.kind), task.next.what));
  }
  return out;
}

Result<Story> read_story(store::Store& store) {
  Story story;
  auto read = store.read([&](store::Reader& reader) -> Result<void> {
    story.events = reader.events({.limit = 1'000'000});
    story.tasks = reader.tasks({.limit = 1000});
    for (const auto& task : story.tasks) {
      for (auto& run : reader.runs(task.vtid)) story.runs.push_back(std::move(run));
      for (const auto& version : reader.spec_versions(task.vtid)) {
        if (auto spec = reader.spec(task.vtid, version.version)) story.specs.push_back(std::move(*spec));
      }
      story.dependencies[task.vtid] = reader.dependencies(task.vtid);
    }
    story.pending = reader.pending_effects(1000);
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  auto damages = store.audit(std::nullopt);
  if (!damages) return failure(std::move(damages.error()));
  story.damages = std::move(*damages);
  return story;
}

}  // namespace vitana::testing
