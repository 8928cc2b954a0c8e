// A unit's reads and writes of single rows.
#include "store/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "store/birth.h"
#include "store/queries.h"
#include "store/transaction.h"

namespace vitana::store {
namespace {

/// Tokens of one epoch: those of a store restored from a backup begin above all that were given out
/// before it.
constexpr std::int64_t fences_per_epoch = 1'000'000;

bool same(const PendingEvent& pending, const domain::Event& event, std::string_view mark) {
  return pending.event.type == event.type && pending.event.vtid == event.vtid &&
         pending.event.run == event.run && event.data.find(mark) != std::string::npos;
}

/// The store's data of an event and the unit's; without the latter where both are too much.
std::string both(const std::string& of_store, const std::string& of_unit) {
  auto data = merged(of_store, of_unit);
  return data.size() > event_data_max ? of_store : data;
}

}  // namespace

Ledger::Ledger(Transaction& transaction, Instant now)
    : transaction_(transaction), now_(now), writes_(std::make_unique<Writes>()) {}

Ledger::~Ledger() = default;

// Tasks and runs.

std::optional<domain::Task> Ledger::task(Vtid vtid) { return transaction_.find<TaskMap>(vtid); }

std::optional<domain::Run> Ledger::run(const RunId& id) {
  const auto& row = transaction_.find<RunMap>(id);
  return row ? std::optional(row->run) : std::nullopt;
}

domain::Subject Ledger::subject(Vtid vtid) {
  auto found = task(vtid);
  CHECK(found);
  domain::Subject subject{std::move(*found), std::nullopt};
  if (subject.task.attempt > 0) subject.run = run({vtid, subject.task.attempt});
  return subject;
}

void Ledger::put(const domain::Task& task) {
  const auto& before = transaction_.find<TaskMap>(task.vtid);
  if (before == task) return;
  if (!before) {
    note_vtid(task.vtid);
    record(birth::task(task), "");
  }
  transaction_.table<TaskMap>().put(task);
}

void Ledger::put(const domain::Run& run) {
  const auto& owner = transaction_.find<TaskMap>(run.id.vtid);
  const int priority = owner ? owner->priority : domain::Task{.vtid = run.id.vtid}.priority;
  const auto& before = transaction_.find<RunMap>(run.id);
  if (before && before->run == run && before->priority == priority) return;
  transaction_.table<RunMap>().put({run, priority});
}

void Ledger::put(const domain::Decision& decision) {
  put(decision.task);
  if (decision.run) put(*decision.run);
  for (const auto& event : decision.events) append(event);
  for (const auto& effect : decision.effects) put(effect);
  for (const auto& settled : decision.settled) settle(settled.key, settled.outcome);
}

// Ids.

std::int64_t Ledger::next_id(const std::string& counter) {
  const auto& row = transaction_.find<CounterMap>(counter);
  const std::int64_t next = (row ? row->value : 0) + 1;
  transaction_.table<CounterMap>().put({counter, next});
  return next;
}

std::uint32_t Ledger::vtid_counter() {
  const auto& row = transaction_.find<CounterMap>("vtid");
  const std::int64_t value = row ? row->value : 0;
  if (value < 0 || value > Vtid::number_max) damaged("counters.value", std::to_string(value));
  return static_cast<std::uint32_t>(value);
}

Vtid Ledger::allocate_vtid() {
  const auto last = vtid_counter();
  if (last == Vtid::number_max) {
    throw sql::Fault({FailureCode::STORE_FAILED, "every VTID number is given out"});
  }
  const Vtid fresh(last + 1);
  note_vtid(fresh);
  return fresh;
}

void Ledger::note_vtid(Vtid vtid) {
  if (vtid.number() <= vtid_counter()) return;
  transaction_.table<CounterMap>().put({"vtid", vtid.number()});
}

void Ledger::note(const GivenIds& given) {
  for (const auto& [name, value] : given.counters) {
    const auto& row = transaction_.find<CounterMap>(name);
    if (!row || row->value < value) transaction_.table<CounterMap>().put({name, value});
  }
  transaction_.flush<TaskMap>();
  for (const auto& [vtid, attempt] : given.attempts) {
    note_vtid(vtid);
    const auto known = queries::number(transaction_.connection(),
                                       "SELECT COALESCE(MAX(attempt), 0) FROM vtid_ledger WHERE vtid = $1",
                                       {vtid.to_string()});
    if (attempt <= std::max<std::int64_t>(known, attempts_given(vtid))) continue;
    transaction_.table<CounterMap>().put({attempts_counter(vtid), attempt});
  }
}

int Ledger::attempts_given(Vtid vtid) {
  if (transaction_.epoch() == 1) return 0;  // never restored: there was none before this one
  const auto& row = transaction_.find<CounterMap>(attempts_counter(vtid));
  return row ? int_of(row->value) : 0;
}

void Ledger::begin_epoch(std::int64_t above) {
  const auto minute = std::chrono::duration_cast<std::chrono::minutes>(now_.time_since_epoch()).count();
  transaction_.begin_epoch(std::max<std::int64_t>({transaction_.epoch() + 1, above + 1, minute}));
}

domain::Fence Ledger::next_fence(const domain::Run& run) {
  return std::max<domain::Fence>(run.fence, (transaction_.epoch() - 1) * fences_per_epoch) + 1;
}

// Specs.

std::optional<domain::SpecVersion> Ledger::spec(Vtid vtid, int version) {
  return transaction_.find<SpecMap>({vtid, version});
}

void Ledger::add(const domain::SpecVersion& spec) {
  record(birth::spec(spec), spec.digest.to_string());
  transaction_.table<SpecMap>().put(spec);
}

void Ledger::put(const CandidateRow& candidate) {
  transaction_.table<CandidateMap>().put(candidate);
}

void Ledger::remove_candidate(Vtid vtid, const std::string& origin) {
  transaction_.table<CandidateMap>().remove({vtid, origin});
}

void Ledger::approve_spec(Vtid vtid, int version, const Digest& digest, const std::string& actor) {
  const ApprovalRow row{vtid, version, digest, actor, now_};
  record(birth::approval(row), digest.to_string());
  transaction_.table<ApprovalMap>().put(row);
}

// Outbox.

void Ledger::put(const domain::Effect& effect) {
  if (transaction_.find<EffectMap>(effect.key)) return;
  EffectRow row{.id = next_id("effect"), .effect = effect, .state = "pending"};
  row.due = effect.due;
  transaction_.table<EffectMap>().put(std::move(row));
}

Sequence Ledger::head() const { return transaction_.head(); }

std::optional<EffectRow> Ledger::effect(const std::string& key) { return transaction_.find<EffectMap>(key); }

void Ledger::keep_nothing() { writes_->rehearsal = true; }

void Ledger::settle(const std::string& key, domain::EffectOutcome outcome) {
  auto row = transaction_.find<EffectMap>(key);
  if (!row || row->state != "pending") return;
  row->state = domain::name_of(outcome);
  transaction_.table<EffectMap>().put(std::move(*row));
}

// Repositories.

std::optional<RepoRow> Ledger::repo(const std::string& name) {
  return transaction_.find<RepoMap>(name);
}
void Ledger::put(const RepoRow& repo) { transaction_.table<RepoMap>().put(repo); }

std::optional<RepoFileRow> Ledger::repo_file(const std::string& repo, const std::string& path) {
  return transaction_.find<RepoFileMap>({repo, path});
}
void Ledger::put(const RepoFileRow& file) { transaction_.table<RepoFileMap>().put(file); }
void Ledger::remove_repo_file(const std::string& repo, const std::string& path) {
  transaction_.table<RepoFileMap>().remove({repo, path});
}

std::optional<Vtid> Ledger::local_id(const std::string& repo, const std::string& path) {
  const auto& row = transaction_.find<LocalIdMap>({repo, path});
  return row ? std::optional(row->vtid) : std::nullopt;
}
void Ledger::put(const LocalIdRow& id) { transaction_.table<LocalIdMap>().put(id); }
void Ledger::remove_local_id(const std::string& repo, const std::string& path) {
  transaction_.table<LocalIdMap>().remove({repo, path});
}

void Ledger::put(const DeliveryRow& delivery) {
  const auto known = this->delivery(delivery.repo, delivery.vtid, delivery.digest);
  if (known && (*known == delivery || (delivery.beside && !known->beside))) return;
  // The one that was made in this unit has its event already.
  const bool settled = std::any_of(writes_->events.begin(), writes_->events.end(), [&](const PendingEvent& pending) {
    return pending.event.type == domain::EventType::delivery_settled && pending.event.vtid == delivery.vtid &&
           member(pending.event.data, "commit") == delivery.commit;
  });
  if (!settled) record(birth::delivery(delivery), delivery.commit);
  transaction_.table<DeliveryMap>().put(delivery);
}
std::optional<DeliveryRow> Ledger::delivery(const std::string& repo, Vtid vtid,
                                            const std::string& digest) {
  return transaction_.find<DeliveryMap>({repo, vtid, digest});
}

void Ledger::put(const GreenBaseRow& green) { transaction_.table<GreenBaseMap>().put(green); }

// Switches.

std::optional<domain::Control> Ledger::control(const std::string& key) {
  const auto& row = transaction_.find<ControlMap>(key);
  return row ? std::optional(row->control) : std::nullopt;
}

void Ledger::put(const ControlRow& control) {
  record(birth::control(control), fmt::format("\"{}\"", control.key));
  transaction_.table<ControlMap>().put(control);
}

std::optional<BreakerRow> Ledger::breaker(const std::string& key) {
  return transaction_.find<BreakerMap>(key);
}
void Ledger::put(const BreakerRow& breaker) { transaction_.table<BreakerMap>().put(breaker); }

// Access.

std::optional<TokenRow> Ledger::token(const std::string& id) { return transaction_.find<TokenMap>(id); }
void Ledger::put(const TokenRow& token, const std::string& actor) {
  record(birth::token(token, actor), fmt::format("\"{}\"", token.id));
  transaction_.table<TokenMap>().put(token);
}

// Requests and webhooks.

std::optional<RequestRow> Ledger::request(const std::string& caller, const std::string& key) {
  return transaction_.find<RequestMap>({caller, key});
}
void Ledger::put(const RequestRow& request) { transaction_.table<RequestMap>().put(request); }
void Ledger::forget(const RequestRow& request) {
  transaction_.table<RequestMap>().remove({request.caller, request.key});
}
std::optional<WebhookRow> Ledger::webhook(const std::string& repo, const std::string& delivery) {
  return transaction_.find<WebhookMap>({repo, delivery});
}
void Ledger::put(const WebhookRow& delivery) { transaction_.table<WebhookMap>().put(delivery); }
void Ledger::forget(const WebhookRow& delivery) {
  transaction_.table<WebhookMap>().remove({delivery.repo, delivery.delivery});
}
std::optional<WebhookCursorRow> Ledger::webhook_cursor(const std::string& name) {
  return transaction_.find<WebhookCursorMap>(name);
}
void Ledger::put(const WebhookCursorRow& cursor) { transaction_.table<WebhookCursorMap>().put(cursor); }
void Ledger::forget(const WebhookCursorRow& cursor) { transaction_.table<WebhookCursorMap>().remove(cursor.name); }

// Workers.

std::optional<WorkerRow> Ledger::worker(const std::string& id) { return transaction_.find<WorkerMap>(id); }
void Ledger::put(const WorkerRow& worker) { transaction_.table<WorkerMap>().put(worker); }
void Ledger::remove_worker(const std::string& id) { transaction_.table<WorkerMap>().remove(id); }

// Drafts and intakes.

void Ledger::put(const DraftRow& draft) { transaction_.table<DraftMap>().put(draft); }
std::optional<IntakeRow> Ledger::intake(std::int64_t id) {
  return transaction_.find<IntakeMap>(id);
}
void Ledger::put(const IntakeRow& intake) { transaction_.table<IntakeMap>().put(intake); }

// The log.

void Ledger::append(domain::Event event) {
  for (auto& pending : writes_->events) {
    if (!pending.by_store || !same(pending, event, pending.mark)) continue;
    pending.event.data = both(pending.event.data, event.data);
    pending.event.actor = std::move(event.actor);
    pending.by_store = false;
    return;
  }
  writes_->events.push_back({std::move(event)});
}

void Ledger::record(domain::Event event, const std::string& mark) {
  for (auto& pending : writes_->events) {
    if (pending.by_store || !pending.mark.empty()) continue;
    if (!same({event}, pending.event, mark)) continue;
    pending.event.data = both(event.data, pending.event.data);
    pending.mark = mark;
    return;
  }
  writes_->events.push_back({std::move(event), true, mark});
}

void Ledger::add(const RunId& run, int round, const domain::Evidence& evidence) {
  auto known = writes_->ordinals.find(run);
  if (known == writes_->ordinals.end()) {
    transaction_.flush<EvidenceMap>();
    const auto newest = queries::number(
        transaction_.connection(),
        "SELECT COALESCE(MAX(ordinal), 0) FROM evidence WHERE vtid = $1 AND attempt = $2",
        {run.vtid.to_string(), run.attempt});
    known = writes_->ordinals.emplace(run, int_of(newest)).first;
  }
  const StoredEvidence row{++known->second, {run, round, evidence}};
  record(birth::evidence(row), fmt::format("\"{}\"", evidence.criterion));
  transaction_.table<EvidenceMap>().put(row);
}

void Ledger::refuse(const std::string& key, domain::Event event) {
  writes_->refusals.emplace_back(key, std::move(event));
}

bool Ledger::refused_before(const std::string& key) {
  return transaction_.find<RefusalMap>(key).has_value();
}

void Ledger::remember_config(const Digest& digest, const std::string& text) {
  if (config_text(digest)) return;
  transaction_.table<ConfigMap>().put({digest.to_string(), text});
}

std::optional<std::string> Ledger::config_text(const Digest& digest) {
  const auto& row = transaction_.find<ConfigMap>(digest.to_string());
  return row ? std::optional(row->text) : std::nullopt;
}

}  // namespace vitana::store
