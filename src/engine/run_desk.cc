#include "engine/run_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "engine/breaker.h"
#include "engine/conduct.h"
#include "spec/parse.h"

namespace vitana::engine {

using domain::Step;
using port::Directive;

namespace {

constexpr std::string_view local_prefix = "local:";

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

/// Whether what executing the run left is in the mirrors of another home than the worker's.
bool is_elsewhere(const domain::Run& run, Step step, const std::string& worker) {
  return step != Step::execute && is_local_worker(worker) && is_local_worker(run.worker) &&
         home_of(run.worker) != home_of(worker);
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

constexpr int late_page = 100;  ///< leases that are ended in one round
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

}  // namespace

std::string local_worker(const std::string& incarnation, const std::string& name) {
  return fmt::format("{}{}/{}", local_prefix, incarnation, name);
}

bool is_local_worker(const std::string& worker) { return worker.starts_with(local_prefix); }

std::string_view home_of(std::string_view worker) {
  if (!worker.starts_with(local_prefix)) return {};
  worker.remove_prefix(local_prefix.size());
  const auto incarnation = worker.substr(0, worker.find('/'));
  const auto dot = incarnation.find('.');
  return dot == std::string_view::npos ? std::string_view() : incarnation.substr(0, dot);
}

std::string target_ref(const RepoSetup& repo) { return "refs/heads/" + repo.branch_name(); }

RunDesk::RunDesk(store::Store& store, port::Clock& clock, port::Entropy& entropy,
                 const Setup& setup)
    : store_(store), clock_(clock), entropy_(entropy), setup_(setup) {}

Result<Passed> RunDesk::grant(store::Ledger& ledger, const RunId& id,
                              const port::ClaimRequest& request, Step step,
                              std::vector<port::Assignment>& granted) {
  const auto subject = ledger.subject(id.vtid);
  if (!subject.run || subject.run->id != id || subject.run->wants() != step) {
    return Passed{Passed::Kind::refused};
  }
  if (is_elsewhere(*subject.run, step, request.worker)) return Passed{Passed::Kind::refused};
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
  port::Assignment assignment{.run = *decision->run, .step = step, .title = decision->task.title};
  assignment.spec_text = spec->text;
  assignment.spec = reading.spec;
  assignment.answer = decision->task.answer;
  assignment.previous = decision->task.failure;
  for (const auto& row : ledger.evidence(id)) {
    if (domain::is_judgement(row.evidence)) assignment.signed_off.push_back(row.evidence);
  }
  if (const auto* repo = setup_.repo(subject.run->repo)) {
    assignment.target_ref = target_ref(*repo);
  }
  const bool replaces = step == Step::verify && subject.run->delivery == domain::DeliveryMode::branch;
  if (replaces) assignment.delivered = delivered_by_runs(ledger, id);
  granted.push_back(std::move(assignment));
  return Passed{};
}

Result<std::vector<port::Assignment>> RunDesk::claim(const port::ClaimRequest& request) {
  std::vector<port::Assignment> granted;
  {
    const std::lock_guard lock(mutex_);
    if (draining_) return granted;
  }
  bool any = false;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    any = reader.claimable(request.steps);
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  if (!any) return granted;

  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    granted.clear();
    for (const auto step : request.steps) {
      const auto list = [&](int limit, int skip, const store::WorkFilter& filter) {
        return ledger.claimable(step, limit, skip, filter);
      };
      auto worked = work_through(request.max + claim_page, setup_.work(), list, [&](const RunId& id) -> Result<Passed> {
        if (granted.size() >= static_cast<std::size_t>(request.max)) return Passed{Passed::Kind::end};
        return grant(ledger, id, request, step, granted);
      });
      if (!worked) return worked;
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  const std::lock_guard lock(mutex_);
  for (const auto& assignment : granted) {
    const auto& lease = assignment.lease();
    held_[assignment.run.id] = Held{lease.fence, lease.until, lease.until};
  }
  return granted;
}

bool RunDesk::take_up(const RunId& id, domain::Fence fence) {
  std::optional<Instant> until;
  const auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    const auto run = reader.run(id);
    if (run && run->lease && run->lease->fence == fence) until = run->lease->until;
    return {};
  });
  if (!read || !until) return false;
  const std::lock_guard lock(mutex_);
  held_[id] = Held{fence, *until, *until};
  return true;
}

Directive RunDesk::renew(const RunId& run, domain::Fence fence) {
  const auto known = [&] {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(run);
    return it != held_.end() && it->second.fence == fence;
  };
  if (!known() && !(store_.shared_by_hosts() && take_up(run, fence))) return Directive::lost;
  const std::lock_guard lock(mutex_);
  const auto it = held_.find(run);
  if (it == held_.end() || it->second.fence != fence) return Directive::lost;
  it->second.until = clock_.now() + domain::lease_time;
  return draining_ ? Directive::drain : Directive::go_on;
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

Result<void> RunDesk::end_dead_incarnations(const std::string& incarnation) {
  std::map<RunId, Held> others;
  const bool shared = store_.shared_by_hosts();
  const auto own = local_worker(incarnation, "");
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    others.clear();
    for (const auto& id : ledger.leased(10'000)) {
      const auto run = ledger.run(id);
      const auto& lease = *run->lease;
      if (!is_local_worker(lease.worker) || home_of(lease.worker) != home_of(own)) {
        // Its worker may be alive: it has the whole lease time again to say so.
        if (!shared) others[id] = {lease.fence, ledger.now() + domain::lease_time, lease.until};
        continue;
      }
      if (lease.worker.starts_with(own)) continue;
      auto ended = conduct(ledger, setup_, entropy_, id.vtid,
                           domain::LeaseLost{lease.fence, true}, "engine");
      if (!ended) return failure(std::move(ended.error()));
    }
    return {};
  });
  if (!done) return done;
  const std::lock_guard lock(mutex_);
  held_.merge(others);
  return {};
}

Result<void> RunDesk::write_renewals() {
  std::map<RunId, Held> renewed;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, held] : held_) {
      if (held.until - held.written >= domain::lease_renew) renewed[id] = held;
    }
  }
  if (renewed.empty()) return {};
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    for (const auto& [id, held] : renewed) {
      auto run = ledger.run(id);
      // Another engine may have heard of it since.
      if (!run || !run->lease || run->lease->fence != held.fence || run->lease->until >= held.until) continue;
      run->lease->until = held.until;
      ledger.put(*run);
    }
    return {};
  });
  if (!done) return done;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, held] : renewed) {
    const auto it = held_.find(id);
    if (it != held_.end() && it->second.fence == held.fence) it->second.written = held.until;
  }
  return {};
}

