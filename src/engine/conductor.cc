#include "engine/conductor.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "domain/retry.h"
#include "engine/breaker.h"
#include "engine/conduct.h"
#include "engine/labels.h"
#include "engine/work_list.h"

namespace vitana::engine {

using domain::EffectKind;
using domain::EffectOutcome;
using Json = nlohmann::ordered_json;

namespace {

Json verdicts_json(const domain::GateAnswer& answer) {
  Json list = Json::array();
  for (const auto& v : answer.verdicts) {
    Json one{{"gate", v.gate}, {"pass", v.pass}};
    if (v.code) one["code"] = name_of(*v.code);
    if (!v.pass) one["detail"] = v.detail;
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

Conductor::Conductor(store::Store& store, port::Entropy& entropy, const Setup& setup,
                     Registry& registry, Notifier notifier)
    : store_(store), entropy_(entropy), setup_(setup), registry_(registry),
      notifier_(std::move(notifier)) {}

Result<int> Conductor::allocate() {
  bool any = false;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    any = reader.eligible();
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  if (!any) return 0;

  int allocated = 0;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    allocated = 0;
    std::optional<Callers> callers;
    const auto list = [&](int limit, int skip, const store::WorkFilter& filter) {
      return ledger.eligible(limit, skip, filter);
    };
    auto work = setup_.work();
    {
      const std::lock_guard lock(looks_mutex_);
      work.without_repos.insert(awaited_.begin(), awaited_.end());
    }
    return work_through(allocate_max, std::move(work), list, [&](Vtid vtid) -> Result<Passed> {
      if (allocated == allocate_max) return Passed{Passed::Kind::end};  // the next round goes on
      auto passed = allocate_one(ledger, vtid, callers);
      allocated += passed && passed->kind == Passed::Kind::taken ? 1 : 0;
      return passed;
    });
  });
  if (!done) return failure(std::move(done.error()));
  return allocated;
}

Result<Passed> Conductor::allocate_one(store::Ledger& ledger, Vtid vtid, std::optional<Callers>& callers) {
  const auto subject = ledger.subject(vtid);
  const auto input = gate_input(ledger, setup_, subject.task, subject.run);
  const auto answer = setup_.rules.gate(domain::GatePoint::dispatch, input, setup_.policy, ledger.now());
  if (const auto* verdict = answer.blocking()) {
    if (verdict->code == FailureCode::CHECKSUM_MISMATCH) {
      ledger.append({domain::EventType::spec_damaged, vtid, std::nullopt, "engine",
                     Json{{"detail", verdict->detail}}.dump()});
      const domain::RefuseSpec damaged{{FailureCode::CHECKSUM_MISMATCH, verdict->detail}};
      auto ended = conduct(ledger, setup_, entropy_, vtid, damaged, "engine");
      if (!ended) return failure(std::move(ended.error()));
      return Passed{};  // it has left the list
    }
    const auto passed =
        passed_over(*verdict, setup_.agent_of(subject.task), subject.task.repo);
    const bool news = passed.kind != Passed::Kind::end && verdict->code != FailureCode::SLOTS_BUSY;
    if (!news) return passed;
    // Once for each reason: a round that only refuses what it refused before writes nothing.
    const auto key = fmt::format("gate:{}:{}:{}", vtid.to_string(), name_of(*verdict->code),
                                 subject.task.attempt);
    if (!ledger.refused_before(key)) {
      ledger.refuse(key, {domain::EventType::gate_refused, vtid, std::nullopt, "engine",
                          Json{{"point", name_of(domain::GatePoint::dispatch)},
                               {"verdicts", verdicts_json(answer)}}
                              .dump()});
    }
    return passed;
  }
  const auto repo = ledger.repo(subject.task.repo);
  if (!repo || repo->synced_commit.empty()) {  // the next sync wakes us
    return Passed{Passed::Kind::refused, {}, subject.task.repo};
  }
  ledger.remember_config(setup_.config_digest, setup_.config_text);
  const domain::Allocate allocate{
      repo->synced_commit, setup_.config_digest,
      setup_.agent_of(subject.task), setup_.delivery_of(subject.task),
      ledger.attempts_given(vtid)};
  auto made = conduct(ledger, setup_, entropy_, vtid, allocate, "engine");
  if (!made) return failure(std::move(made.error()));
  note_granted(ledger, *made->run);
  std::optional<port::CallbackWorker> worker;
  if (setup_.dispatcher) {
    if (!callers) callers.emplace(ledger, tellings_.open(ledger));
    worker = setup_.dispatcher->choose(made->run->id, callers->fit(setup_, *made->run), 0);
  }
  auto offered = conduct(ledger, setup_, entropy_, vtid, domain::Offer{worker ? worker->url : ""}, "engine");
  if (!offered) return failure(std::move(offered.error()));
  if (worker) {
    callers->take(worker->id);
    tellings_.begin(made->run->id, worker->id, ledger.now());
  }
  return Passed{};
}

Result<int> Conductor::reconcile() {
  std::vector<Vtid> late;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    for (const auto vtid : reader.overdue(reconcile_max)) {
      const auto task = reader.task(vtid);
      if (task && !is_left_to_others({*task, reader.run({vtid, task->attempt})}, reader.now())) late.push_back(vtid);
    }
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  if (late.empty()) return 0;

  int acted = 0;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    acted = 0;
    const bool paused = !domain::is_on(ledger.control(execution_control), ledger.now());
    for (const auto vtid : ledger.overdue(reconcile_max)) {
      const auto subject = ledger.subject(vtid);
      if (is_left_to_others(subject, ledger.now())) continue;
      if ((paused || is_queued(subject)) && put_off(ledger, subject)) continue;
      // One that is refused is in the log, and stops nobody else.
      acted += conduct(ledger, setup_, entropy_, vtid, domain::DeadlinePassed{}, "engine") ? 1 : 0;
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return acted;
}

/// Waits for a slot of this engine: that is no fault of anybody.
bool Conductor::is_queued(const domain::Subject& subject) const {
  const auto& run = subject.run;
  return setup_.own_workers && run && run->state == domain::RunState::pending_pickup &&
         fits(setup_, setup_.labels, run->agent, run->repo);
}

/// Another engine of the store may have a slot that it waits for, and puts it off.
bool Conductor::is_left_to_others(const domain::Subject& subject, Instant now) const {
  const auto& run = subject.run;
  const bool waits = run && run->state == domain::RunState::pending_pickup;
  return store_.shared_by_hosts() && waits && !is_queued(subject) && now - *subject.task.next.due < domain::lease_time;
}

Result<void> Conductor::renew_waiting() {
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    for (const auto vtid : ledger.overdue(renew_max)) put_off(ledger, ledger.subject(vtid));
    // Who starts the engine may have mended what was paused or in the way.
    try_at_once(ledger);
    for (const auto vtid : ledger.dirty_targets(renew_max)) {
      auto task = *ledger.task(vtid);
      task.next.due = ledger.now();
      ++task.revision;
      ledger.put(task);
    }
    return {};
  });
}

bool Conductor::put_off(store::Ledger& ledger, const domain::Subject& subject) {
  const bool waits_for_worker = subject.run && !domain::is_terminal(subject.run->state) &&
                                !subject.run->lease && !subject.run->parked;
  if (!waits_for_worker) return false;
  auto held = subject.task;
  held.next.due = ledger.now() + setup_.policy.dispatch.pickup_deadline;
  ++held.revision;
  ledger.put(held);
  return true;
}

Result<int> Conductor::work_off_effects() {
  std::vector<store::EffectRow> due;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    due = reader.due_effects(EffectKind::resolve_dependents, effects_max);
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  for (const auto& effect : due) {
    if (auto tried = try_effect(effect); !tried) return failure(std::move(tried.error()));
  }
  return static_cast<int>(due.size());
}

Result<int> Conductor::tell() {
  std::optional<store::EffectRow> notice;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    notice = reader.due_notice();
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  if (!notice) return 0;
  if (auto tried = try_effect(*notice); !tried) return failure(std::move(tried.error()));
  return 1;
}

void Conductor::await_look(const std::string& repo) {
  const std::lock_guard lock(looks_mutex_);
  awaited_.insert(repo);
}

void Conductor::look_over(const std::string& repo) {
  const std::lock_guard lock(looks_mutex_);
  awaited_.erase(repo);
}

bool Conductor::awaits_looks() const {
  const std::lock_guard lock(looks_mutex_);
  return !awaited_.empty();
}

Result<void> Conductor::try_effect(const store::EffectRow& effect) {
  const auto done = do_effect(effect);
  // One that was cut by a stop is no try.
  if (done || done.error().code == FailureCode::CANCELLED) return {};
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    const auto wait = domain::backoff(setup_.policy.retry.delay, setup_.policy.retry.delay_max,
                                      effect.attempts + 1, entropy_.roll());
    ledger.postpone(effect.id, ledger.now() + wait, to_string(done.error()));
    return {};
  });
}

