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

/// For bash, and for zsh through its bashcompinit.
std::string bash_script(const Words& words) {
  std::string cases;
  std::string paths;
  for (const auto& [path, following] : words) {
    cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", path, joined(following));
    if (!path.empty()) paths += fmt::format("\"{}\"|", path);
  }
  paths.pop_back();
  return fmt::format(R"(_vitana() {{
  local path="" next word words="" current="${{COMP_WORDS[COMP_CWORD]}}"
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    next="${{path:+$path }}$word"
    case "$next" in {}) path="$next" ;; esac
  done
  case "$path" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ ${{#COMPREPLY[@]}} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}}
complete -o filenames -F _vitana vitana
)",
                     paths, cases);
}

std::string fish_script(const Words& words) {
  std::string text;
  for (const auto& [path, following] : words) {
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
      text += fmt::format("complete -c vitana -n '{}' {} {}\n", seen, flag ? "-l" : "-a",
                          flag ? word.substr(2) : word);
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
