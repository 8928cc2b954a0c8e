#include "engine/run_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "engine/breaker.h"
#include "engine/conduct.h"
#include "engine/labels.h"
#include "engine/worker_desk.h"
#include "spec/parse.h"

namespace vitana::engine {

using domain::Step;
using port::Directive;

namespace {

/// How long a step may take in all; the engine's own deadline stands behind the worker's, which bounds
/// each part of the step. A criterion's check runs on the base and on the result.
Duration limit_of(Step step, const domain::Policy& policy, const domain::ParsedSpec& spec) {
  if (step == Step::deliver) return deliver_limit;
  Duration limit = domain::checks_limit;
  if (step == Step::execute) {  // [caps] wall is the agent's
    return policy.caps.wall == Duration{0} ? Duration{0} : policy.caps.wall + limit;
  }
  for (const auto& criterion : spec.criteria) {
    for (const auto& check : criterion.checks) limit += 2 * check.timeout;
  }
  return limit;
}

/// Whether what executing the run left is in the mirrors of another home than the worker's. A store that no other
/// host shares has one home, whatever it was called before.
bool is_elsewhere(const store::Store& store, const domain::Run& run, Step step, const std::string& worker) {
  return store.shared_by_hosts() && step != Step::execute && home_of(run.worker) != home_of(worker);
}

/// Would a worker elsewhere judge what it made itself, or another one of the same token's name? The engine's own judge
/// what its own agents made: the sandbox stands between them.
bool judges_itself(store::Ledger& ledger, const domain::Run& run, Step step, const std::string& worker) {
  if (step != Step::verify || is_local_worker(worker)) return false;
  const auto by = worker_id_of(run.worker);
  const auto asking = worker_id_of(worker);
  const auto maker = ledger.worker(by);
  const auto judge = ledger.worker(asking);
  const bool forgotten = !maker && !is_local_worker(run.worker);  // then nobody knows who it was
  return by == asking || !judge || forgotten || (maker && maker->actor == judge->actor);
}

/// The criteria of a run that persons found to be met, whatever its verifier knew of them.
int signed_off(store::Ledger& ledger, const RunId& run) {
  std::set<std::string> met;
  for (const auto& row : ledger.evidence(run)) {
    const auto& one = row.evidence;
    if (domain::is_judgement(one) && one.verdict == domain::EvidenceVerdict::passed) {
      met.insert(one.criterion);
    }
  }
  return static_cast<int>(met.size());
}

/// What runs before this one put on the task's branch, or sent without an answer.
std::vector<std::string> delivered_by_runs(store::Ledger& ledger, const RunId& id) {
  std::vector<std::string> commits;
  for (int attempt = 1; attempt < id.attempt; ++attempt) {
    const auto run = ledger.run({id.vtid, attempt});
    if (run && run->deliverable) commits.push_back(run->deliverable->new_commit);
  }
  return commits;
}

constexpr std::size_t withdrawn_max = 4'096;
constexpr int claim_page = 16;  ///< looked at beside those that are asked for: the gate may hold some

/// A step that cannot be granted because of the run itself ends the run here; what else holds it
/// comes first, since the end is a grant too.
std::optional<Error> unfit(const domain::GateAnswer& answer) {
  const auto* verdict = answer.blocking();
  if (verdict == nullptr || verdict->code != FailureCode::CHECKSUM_MISMATCH) return std::nullopt;
  const auto held = std::count_if(answer.verdicts.begin(), answer.verdicts.end(),
                                  [](const auto& v) { return !v.pass; });
  if (held > 1) return std::nullopt;
  return Error{FailureCode::CHECKSUM_MISMATCH, verdict->detail};
}

void add_evidence(store::Ledger& ledger, const RunId& run,
                  const std::vector<domain::Evidence>& evidence, const std::string& actor) {
  const int round = ledger.evidence_rounds(run) + 1;
  for (const auto& one : evidence) {
    ledger.add(run, round, one);
    ledger.append({domain::EventType::evidence_recorded, run.vtid, run, actor,
                   nlohmann::ordered_json{{"criterion", one.criterion},
                                          {"class", name_of(one.cls)},
                                          {"verdict", name_of(one.verdict)},
                                          {"tree", one.tree}}
                       .dump()});
  }
}

// The next run should begin on what is there by now, not on what the last scan saw.
bool tells_of_a_new_tip(const port::StepReport& report) {
  const auto* failed = std::get_if<domain::StepFailed>(&report);
  return std::holds_alternative<domain::Delivered>(report) ||
         std::holds_alternative<domain::BaseMoved>(report) ||
         (failed != nullptr && failed->error.code == FailureCode::MERGE_CONFLICT);
}

/// The step that its worker has.
std::optional<Step> leased_step(domain::Run run) {
  run.lease.reset();
  return run.wants();
}

port::Assignment assignment_of(store::Ledger& ledger, const Setup& setup, const domain::Run& run,
                               const domain::Task& task, Step step, const domain::SpecVersion& spec,
                               const domain::ParsedSpec& reading) {
  port::Assignment assignment{.run = run, .step = step, .title = task.title};
  assignment.spec_text = spec.text;
  assignment.spec_path = spec.provenance.path;
  assignment.spec = reading;
  assignment.answer = task.answer;
  assignment.previous = task.failure;
  for (const auto& row : ledger.evidence(run.id)) {
    if (domain::is_judgement(row.evidence)) assignment.signed_off.push_back(row.evidence);
  }
  if (const auto* repo = setup.repo(run.repo)) assignment.target_ref = target_ref(*repo);
  const bool replaces = step == Step::verify && run.delivery == domain::DeliveryMode::branch;
  if (replaces) assignment.delivered = delivered_by_runs(ledger, run.id);
  return assignment;
}

/// What was granted under that token, if it holds still.
std::optional<port::Assignment> leased_assignment(store::Ledger& ledger, const Setup& setup, const RunId& id,
                                                  domain::Fence fence) {
  const auto run = ledger.run(id);
  if (!run || !run->lease || run->lease->fence != fence) return std::nullopt;
  const auto task = ledger.task(id.vtid);
  const auto spec = ledger.spec(id.vtid, run->spec_version);
  const auto step = leased_step(*run);
  if (!task || !spec || !step) return std::nullopt;
  const auto reading = spec::parse_spec(spec->text, {.file = spec->provenance.path});
  return assignment_of(ledger, setup, *run, *task, *step, *spec, reading.spec);
}

}  // namespace

Result<port::Assignment> RunDesk::assignment(const RunId& run, domain::Fence fence) {
  std::optional<port::Assignment> found;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    found = leased_assignment(ledger, setup_, run, fence);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (found) return std::move(*found);
  return failure(FailureCode::LEASE_STALE, fmt::format("run {} is not under token {} any more", run.to_string(), fence));
}

std::string target_ref(const RepoSetup& repo) { return "refs/heads/" + repo.branch_name(); }

RunDesk::RunDesk(store::Store& store, port::Clock& clock, port::Entropy& entropy,
                 const Setup& setup)
    : store_(store), clock_(clock), entropy_(entropy), setup_(setup) {}

Result<Passed> RunDesk::grant(store::Ledger& ledger, const RunId& id,
                              const port::ClaimRequest& request, Step step,
                              std::vector<port::Assignment>& granted, bool& may_be_others) {
  const auto subject = ledger.subject(id.vtid);
  if (!subject.run || subject.run->id != id || subject.run->wants() != step) {
    return Passed{Passed::Kind::refused};
  }
  if (is_elsewhere(store_, *subject.run, step, request.worker)) return Passed{Passed::Kind::refused};
  if (judges_itself(ledger, *subject.run, step, request.worker)) {
    may_be_others = true;
    return Passed{Passed::Kind::refused};
  }
  const auto input = gate_input(ledger, setup_, subject.task, subject.run);
  const auto point = step == Step::deliver ? domain::GatePoint::delivery : domain::GatePoint::claim;
  const auto answer = setup_.rules.gate(point, input, setup_.policy, ledger.now());
  const auto broken = unfit(answer);
  if (!answer.allowed() && !broken) {
    return passed_over(*answer.blocking(), subject.run->agent, subject.run->repo);
  }

  const auto spec = ledger.spec(id.vtid, subject.run->spec_version);
  // One that is gone from the store ends the run below, as one that was changed does.
  const auto reading = spec ? spec::parse_spec(spec->text, {.file = spec->provenance.path}) : domain::SpecReading{};
  const domain::Claim claim{request.worker, ledger.next_fence(*subject.run), ledger.now() + domain::lease_time,
                            limit_of(step, setup_.policy, reading.spec)};
  auto decision = conduct(ledger, setup_, entropy_, id.vtid, claim, request.worker);
  if (!decision) return failure(std::move(decision.error()));
  if (broken) {
    ledger.append({domain::EventType::spec_damaged, id.vtid, id, "engine",
                   nlohmann::json{{"detail", broken->message}}.dump()});
    auto ended = conduct(ledger, setup_, entropy_, id.vtid,
                         domain::StepFailed{claim.fence, *broken}, "engine");
    if (!ended) return failure(std::move(ended.error()));
    return Passed{};
  }

  CHECK(spec);
  if (step == Step::execute) note_granted(ledger, *decision->run);
  granted.push_back(assignment_of(ledger, setup_, *decision->run, decision->task, step, *spec, reading.spec));
  return Passed{};
}

Result<std::vector<port::Assignment>> RunDesk::granted_before(const port::ClaimRequest& request) {
  std::vector<port::Assignment> granted;
  std::vector<std::pair<RunId, domain::Fence>> ids;
  if (request.request_id.empty()) return granted;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, held] : held_) {
      if (held.request == request.request_id && held.worker == request.worker) ids.emplace_back(id, held.fence);
    }
  }
  if (ids.empty()) return granted;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    granted.clear();
    for (const auto& [id, fence] : ids) {
      if (auto one = leased_assignment(ledger, setup_, id, fence)) granted.push_back(std::move(*one));
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return granted;
}

