#include "engine/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/glob.h"
#include "engine/conduct.h"
#include "engine/task_names.h"
#include "spec/parse.h"

namespace vitana::engine {

using domain::TaskStatus;
using Json = nlohmann::ordered_json;

namespace {

constexpr Duration recall_limit = std::chrono::minutes(1);  ///< then the step is granted again
/// Of an event from outside: what the log keeps as it is, with room for what stands around it.
constexpr std::size_t outside_data_max = 15 * 1024;

tl::unexpected<Error> no_task(Vtid vtid) {
  return failure(FailureCode::NOT_FOUND, fmt::format("there is no task {}", vtid.to_string()));
}

}  // namespace

Desk::Desk(store::Store& store, port::Entropy& entropy, const Setup& setup, Registry& registry, port::RunSource& runs)
    : store_(store), entropy_(entropy), setup_(setup), registry_(registry), runs_(runs) {}

/// A task in a unit of work, as the commands given to it there have left it.
struct Desk::Matter {
  Desk& desk;
  store::Ledger& ledger;
  const std::string& actor;
  domain::Task task;
  bool more_follows = false;  ///< in another unit: what was asked is not done yet

  Result<void> give(const domain::Command& command) {
    auto decision = conduct(ledger, desk.setup_, desk.entropy_, task.vtid, command, actor);
    if (!decision) return failure(std::move(decision.error()));
    task = std::move(decision->task);
    return {};
  }

  void note(domain::EventType type, const Json& data) {
    ledger.append({type, task.vtid, std::nullopt, actor, data.dump()});
  }

  void put() {
    ++task.revision;
    ledger.put(task);
  }
};

template <typename Decide>
Result<domain::Task> Desk::handle(Vtid vtid, const Asked& asked, Decide decide) {
  std::optional<domain::Task> left;
  const auto find = [&](store::Ledger& ledger) -> Result<void> {
    left = ledger.task(vtid);
    if (left && asked.reaches(left->repo)) return {};
    return no_task(vtid);
  };
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    if (auto found = find(ledger); !found) return failure(std::move(found.error()));
    Matter matter{*this, ledger, asked.actor(), std::move(*left)};
    if (auto decided = decide(matter); !decided) return failure(std::move(decided.error()));
    left = std::move(matter.task);
    return matter.more_follows ? std::nullopt : std::optional(vtid.to_string());
  };
  auto done = commit_once(store_, asked, work, [&](store::Ledger& ledger, const std::string&) { return find(ledger); });
  if (!done) return failure(std::move(done.error()));
  return std::move(*left);
}

Result<void> Desk::permit(Matter& matter) {
  if (domain::is_terminal(matter.task.status)) {
    return failure(FailureCode::STATE_REFUSED,
                   fmt::format("{} is {}: there is nothing to permit", matter.task.vtid.to_string(),
                               name_of(matter.task.status)));
  }
  auto waits = matter.task.waits;
  if (!std::exchange(waits.approval, false)) return {};  // permitted already
  matter.note(domain::EventType::task_approved, Json::object());
  return matter.give(domain::ChangeWaits{waits, "execution was permitted"});
}

Result<void> Desk::again(Matter& matter, const std::string& reason) {
  // What others have to resolve stays theirs: a retry permits nothing.
  const auto& task = matter.task;
  return matter.give(domain::Retry{reason, registry_.dependency_waits(matter.ledger, task.waits, task.vtid)});
}

Result<domain::Task> Desk::approve(Vtid vtid, const Asked& asked) { return handle(vtid, asked, permit); }

Result<domain::Task> Desk::retry(Vtid vtid, const std::string& reason, const Asked& asked) {
  return handle(vtid, asked, [&](Matter& matter) { return again(matter, reason); });
}

Result<std::optional<domain::Task>> Desk::take_event(const std::string& type, std::optional<Vtid> vtid,
                                                     const std::string& data, const std::string& reason,
                                                     const Asked& asked) {
  if (type == domain::event_info(domain::EventType::task_approved).name) {
    if (!vtid) return failure(FailureCode::NOT_FOUND, "the event names no task");
    auto task = handle(*vtid, asked, [&](Matter& matter) {
      const auto status = matter.task.status;
      const bool ended = status == TaskStatus::failed || status == TaskStatus::cancelled;
      return ended ? again(matter, reason) : permit(matter);
    });
    if (!task) return failure(std::move(task.error()));
    return std::optional(std::move(*task));
  }
  if (!vtid) {
    if (auto all = asked.require_all("an event of no task is for all"); !all) return failure(std::move(all.error()));
  }
  if (data.size() > outside_data_max) {
    return failure(FailureCode::REQUEST_TOO_LARGE, fmt::format("an event carries {} bytes of data at most", outside_data_max));
  }
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    const auto task = vtid ? ledger.task(*vtid) : std::nullopt;
    if (vtid && !(task && asked.reaches(task->repo))) return no_task(*vtid);
    ledger.append({domain::EventType::external_recorded, vtid, std::nullopt, asked.actor(),
                   Json{{"type", type}, {"data", Json::parse(data, nullptr, false)}}.dump()});
    return std::optional(type);
  };
  auto done = commit_once(store_, asked, work, [](store::Ledger&, const std::string&) { return Result<void>{}; });
  if (!done) return failure(std::move(done.error()));
  return std::optional<domain::Task>();
}