Result<void> Conductor::do_effect(const store::EffectRow& effect) {
  switch (effect.effect.kind) {
    case EffectKind::dispatch: return dispatch(effect);
    case EffectKind::resolve_dependents: return resolve_dependents(effect);
    case EffectKind::notify: {
      if (notifier_) {
        if (auto told = notifier_(effect.effect.payload); !told) return told;
      }
      return settle(effect, EffectOutcome::done);
    }
    case EffectKind::push: return {};  // settled by the deliver step's transition
    case EffectKind::check_branch:     // each has a thread of its own
    case EffectKind::commit_status: return {};
  }
  return {};
}

Result<void> Conductor::settle(const store::EffectRow& effect, EffectOutcome outcome) {
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.settle(effect.effect.key, outcome);
    return {};
  });
}

port::RunOffer Conductor::offer_of(std::string key, const domain::Run& run) const {
  return {std::move(key), run.id, run.agent, run.repo, needed_labels(setup_, run.agent, run.repo)};
}

Result<void> Conductor::dispatch(const store::EffectRow& effect) {
  const RunId run = *effect.effect.run;
  bool due = false, wanted = false;
  std::optional<port::CallbackWorker> worker;
  port::RunOffer offer;
  Instant now{};
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    now = reader.now();
    // What this was found with may be of before another thread was at it.
    const auto pending = reader.effect(effect.effect.key);
    due = pending && pending->state == "pending" && pending->due <= now;
    const auto current = reader.run(run);
    wanted = due && current && current->state == domain::RunState::dispatching;
    if (!wanted || !setup_.dispatcher) return {};
    offer = offer_of(effect.effect.key, *current);
    const Callers callers(reader, tellings_.open(reader, run));
    worker = setup_.dispatcher->choose(run, callers.fit(setup_, *current), current->route_failures);
    return {};
  });
  if (!look || !due) return look;
  if (!wanted) return settle(effect, EffectOutcome::void_);
  // Who could be told as the run was offered may be gone by now, and this engine may know nobody.
  Result<void> sent = failure(FailureCode::ROUTE_FAILED, "no worker with an address could take the run now");
  if (worker) {
    tellings_.begin(run, worker->id, now);
    sent = setup_.dispatcher->route(offer, *worker);
    if (!sent) sent.error() = std::move(sent.error()).with("worker", worker->id);
  }
  // One that was cut by a stop is no try.
  const bool cut = !sent && sent.error().code == FailureCode::CANCELLED;
  if (!worker || cut) tellings_.cut(run);
  if (cut) return sent;
  if (worker && sent) tellings_.accept(run, worker->id);
  if (worker && !sent) {
    if (auto noted = note_refusal(run, worker->id); !noted) return noted;
  }
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    // Where hosts share the store, another engine may have told a worker, too: what came first counts.
    const auto pending = ledger.effect(effect.effect.key);
    if (!pending || pending->state != "pending") return {};
    ledger.settle(effect.effect.key, EffectOutcome::done);
    const auto current = ledger.subject(run.vtid).run;
    if (!current || current->id != run || current->state != domain::RunState::dispatching) return {};
    const domain::Command command = sent ? domain::Command(domain::RouteAccepted{})
                                         : domain::Command(domain::RouteFailed{sent.error()});
    auto decision = conduct(ledger, setup_, entropy_, run.vtid, command, "engine");
    if (!decision) return failure(std::move(decision.error()));
    return {};
  });
}

