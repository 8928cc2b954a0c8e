// vitana task watch, log, diff, evidence: what a run leaves behind, also while it goes on.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "cli/event_line.h"
#include "cli/follow.h"
#include "cli/task_commands.h"
#include "cli/task_text.h"
#include "view/json.h"

namespace vitana::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t log_chunk = std::size_t{64} << 10;
constexpr Duration look_every = 200ms;

struct Opened {
  std::unique_ptr<Session> session;
  TaskView view;
};

Result<Opened> open_task(Call& call, const std::string& text) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto view = view::load_task((*session)->engine(), *vtid);
  if (!view) return failure(std::move(view.error()));
  return Opened{std::move(*session), std::move(*view)};
}

Result<const RunView*> run_of(const TaskView& view, int attempt) {
  for (auto it = view.runs.rbegin(); it != view.runs.rend(); ++it) {
    if (attempt == 0 || it->run.id.attempt == attempt) return &*it;
  }
  return failure(Error{FailureCode::NOT_FOUND,
                       attempt == 0
                           ? fmt::format("{} has no run yet", view.task.vtid.to_string())
                           : fmt::format("{} has no run {}", view.task.vtid.to_string(), attempt)}
                     .with("hint", "vitana task show " + view.task.vtid.to_string()));
}

Result<bool> has_ended(Session& session, const RunId& id) {
  bool ended = true;
  auto done = read(session, [&](store::Reader& reader) -> Result<void> {
    const auto run = reader.run(id);
    ended = !run || run->wants() != domain::Step::execute;
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return ended;
}

/// Without the begin of a character whose end comes with the next bytes.
std::string_view whole_characters(std::string_view bytes) {
  constexpr std::size_t character_max = 4;
  const auto fault = utf8_fault(bytes);
  if (!fault || *fault == 0 || bytes.size() - *fault >= character_max) return bytes;
  return bytes.substr(0, *fault);
}

}  // namespace

Answer task_watch(Call& call, const std::string& text) {
  auto opened = open_task(call, text);
  if (!opened) return failure(std::move(opened.error()));
  auto& session = *opened->session;
  const Vtid vtid = opened->view.task.vtid;
  std::string store_id;
  auto told = read(session, [&](store::Reader& reader) -> Result<void> {
    store_id = reader.store_id();
    return {};
  });
  if (!told) return failure(std::move(told.error()));

  if (const auto missing = engine_missing(session, opened->view.task)) call.console.say(*missing, Ink::dim);
  Signals signals;
  EventTail tail(session, {.vtid = vtid});
  for (;;) {
    // The state is read before the events: none of its events is left out at the end.
    std::optional<domain::Task> task;
    auto done = read(session, [&](store::Reader& reader) -> Result<void> {
      task = reader.task(vtid);
      return {};
    });
    if (!done) return failure(std::move(done.error()));
    const bool settled = !task || domain::is_terminal(task->status) || task->blocked ||
                         task->status == domain::TaskStatus::draft;
    for (;;) {
      auto events = tail.next(settled ? Duration::zero() : look_every);
      if (!events) return failure(std::move(events.error()));
      for (const auto& event : *events) {
        if (call.json)
          call.print_json(view::event_json(event, store_id));
        else if (is_meaningful(event))
          call.console.print(event_line(event, false));
      }
      if (!call.console.still_read() || events->empty() || signals.asked()) break;
    }
    if (signals.asked()) {
      return failure(Error{FailureCode::INTERRUPTED, "stopped watching; the task goes on"}.with(
          "hint", "vitana task watch " + vtid.to_string()));
    }
    if (call.console.lost()) return exit_no;
    if (!settled) continue;
    if (task && !call.json) {
      const TaskView view{std::move(*task), std::nullopt, {}, {}};
      call.console.say(fmt::format("{}  {}", vtid.to_string(), headline(view)));
      return view.task.status == domain::TaskStatus::completed ? exit_yes : exit_no;
    }
    return task && task->status == domain::TaskStatus::completed ? exit_yes : exit_no;
  }
}

Answer task_log(Call& call, const OfRun& of, bool follow) {
  auto opened = open_task(call, of.vtid);
  if (!opened) return failure(std::move(opened.error()));
  auto run = run_of(opened->view, of.attempt);
  if (!run) return failure(std::move(run.error()));
  const RunId id = (*run)->run.id;
  Signals signals;
  std::size_t offset = 0;
  for (;;) {
    auto ended = has_ended(*opened->session, id);
    if (!ended) return failure(std::move(ended.error()));
    auto chunk = opened->session->run_log(id, offset, log_chunk);
    if (!chunk && !(follow && !*ended && chunk.error().code == FailureCode::NOT_FOUND)) {
      return failure(std::move(chunk.error()));
    }
    if (chunk && !chunk->empty()) {
      // As data it is cut between characters, one object a line, so that it can be followed too.
      std::string_view part = *chunk;
      if (call.json) part = whole_characters(part);
      if (call.json)
        call.print_json(view::run_text_json(id, "log", part));
      else
        call.console.data(part);
      call.console.flush();
      if (call.console.lost()) return exit_yes;
      offset += part.size();
      continue;
    }
    if (!follow || *ended || signals.asked() || !call.console.still_read()) return exit_yes;
    auto& store = opened->session->engine().store();
    store.wait_for_commit(store.commits(), look_every);
  }
}

Answer task_diff(Call& call, const OfRun& of) {
  auto opened = open_task(call, of.vtid);
  if (!opened) return failure(std::move(opened.error()));
  auto run = run_of(opened->view, of.attempt);
  if (!run) return failure(std::move(run.error()));
  auto diff = opened->session->run_diff((*run)->run.id);
  if (!diff) return failure(std::move(diff.error()));
  if (call.json)
    call.print_json(view::run_text_json((*run)->run.id, "diff", *diff));
  else
    call.console.data(*diff);
  return exit_yes;
}

Answer task_evidence(Call& call, const OfRun& of) {
  auto opened = open_task(call, of.vtid);
  if (!opened) return failure(std::move(opened.error()));
  auto& view = opened->view;
  if (of.attempt != 0) {
    auto run = run_of(view, of.attempt);
    if (!run) return failure(std::move(run.error()));
    std::erase_if(view.runs, [&](const RunView& v) { return v.run.id.attempt != of.attempt; });
  }
  if (call.json) {
    call.print_json(view::evidence_json(view));
    return exit_yes;
  }
  bool any = false;
  for (const auto& run : view.runs) {
    if (run.evidence.empty()) continue;
    any = true;
    call.console.print(
        fmt::format("{}: {}\n", run.run.id.to_string(), tally_text(view::tally(run.evidence))) +
        evidence_text(run.evidence, call.console.terminal(), true));
  }
  if (!any) call.console.say("no run came as far as being judged");
  return exit_yes;
}

}  // namespace vitana::cli
