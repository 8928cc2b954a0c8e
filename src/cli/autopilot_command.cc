#include "cli/autopilot_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "cli/event_line.h"
#include "cli/follow.h"
#include "cli/sync_report.h"
#include "cli/task_text.h"
#include "engine/conduct.h"
#include "view/json.h"
#include "wire/json.h"

namespace vitana::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 200ms;
constexpr Duration look_again = 1s;
constexpr Duration grace = 30s;

void say_start(Call& call, Session& session, std::string_view name) {
  const auto& setup = session.engine().setup();
  std::string repos;
  for (const auto& repo : setup.repos) repos += (repos.empty() ? "" : ", ") + repo.name;
  call.console.say(fmt::format("{}: {}, agent {}, data in {}", name,
                               repos.empty() ? "no repository" : repos,
                               setup.agent.empty() ? "none" : setup.agent, session.data_folder()));
  if (const auto config = call.application.configuration(call.open)) {
    const auto finding = call.application.sandbox(*config);
    call.console.say(fmt::format("{}: {}", finding.what, finding.detail), finding.good ? Ink::plain : Ink::yellow);
  }
  say_cautions(call);
}

/// Prints what the engine's threads and the log bring.
class Show {
 public:
  Show(Call& call, Session& session, HookQueue& queue, store::Sequence from)
      : call_(call), session_(session), queue_(queue), tail_(session, {.after = from}) {}

  Result<void> go_on(Duration timeout) {
    auto events = tail_.next(timeout);
    if (!events && failure_info(events.error().code).retryable) {
      // The engine goes on by itself, and tells what it meets; only this look at it has failed.
      call_.console.say(to_string(events.error()), Ink::red);
      auto& store = session_.engine().store();
      store.wait_for_commit(store.commits(), look_again);
      return {};
    }
    if (!events) return failure(std::move(events.error()));
    for (auto& report : queue_.take_synced()) {
      if (auto shown = first_scan(std::move(report)); !shown) return shown;
    }
    for (const auto& fault : queue_.take_faults()) call_.console.say(fault, Ink::red);
    for (const auto& event : *events) {
      if (call_.json) {
        call_.print_json(view::event_json(event, store_id_));
      } else if (is_meaningful(event)) {
        call_.console.print(event_line(event, false));
      }
      if (auto warned = warn_of_vacuous(event); !warned) return warned;
    }
    call_.console.flush();
    return {};
  }

  Result<void> learn_store_id() {
    return read(session_, [&](store::Reader& reader) -> Result<void> {
      store_id_ = reader.store_id();
      return {};
    });
  }

 private:
  Result<void> first_scan(engine::RepoSync report) {
    // Later scans are in the log.
    if (!seen_.insert(report.repo).second || call_.json) return {};
    return read(session_, [&](store::Reader& reader) -> Result<void> {
      const auto whole = with_known_files(reader, std::move(report));
      call_.console.print(sync_text(whole, call_.console.terminal(), first_contact_rows_max));
      return {};
    });
  }

  /// A run that went through although some of its checks could not fail; told once for a run.
  Result<void> warn_of_vacuous(const store::StoredEvent& event) {
    if (!event.run || event.type != domain::event_info(domain::EventType::verification_passed).name) return {};
    if (!warned_.insert(event.run->to_string()).second) return {};
    return read(session_, [&](store::Reader& reader) -> Result<void> {
      const auto text = vacuous_text(view::newest_evidence(reader.evidence(*event.run)));
      if (!text.empty()) call_.console.say(fmt::format("{}: {}", event.run->to_string(), text), Ink::yellow);
      return {};
    });
  }

  Call& call_;
  Session& session_;
  HookQueue& queue_;
  EventTail tail_;
  std::set<std::string> seen_;
  std::set<std::string> warned_;
  std::string store_id_;
};

constexpr std::size_t held_lines_max = 10;

/// The tasks that are not over, with what holds them, those that wait for a person first: idle does not mean done.
std::string held_text(Session& session, store::Reader& reader, const Terminal& terminal,
                      const std::map<std::string, int>& counts) {
  using domain::TaskStatus;
  Table table({"VTID", "STATUS", "WHAT HOLDS IT"});
  std::size_t all = 0;
  std::size_t shown = 0;
  const auto add = [&](domain::Task task) {
    const auto view = view::listed(session.engine(), reader, std::move(task));
    const auto why = view.held ? view.held->detail : next_words(view);
    table.add({view.task.vtid.to_string(), list_status(view), why});
    ++shown;
  };
  // Old specs that nobody has adopted may be many, and say nothing here.
  for (auto& task : reader.tasks({.status = TaskStatus::blocked,
                                  .next = domain::NextKind::person,
                                  .but = domain::BlockReason::not_adopted,
                                  .limit = static_cast<int>(held_lines_max)})) {
    add(std::move(task));
    ++all;
  }
  for (const auto status : {TaskStatus::in_progress, TaskStatus::scheduled, TaskStatus::draft}) {
    const auto count = counts.find(std::string(name_of(status)));
    if (count == counts.end()) continue;
    all += static_cast<std::size_t>(count->second);
    if (shown >= held_lines_max) continue;
    for (auto& task : reader.tasks({.status = status, .limit = static_cast<int>(held_lines_max - shown)})) {
      add(std::move(task));
    }
  }
  if (table.empty()) return "";
  std::string text = table.text(terminal);
  if (all > shown) text += fmt::format("{} and {} more: vitana task list\n", terminal.ellipsis(), all - shown);
  return text;
}