Result<int> Conductor::route() {
  // Another engine may know how.
  if (!setup_.dispatcher && store_.shared_by_hosts()) return 0;
  auto mine = take_dispatch();
  if (!mine) return failure(std::move(mine.error()));
  if (!*mine) return tell_waiting();
  auto tried = try_effect(**mine);
  const std::lock_guard lock(dispatching_mutex_);
  dispatching_.erase((*mine)->effect.key);
  if (!tried) return failure(std::move(tried.error()));
  return 1;
}

Result<std::optional<store::EffectRow>> Conductor::take_dispatch() {
  std::optional<store::EffectRow> mine;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    const auto due = reader.due_effects(EffectKind::dispatch, dispatches_max);
    const std::lock_guard lock(dispatching_mutex_);
    for (const auto& effect : due) {
      if (!dispatching_.insert(effect.effect.key).second) continue;
      mine = effect;
      return {};
    }
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  return mine;
}

Result<int> Conductor::tell_waiting() {
  if (!setup_.dispatcher) return 0;
  auto mine = take_waiting();
  if (!mine) return failure(std::move(mine.error()));
  if (!*mine) return 0;
  const auto& [offer, worker] = **mine;
  const auto sent = setup_.dispatcher->route(offer, worker);
  if (sent) {
    tellings_.accept(offer.run, worker.id);
    return 1;
  }
  if (sent.error().code == FailureCode::CANCELLED) {
    tellings_.cut(offer.run);
    return 1;
  }
  if (auto noted = note_refusal(offer.run, worker.id); !noted) return failure(std::move(noted.error()));
  return 1;
}