/// A delivery that nobody is at: under a token of ours, or, where none may be claimed now, under none.
struct Desk::Recalled {
  domain::Run run;
  std::string title;
  domain::Fence fence = 0;
};

Result<Desk::Recalled> Desk::recall(Matter& matter, domain::Run run) {
  auto& ledger = matter.ledger;
  if (run.lease) {
    if (auto released = matter.give(domain::Release{run.lease->fence}); !released) return failure(released.error());
    run = *ledger.run(run.id);
  }
  Recalled recalled{run, matter.task.title};
  if (!run.wants() || run.not_before > ledger.now()) return recalled;
  const domain::Claim claim{"cancel:" + matter.actor, ledger.next_fence(run), ledger.now() + domain::lease_time,
                            recall_limit};
  if (auto claimed = matter.give(claim); !claimed) return failure(claimed.error());
  recalled.fence = claim.fence;
  return recalled;
}

Result<domain::Task> Desk::cancel_delivery(const Recalled& recalled, const std::string& reason,
                                           const Asked& asked) {
  const auto& run = recalled.run;
  const auto* repo = setup_.repo(run.repo);
  Result<bool> there = failure(FailureCode::REPO_UNKNOWN, run.repo);
  if (repo != nullptr) there = repo->repository->withdraw(*run.deliverable);
  const Error is_there{FailureCode::STATE_REFUSED,
                       fmt::format("its change is delivered already: commit {} is on {}",
                                   run.deliverable->new_commit.substr(0, 12), run.deliverable->ref)};
  if (there && *there) {
    if (recalled.fence != 0) {
      auto settled = runs_.report(run.id, domain::Delivered{recalled.fence}, {});
      if (!settled) return failure(std::move(settled.error()));
    }
    return failure(is_there);
  }
  bool found = false;
  auto task = handle(run.id.vtid, asked, [&](Matter& matter) -> Result<void> {
    found = false;
    const auto now = matter.ledger.run(run.id);
    const bool ours = now && now->state == domain::RunState::delivering &&
                      now->lease.has_value() == (recalled.fence != 0) &&
                      now->fence == std::max(recalled.fence, run.fence);
    if (!ours) return failure(FailureCode::STATE_REFUSED, "its change is being delivered; in a moment that has ended");
    if (there) return matter.give(domain::Cancel{reason, false});
    if (recalled.fence != 0) {
      if (auto released = matter.give(domain::Release{recalled.fence}); !released) return released;
    }
    // A sync may have seen it there.
    const auto known = matter.ledger.delivery(run.repo, run.id.vtid, run.spec_digest.to_string());
    if (known && known->commit == run.deliverable->new_commit && known->counts_for(run.delivery)) {
      found = true;
      matter.more_follows = true;  // it is refused below
      return {};
    }
    return matter.give(domain::Cancel{fmt::format("{} ({})", reason, to_string(there.error()))});
  });
  if (found) return failure(is_there);
  // Where its branch could not take it, it was kept beside.
  if (task && there) {
    const auto branch = domain::delivery_branch(run.id.vtid, recalled.title);
    if (branch != run.deliverable->ref) (void)repo->repository->remove(branch, run.deliverable->new_commit).has_value();
  }
  return task;
}

Result<domain::Task> Desk::cancel(Vtid vtid, const std::string& reason, const Asked& asked) {
  std::optional<Recalled> recalled;
  auto task = handle(vtid, asked, [&](Matter& matter) -> Result<void> {
    recalled.reset();
    auto run = matter.ledger.subject(vtid).run;
    if (!run || run->state != domain::RunState::delivering) return matter.give(domain::Cancel{reason});
    auto taken = recall(matter, std::move(*run));
    if (!taken) return failure(std::move(taken.error()));
    recalled = std::move(*taken);
    matter.more_follows = true;
    return {};
  });
  return task && recalled ? cancel_delivery(*recalled, reason, asked) : std::move(task);
}