Result<std::vector<port::Assignment>> RunDesk::claim(const port::ClaimRequest& request) {
  auto claimed = try_claim(request);
  if (!claimed) return failure(std::move(claimed.error()));
  return std::move(claimed->assignments);
}

Result<Claimed> RunDesk::try_claim(const port::ClaimRequest& request) {
  const std::pair name(request.worker, request.request_id);
  {
    const std::lock_guard lock(mutex_);
    if (draining_) return Claimed{};
    if (!request.request_id.empty()) {
      if (request.max > 0 && withdrawn_.contains(name)) return Claimed{};
      // The same request on another thread: what that is granted is found when this one is asked anew.
      if (!claiming_.insert(name).second) return Claimed{};
      if (request.max <= 0) withdraw(name);
    }
  }
  auto answer = claim_once(request);
  const std::lock_guard lock(mutex_);
  claiming_.erase(name);
  return answer;
}

void RunDesk::withdraw(const std::pair<std::string, std::string>& name) {
  if (!withdrawn_.insert(name).second) return;
  withdrawn_in_order_.push_back(name);
  if (withdrawn_in_order_.size() <= withdrawn_max) return;
  withdrawn_.erase(withdrawn_in_order_.front());
  withdrawn_in_order_.pop_front();
}

store::WorkFilter RunDesk::wanted(const port::ClaimRequest& request, Step step) const {
  auto filter = setup_.work();
  filter.only_repos.insert(request.repos.begin(), request.repos.end());
  const bool local = is_local_worker(request.worker);
  // Judging and delivering where the engine is needs none.
  if (!local || step == Step::execute) leave_out_unfit(setup_, local ? setup_.labels : request.labels, step, filter);
  return filter;
}

