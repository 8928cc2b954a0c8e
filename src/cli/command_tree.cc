#include "cli/command_tree.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/completion.h"
#include "cli/suggest.h"

namespace vitana::cli {
namespace {

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> names_of_flags(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Error wrong_word(std::string message, std::string_view word, const std::vector<std::string>& words,
                 const std::string& path) {
  const auto meant = nearest(word, words);
  if (!meant.empty()) message += fmt::format("; did you mean '{}'?", meant);
  return Error{FailureCode::USAGE, std::move(message)}.with("hint", path + " --help");
}

}  // namespace

std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : path_of(*app.get_parent()) + " " + app.get_name();
}

CLI::Validator not_blank() {
  const auto check = [](const std::string& text) {
    return text.find_first_not_of(" \t\r\n") == std::string::npos ? "it is empty" : "";
  };
  return {check, ""};
}

CommandTree::CommandTree()
    : root_("Turns specifications into verified, delivered work.", "vitana") {
  root_.require_subcommand(1);
  root_.set_help_flag("-h,--help", "print this help");
  root_.add_flag("--version", version_, "print the version")->group("Common");
  add_common_flags(root_);
  root_.footer(
      "Exit codes: 0 yes, 1 no, 2 usage, 3 unavailable, 4 not allowed.\n"
      "First steps: vitana init, vitana doctor, vitana run docs/specs/00001-first-task.md");
  declare_engine_commands(*this);
  declare_spec_commands(*this);
  declare_task_commands(*this);
  declare_look_commands(*this);
  declare_store_commands(*this);
  declare_access_commands(*this);
  auto shell = std::make_shared<std::string>();
  auto& completion =
      command(root_, "completion", "a script that completes commands: bash, zsh or fish",
              [this, shell](Call& call) -> Answer {
                call.console.data(completion_script(*shell, words()));
                return exit_yes;
              });
  choice(*completion.add_option("SHELL", *shell, "whose script it is")->required(), {"bash", "zsh", "fish"});
}

void CommandTree::add_common_flags(CLI::App& app) {
  app.add_option("--config", open_.config_file,
                 "the configuration; else the nearest vitana.toml upwards")
      ->type_name("FILE")
      ->group("Common");
  app.add_option("--data", open_.data, "the data directory")
      ->type_name("DIR")
      ->group("Common")
      ->check(not_blank());
  app.add_option("--database", open_.database, "the database, in place of DATA/vitana.db; or postgresql://HOST/NAME")
      ->type_name("FILE")
      ->group("Common");
  app.add_flag("--json", json_, "print JSON")->group("Common");
}

CLI::App& CommandTree::group(CLI::App& parent, const std::string& name, const std::string& what,
                             Action action) {
  auto* app = parent.add_subcommand(name, what);
  app->require_subcommand(action ? 0 : 1, 1);
  if (action) actions_[app] = std::move(action);
  app->set_help_flag("-h,--help", "print this help");
  app->footer("");
  add_common_flags(*app);
  return *app;
}

CLI::App& CommandTree::command(CLI::App& parent, const std::string& name, const std::string& what,
                               Action action) {
  auto* app = parent.add_subcommand(name, what);
  app->set_help_flag("-h,--help", "print this help");
  app->footer("");
  add_common_flags(*app);
  actions_[app] = std::move(action);
  return *app;
}

CLI::App& CommandTree::look(CLI::App& parent, const std::string& name, const std::string& what, Action action) {
  return command(parent, name, what, [action = std::move(action)](Call& call) {
    call.only_looks = true;
    return action(call);
  });
}

CLI::Option& CommandTree::choice(CLI::Option& option, std::vector<std::string> words) {
  option.check(CLI::IsMember(words));
  offer(option, std::move(words));
  return option;
}

void CommandTree::offer(CLI::Option& option, std::vector<std::string> words) {
  offered_[&option] = std::move(words);
}

void CommandTree::add_words(const CLI::App& app, const std::string& path,
                            std::map<std::string, std::vector<std::string>>& into) const {
  const auto below = [&](const std::string& word) { return path.empty() ? word : path + " " + word; };
  auto& words = into[path];
  words = names_of_commands(app);
  for (const auto* option : app.get_options()) {
    const auto found = offered_.find(option);
    const auto values = found == offered_.end() ? std::vector<std::string>() : found->second;
    if (option->get_positional()) words.insert(words.end(), values.begin(), values.end());
    for (const auto& name : option->get_lnames()) {
      words.push_back("--" + name);
      if (option->get_items_expected_max() > 0) into[below("--" + name)] = values;
    }
  }
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_words(*sub, below(sub->get_name()), into);
  }
}

std::map<std::string, std::vector<std::string>> CommandTree::words() const {
  std::map<std::string, std::vector<std::string>> all;
  add_words(root_, "", all);
  return all;
}

Result<CLI::App*> CommandTree::walk(const std::vector<std::string>& arguments) {
  CLI::App* at = &root_;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    if (word == "--") break;
    if (word.size() > 1 && word.front() == '-') {
      const auto equals = word.find('=');
      const std::string name = word.substr(0, equals);
      const CLI::Option* option = at->get_option_no_throw(name);
      if (option == nullptr) {
        return failure(wrong_word(fmt::format("{} has no flag {}", path_of(*at), name), name,
                                  names_of_flags(*at), path_of(*at)));
      }
      // The value of a flag is no command.
      if (equals == std::string::npos && option->get_items_expected_max() > 0) ++i;
      continue;
    }
    const auto names = names_of_commands(*at);
    if (names.empty()) continue;
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      const std::string where = at == &root_
                                    ? fmt::format("there is no command '{}'", word)
                                    : fmt::format("{} has no command '{}'", path_of(*at), word);
      return failure(wrong_word(where, word, names, path_of(*at)));
    }
    at = at->get_subcommand(word);
  }
  return at;
}

Result<CommandTree::Action> CommandTree::read(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  json_ = std::find(arguments.begin(), end, "--json") != end;
  auto at = walk(arguments);
  if (!at) return failure(std::move(at.error()));
  CLI::App* app = *at;
  if (app == &root_ && std::find(arguments.begin(), end, "--version") != end) {
    return actions_.at(root_.get_subcommand("version"));
  }
  const bool help = std::find_if(arguments.begin(), end,
                                 [](const auto& a) { return a == "-h" || a == "--help"; }) != end;
  if (help) {
    return Action([app](Call& call) -> Answer {
      // On a narrow terminal what a flag does stands below it.
      constexpr std::size_t usual = 30;
      app->get_formatter()->column_width(std::min(usual, call.console.terminal().width / 3));
      call.console.print(app->help(app->get_parent() == nullptr ? "" : path_of(*app->get_parent())));
      return exit_yes;
    });
  }
  const auto action = actions_.find(app);
  if (action == actions_.end()) {
    return usage(
        fmt::format("{} needs a command: {}", path_of(*app), joined(names_of_commands(*app))),
        path_of(*app) + " --help");
  }
  try {
    // The parser takes its arguments from the back.
    root_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return usage(fmt::format("{}: {}", path_of(*app), error.what()), path_of(*app) + " --help");
  }
  return action->second;
}

}  // namespace vitana::cli
