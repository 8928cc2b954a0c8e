#include "cli/task_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/task_text.h"
#include "view/json.h"

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
  auto view = view::load_task((*session)->engine(), *vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.print_json(view::task_json(*view));
    return exit_yes;
  }
  call.console.print(fmt::format("{}  {}\n  next: {}\n", vtid->to_string(), headline(*view),
                                 next_text(*view)));
  say_engine(call, **session, view->task);
  return exit_yes;
}

std::string proof(store::Reader& reader, const domain::Task& task) {
  if (task.attempt == 0) return "-";
  const auto t = view::tally(view::newest_evidence(reader.evidence(RunId{task.vtid, task.attempt})));
  return t.criteria == 0 ? "-" : fmt::format("{} of {} verified", t.verified, t.criteria);
}

/// A repository that is no longer configured still has its tasks.
bool is_known(Session& session, store::Reader& reader, const std::string& repo) {
  if (session.engine().setup().repo(repo) != nullptr) return true;
  return std::ranges::any_of(reader.repos(), [&](const auto& row) { return row.name == repo; });
}

}  // namespace

Answer task_list(Call& call, const ListOptions& options) {
  store::TaskFilter filter{.limit = options.limit};
  if (!options.status.empty()) filter.status = domain::task_status(options.status);
  if (!options.code.empty()) filter.code = options.code;
  if (!options.repo.empty()) filter.repos = {options.repo};
  filter.order = view::task_order(options.sort).value_or(store::TaskOrder::newest);
  if (!options.after.empty()) {
    const auto typed = typed_vtid(options.after);
    if (auto known = view::go_on(filter, typed ? typed->to_string() : options.after); !known) {
      return failure(std::move(known.error()));
    }
  }
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  view::TaskPage page;
  std::vector<std::string> proofs;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    if (!options.repo.empty() && !is_known(**session, reader, options.repo)) {
      return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", options.repo));
    }
    page = view::task_page((*session)->engine(), reader, filter);
    if (call.json) return {};
    for (const auto& view : page.tasks) proofs.push_back(proof(reader, view.task));
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    call.print_json(view::task_list_json(page.tasks, page.next));
    return exit_yes;
  }
  Table table({"VTID", "STATUS", "CHANGED", "EVIDENCE", "TITLE"});
  for (std::size_t i = 0; i < page.tasks.size(); ++i) {
    const auto& view = page.tasks[i];
    table.add({view.task.vtid.to_string(), list_status(view),
               relative(view.task.updated_at, view.now), proofs[i], view.task.title});
  }
  if (!table.empty()) call.console.print(table.text(call.console.terminal()));
  if (table.empty()) {
    const bool all = options.status.empty() && options.code.empty() && options.repo.empty() && options.after.empty();
    call.console.say(all ? "no task yet; next: vitana spec sync" : "no task matches; all of them: vitana task list");
  }
  // One is enough to say it; an engine carries on all of them.
  for (const auto& view : page.tasks) {
    const auto missing = engine_missing(**session, view.task);
    if (!missing) continue;
    call.console.say(*missing, Ink::dim);
    break;
  }
  if (page.next) {
    call.console.say(fmt::format("more: vitana task list{} --after {}",
                                 options.sort == "newest" ? "" : " --sort " + options.sort, *page.next),
                     Ink::dim);
  }
  return exit_yes;
}

Answer task_show(Call& call, const std::string& text) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto view = view::load_task((*session)->engine(), *vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.print_json(view::task_json(*view));
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
  auto view = view::load_task((*session)->engine(), *vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.print_json(view::why_json(*why, *view));
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
                [&](engine::Desk& desk, Vtid id) { return desk.approve(id, call.asked()); });
}

Answer task_retry(Call& call, const std::string& vtid, const std::string& reason) {
  return decide(call, vtid,
                [&](engine::Desk& desk, Vtid id) { return desk.retry(id, reason, call.asked()); });
}

Answer task_cancel(Call& call, const std::string& vtid, const std::string& reason) {
  return decide(call, vtid,
                [&](engine::Desk& desk, Vtid id) { return desk.cancel(id, reason, call.asked()); });
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
                [&](engine::Desk& desk, Vtid id) { return desk.answer(id, answer, call.asked()); });
}

Answer task_sign_off(Call& call, const SignOffOptions& options) {
  return decide(call, options.vtid, [&](engine::Desk& desk, Vtid id) {
    return desk.sign_off(id, options.criterion, options.met, options.reason, call.asked());
  });
}

}  // namespace vitana::cli
