#include "cli/completion.h"

#include <fmt/format.h>

namespace vitana::cli {
namespace {

using Words = std::map<std::string, std::vector<std::string>>;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// For bash, and for zsh through its bashcompinit: what both understand, and no variable that either
/// keeps for itself (in zsh `path` is PATH, and `words` the line). File names are left to the shell.
std::string bash_script(const Words& words) {
  std::string cases;
  std::string paths;
  for (const auto& [path, following] : words) {
    cases += fmt::format("    \"{}\") offered=\"{}\" ;;\n", path, joined(following));
    if (!path.empty()) paths += fmt::format("{}\"{}\"", paths.empty() ? "" : "|", path);
  }
  return fmt::format(R"(_vitana() {{
  local at="" next word offered="" typed="${{COMP_WORDS[$COMP_CWORD]}}"
  for word in "${{COMP_WORDS[@]:1:$((COMP_CWORD - 1))}}"; do
    case "$word" in =) continue ;; esac
    case "$at" in *--*) at="${{at%%--*}}"; at="${{at% }}"; continue ;; esac
    next="${{at:+$at }}$word"
    case "$next" in {}) at="$next" ;; esac
  done
  case "$at" in
{}  esac
  COMPREPLY=($(compgen -W "$offered" -- "${{typed#=}}"))
}}
complete -o default -F _vitana vitana
)",
                     paths, cases);
}

std::string fish_script(const Words& words) {
  std::string text;
  for (const auto& [path, following] : words) {
    if (path.find("--") != std::string::npos) continue;
    std::string seen;
    std::size_t at = 0;
    while (at < path.size()) {
      const auto end = std::min(path.find(' ', at), path.size());
      seen += fmt::format("{}__fish_seen_subcommand_from {}", seen.empty() ? "" : "; and ",
                          path.substr(at, end - at));
      at = end + 1;
    }
    if (seen.empty()) seen = "__fish_use_subcommand";
    for (const auto& word : following) {
      const bool flag = word.starts_with("--");
      const auto values = words.find(path.empty() ? word : path + " " + word);
      text += fmt::format("complete -c vitana -n '{}' {} {}", seen, flag ? "-l" : "-a",
                          flag ? word.substr(2) : word);
      if (flag && values != words.end()) {
        text += values->second.empty() ? " -r" : fmt::format(" -x -a '{}'", joined(values->second));
      }
      text += '\n';
    }
  }
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell, const Words& words) {
  if (shell == "fish") return fish_script(words);
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(words);
  return bash_script(words);
}

}  // namespace vitana::cli