std::string switch_text(store::Reader& reader) {
  const auto control = reader.control(engine::execution_control);
  if (domain::is_on(control, reader.now())) return "";
  return fmt::format("execution is off: {}\nnext: vitana controls set execution on --reason TEXT\n",
                     control && !control->reason.empty() ? control->reason : "nobody has set it on");
}

Result<void> print_summary(Call& call, Session& session) {
  std::map<std::string, int> counts;
  std::string held;
  auto done = read(session, [&](store::Reader& reader) -> Result<void> {
    counts = reader.task_counts();
    held = held_text(session, reader, call.console.terminal(), counts) + switch_text(reader);
    return {};
  });
  if (!done) return done;
  if (call.json) {
    call.print_json(wire::Json{{"summary", counts}});
    return {};
  }
  std::string words;
  for (const auto status : domain::task_statuses) {
    const auto it = counts.find(std::string(name_of(status)));
    if (it == counts.end() || it->second == 0) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", it->second, name_of(status));
  }
  call.console.print(fmt::format("tasks: {}\n{}", words.empty() ? "none" : words, held));
  return {};
}

}  // namespace

Answer autopilot(Call& call, const AutopilotOptions& options) {
  call.open.create = true;
  auto opened = call.session();
  if (!opened) return failure(std::move(opened.error()));
  Session& session = **opened;
  auto from = log_end(session);
  if (!from) return failure(std::move(from.error()));

  if (options.paused) {
    auto off = session.engine().desk.set_control(engine::execution_control, false, "started with --paused", {}, call.asked());
    if (!off) return failure(std::move(off.error()));
  }

  HookQueue queue;
  Signals signals;
  if (auto started = session.start({options.slots, queue.hooks(), options.serve.has_value()}); !started) {
    return failure(std::move(started.error()));
  }
  say_start(call, session, options.serve ? "serve" : "autopilot");
  if (options.serve) {
    const auto url = session.serve(*options.serve);
    if (!url) return failure(url.error());
    call.console.say(fmt::format("gateway: {}; a token for this machine is in {}/token", *url, session.data_folder()));
  }
  session.ready();
  Show show(call, session, queue, *from);
  auto done = show.learn_store_id();
  while (done && !signals.asked()) {
    done = show.go_on(look_every);
    auto& autopilot = session.engine().autopilot;
    if (!done || !options.until_idle || !autopilot.scanned()) continue;
    auto idle = autopilot.idle();
    if (!idle) done = failure(std::move(idle.error()));
    if (idle && *idle) break;
  }
  const bool asked = signals.asked();
  if (asked) call.console.say("stopping: steps under way may end; once more to end them at once");
  stop_session(session, signals, asked ? grace : 0s);
  if (done) done = show.go_on(Duration::zero());
  if (done) done = print_summary(call, session);
  if (!done) return failure(std::move(done.error()));
  return exit_yes;
}

Answer stop_engine(Call& call, bool now) {
  const auto place = call.application.data_place(call.open);
  if (!place) return failure(place.error());
  if (!place->caution.empty()) call.console.say(place->caution, Ink::yellow);
  if (!place->folder.empty() && ::access(place->folder.c_str(), X_OK) != 0 && errno == EACCES) {
    return failure(FailureCode::STORE_FAILED, fmt::format("{}: {}", place->folder, std::strerror(errno)));
  }
  const auto pid = call.application.engine_pid(place->folder);
  const auto tell = [&](const std::string& words, bool stopped) {
    if (call.json) {
      call.print_json(wire::Json{{"stopped", stopped}});
    } else {
      call.console.say(words);
    }
    return exit_yes;
  };
  if (!pid || *pid <= 1)
    return tell(fmt::format("no engine runs on {}", place->folder), false);
  if (::kill(*pid, now ? SIGQUIT : SIGTERM) != 0 && errno != ESRCH) {
    return failure(
        FailureCode::DATA_DIR_IN_USE,
        fmt::format("process {} cannot be told to stop: {}", *pid, std::strerror(errno)));
  }
  Signals signals;
  const Duration limit = now ? Duration(15s) : grace + Duration(30s);
  const auto until = std::chrono::steady_clock::now() + limit;
  while (call.application.engine_pid(place->folder) == pid) {
    if (signals.asked() || std::chrono::steady_clock::now() >= until) {
      return failure(
          Error{FailureCode::DATA_DIR_IN_USE, fmt::format("process {} has not ended yet", *pid)}
              .with("hint", now ? "vitana doctor" : "vitana stop --now"));
    }
    std::this_thread::sleep_for(50ms);  // polls: another process's lock
  }
  return tell(fmt::format("process {} has ended", *pid), true);
}

}  // namespace vitana::cli
