// vitana init: a configuration that fits the repository, and a first spec to try it with.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/shell.h"
#include "cli/repo_place.h"
#include "cli/store_commands.h"
#include "config/file_name.h"
#include "config/starter.h"
#include "spec/template.h"
#include "wire/json.h"

namespace vitana::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* specs_folder = "docs/specs";
constexpr const char* first_slug = "-first-task.md";
constexpr const char* note = "docs/vitana-first-task.md";

/// Where the first spec stands: where an earlier `init` wrote it, or under a number that no other file of
/// the folder has.
fs::path first_spec_in(const fs::path& tree) {
  std::set<std::uint32_t> taken;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(tree / specs_folder, error)) {
    const auto name = entry.path().filename().string();
    const auto id = vtid_of_file_name(name);
    if (!id || !*id) continue;
    if (name.ends_with(first_slug)) return fs::path(specs_folder) / name;
    taken.insert((*id)->number());
  }
  std::uint32_t number = 1;
  while (taken.contains(number)) ++number;
  return fs::path(specs_folder) / fmt::format("{:05}{}", number, first_slug);
}

/// Small, safe, executable, and red before it is done.
std::string first_spec(Vtid vtid) {
  spec::Draft draft;
  draft.vtid = vtid;
  draft.title = "Try Vitana with one small file";
  draft.summary =
      fmt::format("Add the file `{}` with one sentence that says when and why it was made.", note);
  draft.problem =
      "Nobody has seen yet whether the agent, the sandbox and the delivery work on this machine. A "
      "task that "
      "touches one new file shows it without any risk.";
  draft.criteria.push_back({fmt::format("The file `{}` exists and is not empty.", note),
                            fmt::format("test -s {}", note)});
  draft.criteria.push_back(
      {fmt::format("The file `{}` names Vitana.", note), fmt::format("grep -qi vitana {}", note)});
  draft.extra.emplace_back("Technical approach", "Write the file. Change nothing else.");
  return spec::render_spec(draft);
}

/// What a person has to know or do before the first run.
std::string first_steps(const config::StarterFacts& facts, const std::string& config, const std::string& spec) {
  std::string next = "next:\n";
  if (facts.agents.empty()) {
    next += fmt::format("  no agent was found: name one in {}, [agents.NAME] and [worker] agent\n", config);
  } else if (const auto& agent = facts.agents.front(); agent.secrets.empty() && !agent.key.empty()) {
    next += fmt::format("  {0} sees none of your logins: export {1}, and take the # from its secrets in {2}\n",
                        agent.name, agent.key, config);
  }
  if (facts.checks.empty()) next += fmt::format("  no test command was found: name yours in {}, [verify] commands\n", config);
  if (!facts.has_commit) next += "  commit something first: there is no branch to work on yet\n";
  if (!facts.sandbox_works)
    next += fmt::format("  the sandbox does not work here: {}\n", facts.sandbox_reason);
  return next + fmt::format("  vitana doctor\n  vitana spec validate {0}\n  vitana run {0}\n", shell_word(spec));
}

}  // namespace

Answer init(Call& call) {
  const std::string tree = working_tree_of(call.open.folder);
  if (tree.empty() && is_bare_repository(call.open.folder)) {
    return failure(Error{FailureCode::REPO_UNAVAILABLE,
                         fmt::format("{} is a bare repository: there is no place for a file", call.open.folder)}
                       .with("hint", "git clone it, and there: vitana init; or name it in a vitana.toml elsewhere, "
                                     "[[repos]] path"));
  }
  if (tree.empty()) {
    return failure(Error{FailureCode::REPO_UNAVAILABLE,
                         fmt::format("{} is in no git repository", call.open.folder)}
                       .with("hint", "git init, then: vitana init"));
  }
  const fs::path config = fs::path(tree) / config::file_name;
  const fs::path name = first_spec_in(tree);
  const fs::path spec = fs::path(tree) / name;
  std::error_code error;
  if (fs::exists(fs::symlink_status(config, error))) {
    return failure(Error{FailureCode::STATE_REFUSED,
                         fmt::format("{} is there already; nothing was written", config.string())}
                       .with("hint", "vitana config check"));
  }
  auto facts = call.application.starter_facts(tree);
  if (!facts) return failure(std::move(facts.error()));
  if (auto done = write_new_file(config.string(), config::starter_config(*facts)); !done) {
    return failure(std::move(done.error()));
  }
  if (!fs::exists(fs::symlink_status(spec, error))) {
    fs::create_directories(spec.parent_path(), error);
    const auto id = vtid_of_file_name(name.filename().string());
    if (auto done = write_new_file(spec.string(), first_spec(id->value())); !done)
      return failure(std::move(done.error()));
  }

  if (call.json) {
    call.console.data(wire::to_text(wire::Json{{"config", config.string()},
                                               {"spec", spec.string()},
                                               {"agents", facts->agents.size()}}) +
                      "\n");
    return exit_yes;
  }
  call.console.print(fmt::format("{}\n{}\n", config.string(), spec.string()));
  // As it stands from where the person stands.
  const auto from_here = [&](const fs::path& path) {
    auto relative = fs::relative(path, call.open.folder, error);
    return relative.empty() ? path.string() : relative.string();
  };
  call.console.say(first_steps(*facts, from_here(config), from_here(spec)));
  return exit_yes;
}

}  // namespace vitana::cli
