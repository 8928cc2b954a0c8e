#include "domain/transition.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "domain/mover.h"

namespace vitana::domain {
namespace {

bool touches_run(CommandKind kind) {
  return std::any_of(run_moves().begin(), run_moves().end(),
                     [&](const RunMove& move) { return move.command == kind; });
}

bool starts_from(CommandKind kind, TaskStatus from) {
  return std::any_of(task_moves().begin(), task_moves().end(), [&](const TaskMove& move) {
    return move.command == kind && move.from == from;
  });
}

bool starts_from(CommandKind kind, std::optional<RunState> from) {
  return std::any_of(run_moves().begin(), run_moves().end(), [&](const RunMove& move) {
    return move.command == kind && move.from == from;
  });
}

bool legal(CommandKind kind, TaskStatus from, TaskStatus to) {
  return std::find(task_moves().begin(), task_moves().end(), TaskMove{kind, from, to}) !=
         task_moves().end();
}

bool legal(CommandKind kind, std::optional<RunState> from, RunState to) {
  return std::find(run_moves().begin(), run_moves().end(), RunMove{kind, from, to}) !=
         run_moves().end();
}

std::optional<RunState> live_state(const Subject& subject) {
  if (!subject.run || is_terminal(subject.run->state)) return std::nullopt;
  return subject.run->state;
}

tl::unexpected<Error> refused(const Subject& subject, CommandKind kind) {
  std::string state(name_of(subject.task.status));
  if (const auto run = live_state(subject)) state += fmt::format(", run {}", name_of(*run));
  return failure(Error{FailureCode::STATE_REFUSED,
                       fmt::format("{} is {}: {} is not possible now",
                                   subject.task.vtid.to_string(), state, name_of(kind))}
                     .with("command", std::string(name_of(kind)))
                     .with("state", state));
}

/// Is this a command of a worker that holds a step? A claim only asks for one.
bool needs_lease(const Command& command) {
  return std::visit(
      [](const auto& c) {
        using Given = std::decay_t<decltype(c)>;
        return requires { c.fence; } && !std::is_same_v<Given, Claim>;
      },
      command);
}

/// Does the table let this command start from here, and is the worker's token the run's?
Result<void> admissible(const Subject& subject, const Command& command) {
  const CommandKind kind = kind_of(command);
  const auto run = live_state(subject);
  const Fence fence = fence_of(command);
  if (needs_lease(command)) {
    const bool current = run && subject.run->lease && subject.run->lease->fence == fence;
    if (!current) {
      return failure(Error{FailureCode::LEASE_STALE,
                           fmt::format("{} came under token {}, which holds nothing any more",
                                       name_of(kind), fence)}
                         .with("fence", std::to_string(fence)));
    }
  }
  if (!starts_from(kind, subject.task.status)) return refused(subject, kind);
  const bool of_the_task =
      kind == CommandKind::cancel || kind == CommandKind::deadline_passed ||
      kind == CommandKind::allocate;
  if (touches_run(kind)) {
    if (run || !of_the_task) {
      if (!starts_from(kind, run)) return refused(subject, kind);
    }
  }
  return {};
}

}  // namespace

Result<Decision> Mover::apply(const Command& command) {
  const Subject before{out_.task, out_.run};
  auto done = std::visit([this](const auto& c) { return on(c); }, command);
  if (!done) return failure(std::move(done.error()));

  const CommandKind kind = kind_of(command);
  CHECK(legal(kind, before.task.status, out_.task.status));
  CHECK((out_.task.status == TaskStatus::blocked) == out_.task.blocked.has_value());
  CHECK(is_terminal(out_.task.status) == (out_.task.next.kind == NextKind::none));
  if (out_.run && out_.run != before.run) {
    CHECK(!before.run || out_.run->id != before.run->id || !is_terminal(before.run->state));
    const bool fresh = !before.run || before.run->id != out_.run->id;
    CHECK(legal(kind, fresh ? std::nullopt : std::optional(before.run->state), out_.run->state));
    ++out_.run->revision;
  }
  if (out_.task != before.task || out_.run != before.run) {
    out_.task.updated_at = now_;
    ++out_.task.revision;
  }
  return std::move(out_);
}

Result<Decision> transition(const Subject& subject, const Command& command,
                            const std::string& actor, Instant now, const Policy& policy,
                            Roll roll) {
  if (auto ok = admissible(subject, command); !ok) return failure(std::move(ok.error()));
  return Mover(subject, actor, now, policy, roll).apply(command);
}

Json failure_json(const Failure& failure) {
  Json json{{"code", name_of(failure.code)},
            {"class", name_of(failure_info(failure.code).cls)},
            {"message", failure.message},
            {"retryable", failure_info(failure.code).retryable},
            {"from_state", failure.from_state}};
  if (!failure.causes.empty()) json["causes"] = failure.causes;
  if (!failure.context.empty()) json["context"] = failure.context;
  return json;
}

void Mover::event(EventType type, Json data) {
  out_.events.push_back({type, task().vtid, std::nullopt, actor_, data.dump()});
}

void Mover::run_event(EventType type, Json data) {
  out_.events.push_back({type, task().vtid, run().id, actor_, data.dump()});
}

void Mover::effect(EffectKind kind, std::string key, Json payload, Instant due) {
  std::optional<RunId> id;
  if (out_.run) id = out_.run->id;
  if (kind == EffectKind::notify) {
    payload["vtid"] = task().vtid.to_string();
    payload["title"] = task().title;
    payload["repo"] = task().repo;
  }
  out_.effects.push_back({kind, std::move(key), task().vtid, id, payload.dump(), due});
}

void Mover::enter(RunState state, Json data) {
  static constexpr std::pair<RunState, EventType> events[] = {
      {RunState::allocated, EventType::run_allocated},
      {RunState::dispatching, EventType::run_dispatching},
      {RunState::pending_pickup, EventType::run_pending_pickup},
      {RunState::executing, EventType::run_executing},
      {RunState::verifying, EventType::run_verifying},
      {RunState::delivering, EventType::run_delivering},
      {RunState::completed, EventType::run_completed},
      {RunState::failed, EventType::run_failed},
      {RunState::cancelled, EventType::run_cancelled}};
  data["from_state"] = name_of(run().state);
  run().state = state;
  if (is_terminal(state)) {
    run().lease.reset();
    run().parked = false;
    run().ended_at = now_;
  }
  for (const auto& [of, type] : events) {
    if (of == state) run_event(type, std::move(data));
  }
}

void Mover::wait_for(NextKind kind, std::string what, std::optional<Instant> due) {
  task().next = {kind, std::move(what), due};
}

}  // namespace vitana::domain
