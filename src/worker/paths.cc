#include "worker/paths.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/glob.h"

namespace vitana::worker {
namespace {

constexpr auto interpreters =
    std::to_array<std::string_view>({"sh", "bash", "dash", "zsh", "ksh", "python", "python3",
                                     "perl", "ruby", "node", "deno", "php", "source", "."});
// After these the next word is a program again.
constexpr auto transparent = std::to_array<std::string_view>(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "time", "exec", "command", "env",
     "/usr/bin/env", "sudo", "nice", "nohup", "timeout", "xargs", "{", "("});

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

// A word, or with an empty text the end of a command.
struct Token {
  std::string text;
  bool ends_command = false;
};

std::vector<Token> tokens_of(std::string_view script) {
  std::vector<Token> result;
  std::string word;
  bool in_word = false;
  char quote = 0;
  bool comment = false;
  const auto finish_word = [&] {
    if (in_word) result.push_back({std::exchange(word, {}), false});
    in_word = false;
  };
  for (std::size_t i = 0; i < script.size(); ++i) {
    const char c = script[i];
    if (comment) {
      comment = c != '\n';
      if (comment) continue;
    }
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '\\' && i + 1 < script.size()) {
      if (script[++i] != '\n') {
        word += script[i];
        in_word = true;
      }
    } else if (c == '#' && !in_word) {
      comment = true;
    } else if (c == ' ' || c == '\t') {
      finish_word();
    } else if (std::string_view("\n;|&()`").find(c) != std::string_view::npos) {
      finish_word();
      result.push_back({{}, true});
    } else {
      word += c;
      in_word = true;
    }
  }
  finish_word();
  return result;
}

bool is_assignment(std::string_view word) {
  const auto equals = word.find('=');
  return equals != word.npos && equals > 0 && word.find('/') > equals;
}

bool is_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789.smh") == word.npos && word[0] >= '0' &&
         word[0] <= '9';
}

bool is_shell(std::string_view program) {
  const auto name = program.substr(program.rfind('/') + 1);
  return is_one_of(interpreters, name) && name.ends_with("sh");
}

/// Without what names the folder in which it stands anyway.
std::string plain(std::string_view word) {
  for (const std::string_view here : {"$PWD/", "${PWD}/", "$(pwd)/", "`pwd`/"}) {
    if (word.starts_with(here)) word.remove_prefix(here.size());
  }
  return std::filesystem::path(word).lexically_normal().generic_string();
}

// Reads one script. What follows in a command depends on the word before.
class ScriptReader {
 public:
  std::vector<std::string> read(std::string_view script) {
    for (const auto& [word, ends_command] : tokens_of(script)) {
      if (ends_command) {
        expect_ = Expect::program;
      } else {
        take(word);
      }
    }
    return std::move(found_);
  }

 private:
  enum class Expect { program, argument, option_value, script, folder, nothing };

  void take(std::string_view word) {
    switch (expect_) {
      case Expect::program: return take_program(word);
      case Expect::argument: return take_argument(word);
      case Expect::option_value: expect_ = Expect::argument; return;
      case Expect::script:
        for (auto& program : ScriptReader().read(word)) add(program);
        expect_ = Expect::nothing;
        return;
      case Expect::folder:
        if (word.starts_with('-')) return;
        // It may be one of several that a script goes through, or be left again with its subshell.
        folder_ = (std::filesystem::path(folder_) / plain(word)).lexically_normal().generic_string();
        expect_ = Expect::nothing;
        return;
      case Expect::nothing: return;
    }
  }

  void take_program(std::string_view word) {
    if (is_one_of(transparent, word) || is_assignment(word) || is_number(word) || word.starts_with('-') ||
        word == "$") {
      return;
    }
    // Without a folder in its name a program comes from PATH; an interpreter's script does not.
    if (word.find('/') != word.npos) add(word);
    const auto name = word.substr(word.rfind('/') + 1);
    shell_ = is_shell(word);
    expect_ = word == "cd"                     ? Expect::folder
              : is_one_of(interpreters, name) ? Expect::argument
                                              : Expect::nothing;
  }

  void take_argument(std::string_view word) {
    if (!word.starts_with('-')) {
      add(word);
      expect_ = Expect::nothing;
    } else if (shell_ && !word.starts_with("--") && word.ends_with('c')) {
      expect_ = Expect::script;  // -c, -ec
    } else if (shell_ && (word == "-O" || (!word.starts_with("--") && word.ends_with('o')))) {
      expect_ = Expect::option_value;  // -o pipefail
    } else if (word == "-c" || word == "-m") {
      expect_ = Expect::nothing;
    }
  }

  /// Where it is when the script has not left its folder, and where it has gone.
  void add(std::string_view word) {
    found_.push_back(plain(word));
    if (!folder_.empty()) {
      found_.push_back((std::filesystem::path(folder_) / found_.back()).lexically_normal().generic_string());
    }
  }

  std::vector<std::string> found_;
  std::string folder_;
  Expect expect_ = Expect::program;
  bool shell_ = false;
};

}  // namespace

std::vector<std::string> started_programs(std::string_view script) { return ScriptReader().read(script); }

std::vector<std::string> started_programs(const std::vector<std::string>& command) {
  std::string script;
  for (const auto& word : command) {
    script += '\'';
    for (const char c : word) script += c == '\'' ? std::string("'\\''") : std::string(1, c);
    script += "' ";
  }
  return started_programs(script);
}

std::optional<std::string> forbidden(const PathRules& rules, const std::string& path) {
  for (const auto& folder : rules.never) {
    // A file in the place of a folder above it would replace it, too.
    if (path == folder || path.starts_with(folder + "/") || folder.starts_with(path + "/")) {
      return "vitana keeps its data in " + folder;
    }
  }
  if (glob_match_any(rules.allowed, path)) return std::nullopt;
  if (!rules.allowed.empty()) return "the spec's paths do not name it";
  for (const auto& glob : rules.protected_globs) {
    if (glob_match(glob, path)) return "it is protected by " + glob;
  }
  if (rules.protected_files.contains(path)) return "a check starts it";
  if (rules.configured.contains(path)) return "the operator's configuration starts it";
  for (auto end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
    const auto folder = path.substr(0, end);
    if (rules.configured_folders.contains(folder)) return "git starts what lies in " + folder;
  }
  return std::nullopt;
}

}  // namespace vitana::worker