Result<Claimed> RunDesk::claim_once(const port::ClaimRequest& request) {
  auto before = granted_before(request);
  if (!before) return failure(std::move(before.error()));
  if (!before->empty()) return Claimed{std::move(*before)};
  bool any = false;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    any = std::any_of(request.steps.begin(), request.steps.end(),
                      [&](Step step) { return reader.claimable({step}, wanted(request, step)); });
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  // What is not there for one who takes everything is there for nobody: the gate asks for no worker.
  const bool from_all = std::all_of(request.steps.begin(), request.steps.end(),
                                    [&](Step step) { return wanted(request, step) == setup_.work(); });
  if (!any || request.max <= 0) return Claimed{{}, !any && from_all};

  std::vector<port::Assignment> granted;
  bool may_be_others = false;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    granted.clear();
    may_be_others = false;
    for (const auto step : request.steps) {
      const auto list = [&](int limit, int skip, const store::WorkFilter& filter) {
        return ledger.claimable(step, limit, skip, filter);
      };
      const auto one = [&](const RunId& id) -> Result<Passed> {
        if (granted.size() >= static_cast<std::size_t>(request.max)) return Passed{Passed::Kind::end};
        return grant(ledger, id, request, step, granted, may_be_others);
      };
      auto worked = work_through(request.max + claim_page, wanted(request, step), list, one);
      if (!worked) return worked;
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  const std::lock_guard lock(mutex_);
  for (const auto& assignment : granted) {
    const auto& lease = assignment.lease();
    held_[assignment.run.id] = Held{lease.fence, lease.until, lease.until, request.worker, request.request_id};
  }
  const bool nothing = granted.empty() && !may_be_others;
  return Claimed{std::move(granted), nothing && from_all};
}

Result<void> RunDesk::require_lease(const RunId& id, domain::Fence fence) {
  return store_.read([&](store::Reader& reader) -> Result<void> {
    const auto run = reader.run(id);
    if (run && run->lease && run->lease->fence == fence) return {};
    return failure(FailureCode::LEASE_STALE, fmt::format("run {} is not under token {} any more", id.to_string(), fence));
  });
}

Result<void> RunDesk::report(const RunId& run, const port::StepReport& report,
                             std::vector<domain::Evidence> evidence) {
  std::string repo;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    const auto before = ledger.run(run);
    if (!before) return failure(FailureCode::NOT_FOUND, fmt::format("there is no run {}", run.to_string()));
    repo = before->repo;
    auto command = std::visit([](const auto& r) -> domain::Command { return r; }, report);
    if (auto* verified = std::get_if<domain::Verified>(&command)) {
      verified->signed_off = std::max(verified->signed_off, signed_off(ledger, run));
    }
    const std::string actor = before->lease ? before->lease->worker : "worker";
    if (const auto newest = ledger.subject(run.vtid).run; newest && newest->id != run) {
      return failure(FailureCode::LEASE_STALE, fmt::format("run {} has ended", run.to_string()));
    }
    // What was seen comes before what follows from it. A refused report leaves neither.
    if (!evidence.empty()) add_evidence(ledger, run, evidence, actor);
    const auto* failed = std::get_if<domain::StepFailed>(&report);
    if (failed != nullptr && before->state == domain::RunState::verifying && !evidence.empty()) {
      ledger.append({domain::EventType::verification_failed, run.vtid, run, actor,
                     nlohmann::ordered_json{{"code", name_of(failed->error.code)},
                                            {"message", failed->error.message}}
                         .dump()});
    }
    auto decision = conduct(ledger, setup_, entropy_, run.vtid, command, actor);
    if (!decision) return failure(std::move(decision.error()));
    if (failed != nullptr) {
      note_failed(ledger, setup_.policy, *before, failed->error);
    } else if (std::holds_alternative<domain::Executed>(report)) {
      note_executed(ledger, *before);
    } else if (std::holds_alternative<domain::Verified>(report)) {
      note_verified(ledger, *before);
    } else if (std::holds_alternative<domain::Delivered>(report)) {
      note_verified(ledger, *before);
      ledger.put(store::DeliveryRow{before->repo, run.vtid, before->spec_digest.to_string(),
                                    before->deliverable->new_commit,
                                    before->delivery == domain::DeliveryMode::branch});
    }
    return {};
  });
  if (done && moved_ && tells_of_a_new_tip(report)) moved_(repo);
  const auto fence = std::visit([](const auto& r) { return r.fence; }, report);
  const std::lock_guard lock(mutex_);
  const bool stale = !done && done.error().code == FailureCode::LEASE_STALE;
  // A late report says nothing about the worker that holds the run by now.
  const auto it = held_.find(run);
  if ((done || stale) && it != held_.end() && it->second.fence == fence) held_.erase(it);
  return done;
}

std::uint64_t RunDesk::moment() { return store_.commits(); }

void RunDesk::wait(std::uint64_t since, Duration timeout) {
  store_.wait_for_commit(since, timeout);
}

void RunDesk::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

}  // namespace vitana::engine
