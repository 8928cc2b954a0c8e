// The tree of commands, and how a command line is read by it. Include only where commands are
// declared: the parser's header is heavy.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/call.h"

namespace vitana::cli {

class CommandTree {
 public:
  using Action = std::function<Answer(Call&)>;

  CommandTree();

  CLI::App& root() { return root_; }
  /// A word that groups commands; alone it does `action`, or, without one, nothing.
  CLI::App& group(CLI::App& parent, const std::string& name, const std::string& what,
                  Action action = {});
  /// A command. It has the common flags; `action` runs after its options were read.
  CLI::App& command(CLI::App& parent, const std::string& name, const std::string& what,
                    Action action);

  /// A command that changes nothing: it ends well when its reader has seen enough.
  CLI::App& look(CLI::App& parent, const std::string& name, const std::string& what, Action action);

  /// An option that takes one of `words` alone: checked, and offered by completion.
  CLI::Option& choice(CLI::Option& option, std::vector<std::string> words);
  /// Words that completion offers as the value of an option.
  void offer(CLI::Option& option, std::vector<std::string> words);

  /// What was asked for: the command's action, or, for --help and --version, one that prints.
  /// Errors: USAGE, naming the mistake and, where a word is near, what was meant.
  Result<Action> read(const std::vector<std::string>& arguments);

  const OpenOptions& open() const { return open_; }
  bool json() const { return json_; }

  /// The words that may follow a path of command words ("task", "task list", "task list --status"): for
  /// completion.
  std::map<std::string, std::vector<std::string>> words() const;

 private:
  void add_common_flags(CLI::App& app);
  void add_words(const CLI::App& app, const std::string& path,
                 std::map<std::string, std::vector<std::string>>& into) const;
  /// Finds words and flags that do not exist before the parser does, which would only say so.
  Result<CLI::App*> walk(const std::vector<std::string>& arguments);

  CLI::App root_;
  std::map<const CLI::App*, Action> actions_;
  std::map<const CLI::Option*, std::vector<std::string>> offered_;
  OpenOptions open_;
  bool json_ = false;
  bool version_ = false;
};

void declare_engine_commands(CommandTree& tree);
void declare_spec_commands(CommandTree& tree);
void declare_task_commands(CommandTree& tree);
void declare_look_commands(CommandTree& tree);
void declare_store_commands(CommandTree& tree);
void declare_access_commands(CommandTree& tree);

/// Refuses a value without a letter: a reason that says nothing, a file without a name.
CLI::Validator not_blank();

/// "vitana task list"
std::string path_of(const CLI::App& app);

}  // namespace vitana::cli
