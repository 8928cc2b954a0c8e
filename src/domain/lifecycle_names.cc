// The names of states, reasons and modes, as users, the store and the wire write them.
#include <algorithm>

#include "base/enum_names.h"
#include "domain/command.h"
#include "domain/effect.h"
#include "domain/event.h"
#include "domain/gate.h"
#include "domain/policy.h"
#include "domain/run.h"
#include "domain/task.h"

namespace vitana::domain {
namespace {

constexpr auto approval_modes = enum_names<ApprovalMode>({
    {ApprovalMode::automatic, "auto"}, {ApprovalMode::required, "required"}});
constexpr auto spec_profiles = enum_names<SpecProfile>({
    {SpecProfile::standard, "standard"}, {SpecProfile::strict, "strict"}});
constexpr auto delivery_modes = enum_names<DeliveryMode>({
    {DeliveryMode::branch, "branch"}, {DeliveryMode::merge, "merge"},
    {DeliveryMode::pull_request, "pull_request"}});
constexpr auto unverified_modes = enum_names<UnverifiedMode>({
    {UnverifiedMode::attest, "attest"}, {UnverifiedMode::judge, "judge"},
    {UnverifiedMode::human, "human"}});
constexpr auto sandbox_modes = enum_names<SandboxMode>({
    {SandboxMode::require, "require"}, {SandboxMode::prefer, "prefer"},
    {SandboxMode::off, "off"}});
constexpr auto run_state_names = enum_names<RunState>({
    {RunState::allocated, "allocated"}, {RunState::dispatching, "dispatching"},
    {RunState::pending_pickup, "pending_pickup"}, {RunState::executing, "executing"},
    {RunState::verifying, "verifying"}, {RunState::delivering, "delivering"},
    {RunState::completed, "completed"}, {RunState::failed, "failed"},
    {RunState::cancelled, "cancelled"}});
constexpr auto steps = enum_names<Step>({
    {Step::execute, "execute"}, {Step::verify, "verify"}, {Step::deliver, "deliver"}});
constexpr auto task_status_names = enum_names<TaskStatus>({
    {TaskStatus::draft, "draft"}, {TaskStatus::scheduled, "scheduled"},
    {TaskStatus::in_progress, "in_progress"}, {TaskStatus::blocked, "blocked"},
    {TaskStatus::completed, "completed"}, {TaskStatus::failed, "failed"},
    {TaskStatus::cancelled, "cancelled"}});
constexpr auto block_reasons = enum_names<BlockReason>({
    {BlockReason::not_adopted, "not_adopted"}, {BlockReason::spec_conflict, "spec_conflict"},
    {BlockReason::spec_renumbered, "spec_renumbered"}, {BlockReason::spec_held, "spec_held"},
    {BlockReason::spec_approval, "spec_approval"},
    {BlockReason::dependency_unknown, "dependency_unknown"},
    {BlockReason::dependency_failed, "dependency_failed"},
    {BlockReason::dependency_pending, "dependency_pending"},
    {BlockReason::approval_pending, "approval_pending"},
    {BlockReason::quarantined, "quarantined"}, {BlockReason::question, "question"},
    {BlockReason::sign_off, "sign_off"},
    {BlockReason::delivery_target_dirty, "delivery_target_dirty"},
    {BlockReason::evidence_lacking, "evidence_lacking"}});
constexpr auto next_kinds = enum_names<NextKind>({
    {NextKind::none, "none"}, {NextKind::spec, "spec"}, {NextKind::gate, "gate"},
    {NextKind::task, "task"}, {NextKind::timer, "timer"}, {NextKind::worker, "worker"},
    {NextKind::person, "person"}});
constexpr auto event_statuses = enum_names<EventStatus>({
    {EventStatus::info, "info"}, {EventStatus::success, "success"},
    {EventStatus::warning, "warning"}, {EventStatus::error, "error"},
    {EventStatus::pending, "pending"}});
constexpr auto effect_kinds = enum_names<EffectKind>({
    {EffectKind::dispatch, "dispatch"}, {EffectKind::push, "push"},
    {EffectKind::notify, "notify"}, {EffectKind::resolve_dependents, "resolve_dependents"},
    {EffectKind::check_branch, "check_branch"}, {EffectKind::commit_status, "commit_status"}});
constexpr auto effect_outcomes = enum_names<EffectOutcome>({
    {EffectOutcome::done, "done"}, {EffectOutcome::void_, "void"},
    {EffectOutcome::failed, "failed"}});
constexpr auto gate_points = enum_names<GatePoint>({
    {GatePoint::schedule, "schedule"}, {GatePoint::dispatch, "dispatch"},
    {GatePoint::claim, "claim"}, {GatePoint::delivery, "delivery"}});
constexpr auto command_names = enum_names<CommandKind>({
    {CommandKind::register_spec, "register_spec"}, {CommandKind::refuse_spec, "refuse_spec"},
    {CommandKind::change_waits, "change_waits"}, {CommandKind::close, "close"},
    {CommandKind::allocate, "allocate"}, {CommandKind::offer, "offer"},
    {CommandKind::route_accepted, "route_accepted"}, {CommandKind::route_failed, "route_failed"},
    {CommandKind::claim, "claim"}, {CommandKind::executed, "executed"},
    {CommandKind::step_failed, "step_failed"}, {CommandKind::verified, "verified"},
    {CommandKind::sign_off, "sign_off"}, {CommandKind::base_moved, "base_moved"},
    {CommandKind::target_dirty, "target_dirty"}, {CommandKind::delivered, "delivered"},
    {CommandKind::lease_lost, "lease_lost"}, {CommandKind::release, "release"},
    {CommandKind::deadline_passed, "deadline_passed"}, {CommandKind::cancel, "cancel"},
    {CommandKind::retry, "retry"}, {CommandKind::answer, "answer"}});
static_assert(command_names.entries.size() == static_cast<std::size_t>(command_kinds));

constexpr auto catalogue = std::to_array<EventInfo>({
#define X(symbol, type, status, meaning) {EventType::symbol, type, EventStatus::status, meaning},
    VITANA_EVENTS(X)
#undef X
});

}  // namespace

static_assert(ApprovalMode::automatic < ApprovalMode::required && SpecProfile::standard < SpecProfile::strict);

SpecRules stricter(const SpecRules& a, const SpecRules& b) {
  return {std::max(a.approval, b.approval), std::max(a.profile, b.profile)};
}

std::string_view name_of(ApprovalMode mode) { return approval_modes.name(mode); }
std::string_view name_of(DeliveryMode mode) { return delivery_modes.name(mode); }
std::string_view name_of(UnverifiedMode mode) { return unverified_modes.name(mode); }
std::string_view name_of(SandboxMode mode) { return sandbox_modes.name(mode); }
std::string_view name_of(SpecProfile profile) { return spec_profiles.name(profile); }
std::optional<ApprovalMode> approval_mode(std::string_view name) { return approval_modes.value(name); }
std::optional<SpecProfile> spec_profile(std::string_view name) { return spec_profiles.value(name); }
std::optional<DeliveryMode> delivery_mode(std::string_view name) { return delivery_modes.value(name); }
std::optional<SandboxMode> sandbox_mode(std::string_view name) { return sandbox_modes.value(name); }
std::string_view name_of(RunState state) { return run_state_names.name(state); }
std::optional<RunState> run_state(std::string_view name) { return run_state_names.value(name); }
std::string_view name_of(Step step) { return steps.name(step); }
std::optional<Step> step_of(std::string_view name) { return steps.value(name); }
std::string_view name_of(TaskStatus status) { return task_status_names.name(status); }
std::optional<TaskStatus> task_status(std::string_view name) { return task_status_names.value(name); }
std::string_view name_of(BlockReason reason) { return block_reasons.name(reason); }
std::optional<BlockReason> block_reason(std::string_view name) { return block_reasons.value(name); }
std::string_view name_of(NextKind kind) { return next_kinds.name(kind); }
std::optional<NextKind> next_kind(std::string_view name) { return next_kinds.value(name); }
std::string_view name_of(EventStatus status) { return event_statuses.name(status); }
std::string_view name_of(EffectKind kind) { return effect_kinds.name(kind); }
std::optional<EffectKind> effect_kind(std::string_view name) { return effect_kinds.value(name); }
std::string_view name_of(EffectOutcome outcome) { return effect_outcomes.name(outcome); }
std::string_view name_of(GatePoint point) { return gate_points.name(point); }
std::string_view name_of(CommandKind kind) { return command_names.name(kind); }

std::span<const EventInfo> event_catalogue() { return catalogue; }

const EventInfo& event_info(EventType type) {
  const auto index = static_cast<std::size_t>(type);
  CHECK(index < catalogue.size());
  return catalogue[index];
}

}  // namespace vitana::domain