Result<domain::Task> Desk::answer(Vtid vtid, const std::string& text, const Asked& asked) {
  return handle(vtid, asked, [&](Matter& matter) { return matter.give(domain::Answer{text}); });
}

std::vector<domain::Criterion> open_sign_offs(const domain::ParsedSpec& spec,
                                              const std::vector<store::EvidenceRow>& evidence) {
  int newest = 0;
  for (const auto& row : evidence) newest = std::max(newest, row.round);
  std::vector<domain::Criterion> open;
  for (const auto& criterion : spec.criteria) {
    bool waits = false;
    bool judged = false;
    for (const auto& row : evidence) {
      if (row.evidence.criterion != criterion.id) continue;
      waits |= row.round == newest && row.evidence.verdict == domain::EvidenceVerdict::skipped;
      judged |= domain::is_judgement(row.evidence);
    }
    if (waits && !judged) open.push_back(criterion);
  }
  return open;
}

Result<domain::Task> Desk::sign_off(Vtid vtid, const std::string& criterion, bool met,
                                    const std::string& reason, const Asked& asked) {
  return handle(vtid, asked, [&](Matter& matter) -> Result<void> {
    auto& ledger = matter.ledger;
    const auto run = ledger.subject(vtid).run;
    if (!run) return failure(FailureCode::STATE_REFUSED, "the task has no run to judge");
    const auto text = ledger.spec(vtid, run->spec_version);
    if (!text) return failure(FailureCode::SPEC_NOT_FOUND, "the run's spec is not stored");
    const auto spec = spec::parse_spec(text->text, {.file = text->provenance.path}).spec;
    std::vector<domain::Criterion> judged;
    for (const auto& candidate : spec.criteria) {
      if (criterion.empty() || candidate.id == criterion) judged.push_back(candidate);
    }
    if (judged.empty()) {
      return failure(FailureCode::NOT_FOUND, fmt::format("the spec has no criterion '{}'", criterion));
    }
    if (criterion.empty() && matter.task.blocked == domain::BlockReason::sign_off) {
      judged = open_sign_offs(spec, ledger.evidence(run->id));
    }
    if (judged.empty()) return failure(FailureCode::STATE_REFUSED, "no criterion of this task waits for a person");
    const int round = std::max(1, ledger.evidence_rounds(run->id));
    for (const auto& one : judged) {
      ledger.add(run->id, round,
                 {one.id, one.text, domain::CriterionClass::human,
                  met ? domain::EvidenceVerdict::passed : domain::EvidenceVerdict::failed,
                  "signed off by " + asked.actor(), std::nullopt, std::nullopt, reason, run->result_tree,
                  ledger.now()});
    }
    const auto open = open_sign_offs(spec, ledger.evidence(run->id));
    return matter.give(domain::SignOff{criterion, met, static_cast<int>(open.size()), reason});
  });
}

Result<domain::Task> Desk::approve_spec(Vtid vtid, const Asked& asked) {
  return handle(vtid, asked, [&](Matter& matter) -> Result<void> {
    const auto newest = matter.ledger.newest_spec(vtid);
    if (!newest) return failure(FailureCode::SPEC_NOT_FOUND, "there is no spec to approve");
    matter.ledger.approve_spec(vtid, newest->version, newest->digest, asked.actor());
    matter.note(domain::EventType::spec_approved,
                {{"version", newest->version}, {"digest", newest->digest.to_string()}});
    auto& task = matter.task;
    if (task.newer && task.newer->spec.version == newest->version) {
      task.newer->needs_approval = false;
      task.newer->waits.renumbered = false;
      matter.put();
    }
    if (domain::is_terminal(task.status) || task.status == TaskStatus::in_progress) return {};
    auto waits = task.waits;
    waits.spec_approval = false;
    waits.renumbered = false;
    return matter.give(domain::ChangeWaits{waits, "the text was approved"});
  });
}