Result<void> Conductor::note_refusal(const RunId& run, const std::string& worker) {
  return store_.read([&](store::Reader& reader) -> Result<void> {
    tellings_.refuse(run, worker, reader.now(), setup_.policy.retry, entropy_.roll());
    return {};
  });
}

Result<std::optional<Conductor::Waiting>> Conductor::take_waiting() {
  std::optional<Waiting> mine;
  const std::unique_lock turn(waiting_mutex_, std::try_to_lock);
  if (!turn) return mine;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    const auto now = reader.now();
    if (reader.callback_workers(now - callback_silence_max, 1).empty()) return {};
    tellings_.note_leases(leases_by_worker(reader));
    Callers callers(reader, tellings_.open(reader));
    callers.leave_out_resting(tellings_, now);
    if (callers.none()) return {};
    auto work = setup_.work();
    callers.leave_out_unfit(setup_, work);
    const auto list = [&](int limit, int skip, const store::WorkFilter& filter) {
      return reader.claimable(domain::Step::execute, limit, skip, filter);
    };
    return work_through(waiting_page, std::move(work), list, [&](const RunId& id) -> Result<Passed> {
      const auto task = reader.task(id.vtid);
      const auto run = reader.run(id);
      if (!task || !run || tellings_.holds(id, now)) return Passed{Passed::Kind::refused};
      const auto fit = callers.fit(setup_, *run);
      if (fit.empty()) return Passed{Passed::Kind::refused};
      const auto input = gate_input(reader, setup_, *task, run);
      const auto answer = setup_.rules.gate(domain::GatePoint::claim, input, setup_.policy, now);
      if (!answer.allowed()) return passed_over(*answer.blocking(), run->agent, run->repo);
      const auto worker = setup_.dispatcher->choose(id, fit, tellings_.times(id));
      if (!worker) return Passed{Passed::Kind::refused};
      tellings_.begin(id, worker->id, now);
      // New with each telling: what was told before may have been taken for done with.
      auto key = fmt::format("waiting:{}:{}", id.to_string(), to_us(now));
      mine = Waiting{offer_of(std::move(key), *run), *worker};
      return Passed{Passed::Kind::end};
    });
  });
  if (!look) return failure(std::move(look.error()));
  return mine;
}

Result<void> Conductor::resolve_dependents(const store::EffectRow& effect) {
  constexpr int page = 200;
  std::optional<Vtid> after;
  for (;;) {
    std::vector<Vtid> waiting;
    auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      waiting = ledger.dependents(*effect.effect.vtid, page, after);
      for (const auto vtid : waiting) {
        auto fresh = registry_.refresh_dependencies(ledger, vtid);
        // One that refuses is in the log, and keeps nobody else waiting.
        if (!fresh && fresh.error().code != FailureCode::STATE_REFUSED) return fresh;
      }
      if (waiting.size() < page) ledger.settle(effect.effect.key, EffectOutcome::done);
      return {};
    });
    if (!done) return done;
    if (waiting.size() < page) return {};
    after = waiting.back();
  }
}

}  // namespace vitana::engine