Result<std::vector<std::pair<RunId, domain::Fence>>> RunDesk::late(Instant now) {
  std::vector<std::pair<RunId, domain::Fence>> late;
  if (!store_.shared_by_hosts()) {
    const std::lock_guard lock(mutex_);
    for (const auto& [run, held] : held_) {
      if (held.until <= now) late.emplace_back(run, held.fence);
    }
    return late;
  }
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    for (const auto& id : reader.run_out(now - domain::lease_time, late_page)) {
      const auto run = reader.run(id);
      if (run && run->lease) late.emplace_back(id, run->lease->fence);
    }
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  const std::lock_guard lock(mutex_);
  std::erase_if(late, [&](const auto& one) {
    const auto it = held_.find(one.first);
    return it != held_.end() && it->second.fence == one.second && it->second.until > now;
  });
  return late;
}

Result<void> RunDesk::reap() {
  const bool shared = store_.shared_by_hosts();
  if (shared) {
    if (auto written = write_renewals(); !written) return written;
  }
  const Instant now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    const bool gap = !last_reap_ || now < *last_reap_ || now - *last_reap_ > domain::lease_renew;
    if (gap) reaping_since_ = now;
    last_reap_ = now;
    if (now - *reaping_since_ < domain::lease_time) return {};
  }
  auto late = this->late(now);
  if (!late) return failure(std::move(late.error()));
  for (const auto& [run, fence] : *late) {
    auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      const auto stored = ledger.run(run);
      const bool local = stored && stored->lease && is_local_worker(stored->lease->worker);
      if (shared && stored && stored->lease && stored->lease->until + domain::lease_time > ledger.now()) return {};
      // A local worker of another home goes with its engine.
      auto decision = conduct(ledger, setup_, entropy_, run.vtid, domain::LeaseLost{fence, shared && local}, "engine");
      if (!decision && decision.error().code != FailureCode::LEASE_STALE) {
        return failure(std::move(decision.error()));
      }
      return {};
    });
    if (!done) return done;
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(run);
    if (it != held_.end() && it->second.fence == fence) held_.erase(it);
  }
  return {};
}

Result<void> RunDesk::refresh() {
  std::map<RunId, Held> held;
  {
    const std::lock_guard lock(mutex_);
    held = held_;
  }
  if (held.empty()) return {};
  bool lost = false;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    for (const auto& [id, mine] : held) {
      const auto run = reader.run(id);
      const bool holds = run && run->lease && run->lease->fence == mine.fence;
      if (holds) continue;
      const std::lock_guard lock(mutex_);
      const auto it = held_.find(id);
      if (it == held_.end() || it->second.fence != mine.fence) continue;
      held_.erase(it);
      lost = true;
    }
    return {};
  });
  if (lost && told_) told_();
  return read;
}

void RunDesk::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

}  // namespace vitana::engine
