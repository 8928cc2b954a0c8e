#include "cli/task_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json.h"
#include "cli/task_view.h"

namespace vitana::cli {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{256} << 10;

void say_engine(Call& call, Session& session, const domain::Task& task) {
  if (const auto missing = engine_missing(session, task)) call.console.say(*missing, Ink::dim);
}

/// Opens the store and gives `act` the desk; then prints the task as it is now.
Answer decide(Call& call, const std::string& text,
              const std::function<Result<domain::Task>(engine::Desk&, Vtid)>& act) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto task = act((*session)->engine().desk, *vtid);
  if (!task) return failure(std::move(task.error()));
  auto view = load_task(**session, *vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.console.data(task_json(*view) + "\n");
    return exit_yes;
  }
  call.console.print(fmt::format("{}  {}\n  next: {}\n", vtid->to_string(), headline(*view),
                                 next_text(*view)));
  say_engine(call, **session, view->task);
  return exit_yes;
}

std::string proof(store::Reader& reader, const domain::Task& task) {
  if (task.attempt == 0) return "-";
  const auto t = tally(newest_evidence(reader.evidence(RunId{task.vtid, task.attempt})));
  return t.criteria == 0 ? "-" : fmt::format("{} of {} verified", t.verified, t.criteria);
}

/// A repository that is no longer configured still has its tasks.
bool is_known(Session& session, store::Reader& reader, const std::string& repo) {
  if (session.engine().setup().repo(repo) != nullptr) return true;
  return std::ranges::any_of(reader.repos(), [&](const auto& row) { return row.name == repo; });
}

}  // namespace

Answer task_list(Call& call, const ListOptions& options) {
  store::TaskFilter filter{.limit = options.limit + 1};
  if (!options.status.empty()) filter.status = domain::task_status(options.status);
  if (!options.code.empty()) filter.code = options.code;
  if (!options.repo.empty()) filter.repo = options.repo;
  if (!options.after.empty()) {
    auto cursor = vtid_argument(call, options.after);
    if (!cursor) return failure(std::move(cursor.error()));
    filter.after = *cursor;
  }
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::vector<TaskView> views;
  std::vector<std::string> proofs;
  bool more = false;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    if (filter.repo && !is_known(**session, reader, *filter.repo)) {
      return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", *filter.repo));
    }
    auto tasks = reader.tasks(filter);
    more = tasks.size() > static_cast<std::size_t>(options.limit);
    if (more) tasks.pop_back();
    for (auto& task : tasks) {
      auto view = listed(**session, reader, std::move(task));
      if (!call.json) proofs.push_back(proof(reader, view.task));
      views.push_back(std::move(view));
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    const auto next = more ? std::optional(views.back().task.vtid) : std::nullopt;
    call.console.data(task_list_json(views, next) + "\n");
    return exit_yes;
  }
  Table table({"VTID", "STATUS", "CHANGED", "EVIDENCE", "TITLE"});
  for (std::size_t i = 0; i < views.size(); ++i) {
    const auto& view = views[i];
    table.add({view.task.vtid.to_string(), list_status(view),
               relative(view.task.updated_at, view.now), proofs[i], view.task.title});
  }
  if (!table.empty()) call.console.print(table.text(call.console.terminal()));
  if (table.empty()) {
    const bool all = options.status.empty() && options.code.empty() && options.repo.empty() && options.after.empty();
    call.console.say(all ? "no task yet; next: vitana spec sync" : "no task matches; all of them: vitana task list");
  }
  // One is enough to say it; an engine carries on all of them.
  for (const auto& view : views) {
    const auto missing = engine_missing(**session, view.task);
    if (!missing) continue;
    call.console.say(*missing, Ink::dim);
    break;
  }
  if (more) {
    call.console.say(
        fmt::format("more: vitana task list --after {}", views.back().task.vtid.to_string()),
        Ink::dim);
  }
  return exit_yes;
}

Answer task_show(Call& call, const std::string& text) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto view = load_task(**session, *vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.console.data(task_json(*view) + "\n");
  } else {
    call.console.print(task_text(*view, call.console.terminal()));
    say_engine(call, **session, view->task);
    if (view->task.failure) {
      const Error error{view->task.failure->code, "", {}, view->task.failure->context};
      call.console.say("next: " + hint_for(*view, error, call.words), Ink::dim);
    }
  }
  return exit_yes;
}

Answer task_why(Call& call, const std::string& text) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto why = (*session)->engine().desk.why(*vtid);
  if (!why) return failure(std::move(why.error()));
  auto view = load_task(**session, *vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.console.data(why_json(*why, *view) + "\n");
    return exit_yes;
  }
  call.console.print(why_text(*why, *view, call.console.terminal()));
  say_engine(call, **session, view->task);
  for (const auto& verdict : why->verdicts) {
    if (verdict.pass || !verdict.code || domain::is_terminal(view->task.status)) continue;
    call.console.say("next: " + hint_for(*view, {*verdict.code, ""}, call.words), Ink::dim);
    return exit_yes;
  }
  return exit_yes;
}

Answer task_approve(Call& call, const std::string& vtid) {
  return decide(call, vtid,
                [&](engine::Desk& desk, Vtid id) { return desk.approve(id, call.actor); });
}

Answer task_retry(Call& call, const std::string& vtid, const std::string& reason) {
  return decide(call, vtid,
                [&](engine::Desk& desk, Vtid id) { return desk.retry(id, reason, call.actor); });
}

Answer task_cancel(Call& call, const std::string& vtid, const std::string& reason) {
  return decide(call, vtid,
                [&](engine::Desk& desk, Vtid id) { return desk.cancel(id, reason, call.actor); });
}

Answer task_answer(Call& call, const std::string& vtid, const std::string& text) {
  std::string answer = text;
  if (text == "-") {
    auto input = read_text(call, "-", answer_bytes_max);
    if (!input) return failure(std::move(input.error()));
    answer = std::move(*input);
  }
  if (answer.find_first_not_of(" \t\r\n") == std::string::npos) return usage("the answer is empty");
  return decide(call, vtid,
                [&](engine::Desk& desk, Vtid id) { return desk.answer(id, answer, call.actor); });
}

Answer task_sign_off(Call& call, const SignOffOptions& options) {
  return decide(call, options.vtid, [&](engine::Desk& desk, Vtid id) {
    return desk.sign_off(id, options.criterion, options.met, options.reason, call.actor);
  });
}

}  // namespace vitana::cli
