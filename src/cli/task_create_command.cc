// vitana task create: a row of the ledger, or three questions that make a spec.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/spec_commands.h"
#include "cli/task_commands.h"
#include "cli/task_text.h"
#include "view/json.h"

namespace vitana::cli {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{256} << 10;
constexpr int tries_max = 5;

/// One line; the other answers go on to a line "." or the end of the input.
std::optional<std::string> read_answer(Console& console, bool one_line) {
  auto line = console.read_line();
  if (!line || one_line) return line;
  std::string text;
  for (; line && *line != "."; line = console.read_line()) {
    text += *line + "\n";
    if (text.size() > answer_bytes_max) return std::nullopt;
  }
  return text;
}

constexpr const char* intake_command = "vitana task create --intake";

/// There is no file to mend: what was answered is answered anew.
Error to_answer_again(Error error, std::string_view what) {
  if (error.code != FailureCode::SPEC_INVALID) return error;
  return std::move(error).with("hint", fmt::format("give another answer for the {}: {}", what, intake_command));
}

Result<std::int64_t> ask_all(Call& call, engine::Intake& intake, const std::string& repo) {
  auto prompt = intake.begin(call.asked(), repo);
  const bool talks = call.console.terminal().in_is_terminal;
  int tries = 0;
  while (prompt && prompt->step != "ready") {
    const bool one_line = prompt->step == "title";
    if (talks) {
      call.console.say(prompt->question);
      if (!one_line) call.console.say("(ends with a line that holds only a dot)", Ink::dim);
    }
    auto answer = read_answer(call.console, one_line);
    if (!answer) {
      return usage(fmt::format("the input ended before the {} was given", prompt->step), intake_command);
    }
    auto next = intake.answer(prompt->id, *answer, call.asked());
    // A person may try again; a script's answers are what they are.
    if (!next && talks && next.error().code == FailureCode::SPEC_INVALID && ++tries < tries_max) {
      call.console.say(next.error().message, Ink::yellow);
      continue;
    }
    if (!next) return failure(to_answer_again(std::move(next.error()), prompt->step));
    prompt = std::move(next);
  }
  if (!prompt) return failure(std::move(prompt.error()));
  return prompt->id;
}

Answer create_by_intake(Call& call, Session& session, const std::string& repo) {
  auto& intake = session.engine().intake;
  auto id = ask_all(call, intake, repo);
  if (!id) return failure(std::move(id.error()));
  auto preview = intake.preview(*id, call.asked());
  if (!preview) return failure(std::move(preview.error()));
  if (call.console.terminal().in_is_terminal) {
    call.console.say("\n" + preview->text);
    call.console.say("register this? [Y/n]");
    const auto yes = call.console.read_line();
    if (!yes || yes->starts_with('n') || yes->starts_with('N')) {
      return failure(Error{FailureCode::INTERRUPTED, "nothing was registered"}.with("hint", intake_command));
    }
  }
  auto registered = intake.complete(*id, call.asked());
  if (!registered) {
    // The findings speak of its lines.
    if (!call.json && !call.console.terminal().in_is_terminal) call.console.say(preview->text);
    return failure(to_answer_again(std::move(registered.error()), "lines that the findings name"));
  }
  print_registered(call, *registered);
  return exit_yes;
}

}  // namespace

Answer task_create(Call& call, const CreateOptions& options) {
  if (options.intake == !options.title.empty()) {
    return usage(options.intake ? "--intake asks for the title itself"
                                : "task create needs --title TEXT, or --intake",
                 "vitana task create --title TEXT --description FILE");
  }
  if (options.intake && (!options.description.empty() || !options.vtid.empty())) {
    return usage("--intake goes neither with --description nor with --vtid");
  }
  std::optional<Vtid> id;
  if (!options.vtid.empty()) {
    auto vtid = vtid_argument(call, options.vtid);
    if (!vtid) return failure(std::move(vtid.error()));
    id = *vtid;
  }
  std::string description;
  if (!options.description.empty()) {
    auto text = read_text(call, options.description, engine::spec_bytes_max);
    if (!text) return failure(std::move(text.error()));
    description = std::move(*text);
  }
  call.open.create = true;
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  if (options.intake) return create_by_intake(call, **session, options.repo);

  auto task = (*session)->engine().registry.create_task(
      {id, options.title, description, options.repo, options.allow_jump}, call.asked());
  if (!task) return failure(std::move(task.error()));
  auto view = view::load_task((*session)->engine(), task->vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.print_json(view::task_json(*view));
    return exit_yes;
  }
  call.console.print(fmt::format("{}  {}\n", task->vtid.to_string(), headline(*view)));
  call.words.vtid = task->vtid.to_string();
  if (task->failure) {
    call.console.say(fmt::format("next: {}", hint_of({task->failure->code, ""}, call.words)),
                     Ink::dim);
  }
  return exit_yes;
}

}  // namespace vitana::cli
