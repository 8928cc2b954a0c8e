#include "cli/run_command.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/event_line.h"
#include "cli/follow.h"
#include "cli/run_registration.h"
#include "cli/waiting.h"
#include "view/json.h"

namespace vitana::cli {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr Duration look_every = 100ms;
constexpr Duration idle_every = 1s;
constexpr Duration grace = 10s;
constexpr Duration dirty_limit = domain::dirty_recheck + Duration(15s);

/// Nobody but a person moves it on. A dirty target is looked at again by the engine: it counts
/// only once this command has seen it refused.
bool is_settled(const domain::Task& task, bool dirty_seen) {
  using domain::BlockReason;
  if (domain::is_terminal(task.status) || task.status == domain::TaskStatus::draft) return true;
  if (!task.blocked || *task.blocked == BlockReason::dependency_pending) return false;
  return dirty_seen || *task.blocked != BlockReason::delivery_target_dirty;
}

/// One line for each state; on a terminal the present one lives, with its time.
class Progress {
 public:
  explicit Progress(Console& console) : console_(console) {}

  void event(const store::StoredEvent& event) {
    if (!is_meaningful(event)) return;
    console_.say(event_line(event, false));
  }

  void tick(const TaskView& view) {
    std::string state = headline_state(view);
    if (state != state_) {
      state_ = std::move(state);
      since_ = Steady::now();
    }
    const auto elapsed = std::chrono::duration_cast<Duration>(Steady::now() - since_);
    console_.live(fmt::format("{} {} {}", spinner_frame(elapsed, console_.terminal()), state_,
                              to_words(elapsed)));
  }

 private:
  static std::string headline_state(const TaskView& view) {
    if (!view.runs.empty() && !domain::is_terminal(view.runs.back().run.state)) {
      const auto& run = view.runs.back().run;
      return fmt::format("{} {}", run.id.to_string(), name_of(run.state));
    }
    return fmt::format("{} {}, {}", view.task.vtid.to_string(), name_of(view.task.status),
                       next_words(view));
  }

