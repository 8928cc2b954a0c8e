// One command line: read, called, told.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "cli/command_tree.h"
#include "cli/session.h"

namespace vitana::cli {
namespace {

/// The exit code, unless stdout did not take what was printed.
int finish(Call& call, int code) {
  call.console.flush();
  const auto why = call.console.lost();
  if (!why) return code;
  if (call.only_looks && code == exit_yes && call.console.reader_left()) return code;
  return report({FailureCode::OUTPUT_LOST, "standard output cannot be written: " + *why}, call.words,
                false, call.console);
}

}  // namespace

int run_command_line(int argc, const char* const* argv, Application& application) {
  Console console(stdout, stderr, std::cin, terminal_of_process());
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  CommandTree tree;
  Call call{application, console};
  auto action = tree.read(arguments);
  call.open = tree.open();
  call.json = tree.json();
  call.actor = actor_of_process();
  std::error_code gone;
  call.open.folder = std::filesystem::current_path(gone).string();
  if (action && gone) {
    action = failure(Error{FailureCode::FILE_UNREADABLE, "the folder in which this is called is gone: " + gone.message()}
                         .with("hint", "cd to a folder that is there"));
  }
  if (!action) return finish(call, report(action.error(), call.words, call.json, console));
  try {
    auto answer = (*action)(call);
    return finish(call, answer ? *answer : report(answer.error(), call.words, call.json, console));
  } catch (const std::exception& error) {
    // No layer lets one out; what comes here is a defect, and is told as one.
    return finish(
        call, report({FailureCode::INVARIANT_BROKEN, error.what()}, call.words, call.json, console));
  }
}

}  // namespace vitana::cli