Result<Adopted> Desk::adopt(const std::string& glob, Adoption how, const Asked& asked) {
  std::vector<Vtid> held;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    store::TaskFilter filter{.status = TaskStatus::blocked, .limit = 1000};
    for (;;) {
      const auto page = reader.tasks(filter);
      for (const auto& task : page) {
        if (!task.waits.adoption || !asked.reaches(task.repo)) continue;
        const auto spec = reader.newest_spec(task.vtid);
        bool match = glob_match(glob, task.vtid.to_string()) ||
                     (spec && glob_match(glob, spec->provenance.path));
        if (task.waits.conflict) {
          for (const auto& row : reader.candidates(task.vtid)) {
            match |= glob_match(glob, row.candidate.provenance.path);
          }
        }
        if (match) held.push_back(task.vtid);
      }
      if (page.size() < static_cast<std::size_t>(filter.limit)) return {};
      filter.after = page.back().vtid;
    }
  });
  if (!read) return failure(std::move(read.error()));

  Adopted adopted;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    adopted = {};
    for (const auto vtid : held) {
      const auto task = ledger.task(vtid);
      if (!task || !task->waits.adoption || !asked.reaches(task->repo)) continue;
      if (task->waits.conflict && how == Adoption::run) {
        adopted.in_conflict.push_back(*task);
        continue;
      }
      ledger.append({domain::EventType::spec_adopted, vtid, std::nullopt, asked.actor(),
                     Json{{"as", how == Adoption::run ? "run" : "done"}}.dump()});
      auto waits = task->waits;
      waits.adoption = false;
      const domain::Command command =
          how == Adoption::run ? domain::Command(domain::ChangeWaits{waits, "adopted"})
                               : domain::Command(domain::Close{"closed at adoption"});
      auto decision = conduct(ledger, setup_, entropy_, vtid, command, asked.actor());
      if (!decision) return failure(std::move(decision.error()));
      adopted.tasks.push_back(std::move(decision->task));
    }
    return std::optional(names_of(adopted.tasks) + "|" + names_of(adopted.in_conflict));
  };
  const auto again = [&](store::Ledger& ledger, const std::string& made) -> Result<void> {
    const auto bar = made.find('|');
    adopted = {tasks_named(ledger, made.substr(0, bar)), tasks_named(ledger, made.substr(bar + 1))};
    return {};
  };
  auto done = commit_once(store_, asked, work, again);
  if (!done) return failure(std::move(done.error()));
  return adopted;
}

Result<domain::Task> Desk::prefer(Vtid vtid, const std::optional<std::string>& agent,
                                  std::optional<domain::DeliveryMode> delivery) {
  if (agent && !setup_.has_agent(*agent)) {
    return failure(FailureCode::AGENT_UNKNOWN, fmt::format("no agent is called '{}'", *agent));
  }
  return handle(vtid, "", [&](Matter& matter) -> Result<void> {
    if (agent) matter.task.agent = *agent;
    if (delivery) matter.task.delivery = delivery;
    matter.put();
    return {};
  });
}

Result<Why> Desk::why(Vtid vtid) {
  std::optional<Why> answer;
  auto done = store_.read([&](store::Reader& reader) -> Result<void> {
    auto task = reader.task(vtid);
    if (!task) return failure(FailureCode::NOT_FOUND, fmt::format("there is no task {}", vtid.to_string()));
    auto runs = reader.runs(vtid);
    std::optional<domain::Run> run;
    if (!runs.empty()) run = std::move(runs.back());
    const auto point = point_of(run);
    const auto input = gate_input(reader, setup_, *task, run);
    auto verdicts = setup_.rules.gate(point, input, setup_.policy, reader.now()).verdicts;
    answer = Why{std::move(*task), std::move(run), point, std::move(verdicts)};
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return std::move(*answer);
}

std::optional<domain::GateVerdict> Desk::hold(store::Reader& reader, const domain::Task& task,
                                              const std::optional<domain::Run>& newest) const {
  return hold_of(reader, setup_, task, newest);
}

Result<store::ControlRow> Desk::set_control(const std::string& key, bool on, const std::string& reason,
                                            std::optional<Instant> until, const Asked& asked,
                                            const std::vector<std::string>& seen) {
  if (auto all = asked.require_all("a switch is for all repositories"); !all) return failure(std::move(all.error()));
  store::ControlRow row{key, {}};
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    const auto now = ledger.control(key);
    const store::ControlRow known{key, now.value_or(domain::Control{})};
    auto same = require_seen(seen, revision_of(known, ledger.now()));
    if (!same) return failure(std::move(same.error()));
    row.control = {on, reason, asked.actor(), until, ledger.now()};
    ledger.put(row);
    Json data{{"key", key}, {"on", on}, {"reason", reason}};
    if (until) data["until"] = to_rfc3339(*until);
    ledger.append({domain::EventType::control_updated, std::nullopt, std::nullopt, asked.actor(), data.dump()});
    return std::optional(key);
  };
  const auto again = [&](store::Ledger& ledger, const std::string&) -> Result<void> {
    if (const auto now = ledger.control(key)) row.control = *now;
    return {};
  };
  auto done = commit_once(store_, asked, work, again);
  if (!done) return failure(std::move(done.error()));
  return row;
}

}  // namespace vitana::engine