  Console& console_;
  std::string state_;
  Steady::time_point since_ = Steady::now();
};

struct Watch {
  Session& session;
  Vtid vtid;
  bool own_engine;
  HookQueue& queue;
  Signals& signals;
};

/// Until the task is settled, nothing more will happen, or a signal comes.
Result<TaskView> wait_for_end(Call& call, const Watch& watch, store::Sequence from) {
  EventTail tail(watch.session, {.after = from, .vtid = watch.vtid});
  Progress progress(call.console);
  auto idle_at = Steady::now() + idle_every;
  const auto dirty_at = Steady::now() + dirty_limit;
  bool dirty_seen = false;
  for (;;) {
    auto events = tail.next(look_every);
    if (!events) return failure(std::move(events.error()));
    for (const auto& event : *events) {
      progress.event(event);
      dirty_seen |= event.type == domain::event_info(domain::EventType::delivery_blocked).name;
    }
    dirty_seen |= Steady::now() >= dirty_at;
    for (const auto& fault : watch.queue.take_faults()) call.console.say(fault, Ink::red);
    (void)watch.queue.take_synced();
    auto view = view::load_task(watch.session.engine(), watch.vtid);
    if (!view || is_settled(view->task, dirty_seen) || watch.signals.asked()) {
      call.console.end_live();
      return view;
    }
    progress.tick(*view);
    if (!watch.own_engine) {
      if (!watch.session.engine_pid()) {
        return failure(Error{FailureCode::INTERRUPTED, "the engine that did the work has ended"});
      }
      continue;
    }
    if (Steady::now() < idle_at) continue;
    idle_at = Steady::now() + idle_every;
    auto& autopilot = watch.session.engine().autopilot;
    if (!autopilot.scanned()) continue;
    auto idle = autopilot.idle();
    if (!idle) return failure(std::move(idle.error()));
    if (*idle) {
      call.console.end_live();
      return view;
    }
  }
}

Result<Error> why_it_stands(Session& session, const TaskView& view, const HintWords& words) {
  const auto& task = view.task;
  if (task.failure && task.status != domain::TaskStatus::scheduled) {
    return Error{task.failure->code, task.failure->message, task.failure->causes, {}};
  }
  auto why = session.engine().desk.why(task.vtid);
  if (!why) return failure(std::move(why.error()));
  for (const auto& verdict : why->verdicts) {
    if (verdict.pass || !verdict.code) continue;
    Error error{*verdict.code, verdict.gate + ": " + verdict.detail};
    if (verdict.gate == "dependencies") error.message += ": " + open_dependencies(view);
    error.context["hint"] = hint_for(view, error, words);
    return error;
  }
  return Error{FailureCode::STATE_REFUSED, fmt::format("{}; {}", headline(view), next_words(view))};
}

std::string delivered_text(const TaskView& view, const Terminal& terminal) {
  const auto& task = view.task;
  if (view.runs.empty()) return fmt::format("{}  completed without a run\n", task.vtid.to_string());
  const auto& last = view.runs.back();
  std::string text =
      fmt::format("{}  completed in {}: ", task.vtid.to_string(),
                  to_words(last.run.ended_at.value_or(view.now) - last.run.created_at));
  text += last.run.deliverable
              ? fmt::format("{} on {}", last.run.deliverable->new_commit.substr(0, 12),
                            last.run.deliverable->ref)
              : "nothing to deliver";
  text += fmt::format(", {}\n", tally_text(view::tally(last.evidence)));
  text += evidence_text(last.evidence, terminal, false);
  return text;
}

std::string next_after(const TaskView& view) {
  if (view.runs.empty() || !view.runs.back().run.deliverable)
    return "vitana task show " + view.task.vtid.to_string();
  const auto& run = view.runs.back().run;
  constexpr std::string_view heads = "refs/heads/";
  std::string ref = run.deliverable->ref;
  if (ref.starts_with(heads)) ref.erase(0, heads.size());
  return run.delivery == domain::DeliveryMode::merge
             ? "git show " + run.deliverable->new_commit.substr(0, 12)
             : "git show " + ref + ", then: git merge " + ref;
}

/// Tells how it ended, as text or as the object of `task show`; the exit code.
Answer tell_end(Call& call, Session& session, const TaskView& view) {
  if (call.json) call.print_json(view::task_json(view));
  if (!view.runs.empty()) {
    const auto vacuous = vacuous_text(view.runs.back().evidence);
    if (!vacuous.empty()) call.console.say(vacuous, Ink::yellow);
  }
  if (view.task.status == domain::TaskStatus::completed) {
    if (!call.json) call.console.print(delivered_text(view, call.console.terminal()));
    call.console.say("next: " + next_after(view), Ink::dim);
    return exit_yes;
  }
  if (const auto wait = waiting(view)) {
    if (!call.json) call.console.print(task_text(view, call.console.terminal()));
    call.console.say(fmt::format("{}\nnext: {}", wait->what, wait->next), Ink::yellow);
    return exit_no;
  }
  auto why = why_it_stands(session, view, call.words);
  if (!why) return failure(std::move(why.error()));
  if (!call.json) call.console.print(task_text(view, call.console.terminal()));
  call.console.say(error_text(*why, call.words), Ink::red);
  const int code = exit_code(why->code);
  return code == exit_yes ? exit_no : code;
}

Answer interrupted(Call& call, const RunOptions& options, bool own_engine) {
  return failure(Error{FailureCode::INTERRUPTED, own_engine
                                                     ? "stopped; a step that had not ended begins anew"
                                                     : "the engine goes on without this command"}
                     .with("hint", own_engine ? "vitana run " + options.spec
                                              : "vitana task watch " + call.words.vtid));
}

}  // namespace

Answer run_task(Call& call, const RunOptions& options) {
  auto target = find_run_target(call, options);
  if (!target) return failure(std::move(target.error()));
  call.open.create = true;
  auto opened = call.session();
  if (!opened) return failure(std::move(opened.error()));
  Session& session = **opened;
  say_cautions(call);
  auto from = log_end(session);
  if (!from) return failure(std::move(from.error()));
  auto vtid = register_for_run(call, session, options, *target);
  if (!vtid) return failure(std::move(vtid.error()));
  auto first = view::load_task(session.engine(), *vtid);
  if (!first) return failure(std::move(first.error()));
  if (first->task.status == domain::TaskStatus::completed) {
    call.console.say(fmt::format("{} was completed before; to run it again: vitana task retry {}",
                                 vtid->to_string(), vtid->to_string()));
    return tell_end(call, session, *first);
  }

  session.engine().work_only_on(*vtid);
  HookQueue queue;
  Signals signals;
  bool own_engine = true;
  if (auto started = session.start({.hooks = queue.hooks()}); !started) {
    if (started.error().code != FailureCode::DATA_DIR_IN_USE)
      return failure(std::move(started.error()));
    own_engine = false;
    call.console.say("an engine runs on this data directory; it does the work");
  }
  auto end = wait_for_end(call, {session, *vtid, own_engine, queue, signals}, *from);
  const bool asked = signals.asked();
  if (own_engine) {
    if (asked) call.console.say("stopping; once more to end it at once");
    stop_session(session, signals, asked ? grace : Duration::zero());
  }
  if (!end) return failure(std::move(end.error()));
  // What happened between the signal and the end counts.
  end = view::load_task(session.engine(), *vtid);
  if (!end) return failure(std::move(end.error()));
  if (asked && !is_settled(end->task, true)) return interrupted(call, options, own_engine);
  return tell_end(call, session, *end);
}

}  // namespace vitana::cli
