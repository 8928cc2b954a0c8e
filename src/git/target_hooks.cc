#include "git/target_hooks.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/shell.h"
#include "base/utf8.h"
#include "git/owner_programs.h"

namespace vitana::git {
namespace {

namespace fs = std::filesystem;

constexpr std::array owner_hooks = {"pre-receive", "update", "post-receive", "post-update",
                                    "proc-receive", "push-to-checkout"};
constexpr std::string_view transaction = "reference-transaction";
constexpr std::string_view mover = "push-to-checkout";
constexpr std::string_view refused = "refused";  ///< what git said to a work tree that stayed
constexpr std::string_view under_way = "running";  ///< the owner's hook that runs: its name and process
/// A folder, made by who comes first: the hook that moves the files, or who wants to end the push before that.
constexpr std::string_view moving = "moving";
constexpr std::size_t words_bytes_max = 600;

// A hook's children are not to run our hooks.
constexpr std::string_view begin =
    "#!/bin/sh\n"
    "unset GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0\n";

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

Result<void> write_program(const fs::path& path, const std::string& script) {
  std::ofstream(path, std::ios::binary) << script;
  std::error_code error;
  fs::permissions(path, fs::perms::owner_all, error);
  std::ifstream written(path, std::ios::binary);
  const std::string there(std::istreambuf_iterator<char>(written), {});
  if (!error && there == script) return {};
  return failure(FailureCode::GIT_FAILED, fmt::format("cannot write {}", path.string()));
}

/// A line of a hook: the owner's hook `name` runs in this process from now on; without a name: none does.
std::string mark(const fs::path& folder, std::string_view name) {
  return fmt::format("echo {} > {}\n", name.empty() ? "" : fmt::format("{} $$", name),
                     shell_quoted((folder / under_way).string()));
}

std::string words_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string words(words_bytes_max, '\0');
  in.read(words.data(), static_cast<std::streamsize>(words.size()));
  words.resize(static_cast<std::size_t>(in.gcount()));
  while (words.ends_with('\n')) words.pop_back();
  return printable(words);
}

struct RunningHook {
  std::string name;
  pid_t process;
};

std::optional<RunningHook> running_hook(const fs::path& folder) {
  const auto words = words_of(folder / under_way);
  const auto gap = words.find(' ');
  if (gap == words.npos) return std::nullopt;
  const auto process = std::atoi(words.c_str() + gap);
  if (process <= 1 || (::kill(process, 0) != 0 && errno != EPERM)) return std::nullopt;
  return RunningHook{words.substr(0, gap), process};
}

/// The hook that moves the work trees while git holds the lock of their branch. A tree that refuses
/// keeps the branch where it is, and those before it are moved back.
std::string transaction_hook(const fs::path& owners, const std::vector<WorkTree>& trees,
                             const PushRequest& request, const fs::path& folder) {
  const auto refusal = folder / refused;
  std::string script(begin);
  script += "moves=$(cat)\n";
  if (is_program(owners)) {
    script += mark(folder, transaction);
    script += fmt::format("printf '%s\\n' \"$moves\" | {} \"$@\" || exit 1\n", shell_quoted(owners.string()));
  }
  script += mark(folder, "");
  if (trees.empty()) return script;
  const std::string zeros(request.commit.size(), '0');
  script += fmt::format(
      "[ \"$1\" = prepared ] || exit 0\n"
      "printf '%s\\n' \"$moves\" | grep -qxF {} || exit 0\n",
      shell_quoted(fmt::format("{} {} {}", request.expected.value_or(zeros), request.commit, request.ref)));
  script += request.expected ? fmt::format("old={}\n", *request.expected)
                             : "old=$(git hash-object -t tree /dev/null)\n";
  script += fmt::format("mkdir {} 2> /dev/null || exit 1\n", shell_quoted((folder / moving).string()));
  script += fmt::format(
      "new={}\n"
      "unset GIT_QUARANTINE_PATH GIT_INDEX_FILE GIT_PREFIX\n"
      "move() {{\n"
      "  GIT_DIR=$1 GIT_WORK_TREE=$2 git -c core.fsmonitor=false -c core.hooksPath=/dev/null read-tree -m -u $3 $4\n"
      "}}\n",
      request.commit);
  std::string back;
  for (const auto& tree : trees) {
    const auto words = shell_quoted(tree.git_dir.string()) + " " + shell_quoted(tree.folder.string());
    script += fmt::format("cd {} && move {} $old $new 2> {} || {{ {}exit 1; }}\n", shell_quoted(tree.folder.string()),
                          words, shell_quoted(refusal.string()), back);
    back += fmt::format("move {} $new $old; ", words);
  }
  return script + fmt::format("rm -f {}\n", shell_quoted(refusal.string()));
}

}  // namespace

Result<TargetHooks> TargetHooks::write(const Git& git, const LocalRepository& repository,
                                       const std::vector<WorkTree>& trees, const PushRequest& request,
                                       fs::path folder) {
  auto owners = hooks_folder(git, repository);
  if (!owners) return failure(std::move(owners.error()));
  std::error_code error;
  fs::remove_all(folder, error);
  if (!fs::create_directory(folder, error)) {
    return failure(FailureCode::GIT_FAILED, fmt::format("{}: {}", folder.string(), error.message()));
  }
  const bool owner_moves = is_program(*owners / mover);
  for (const auto* name : owner_hooks) {
    if (!is_program(*owners / name)) continue;
    auto written = write_program(folder / name, fmt::format("{}{}exec {} \"$@\"\n", begin, mark(folder, name),
                                                            shell_quoted((*owners / name).string())));
    if (!written) return failure(std::move(written.error()));
  }
  const auto script = transaction_hook(*owners / transaction, owner_moves ? std::vector<WorkTree>() : trees,
                                       request, folder);
  if (auto written = write_program(folder / transaction, script); !written) {
    return failure(std::move(written.error()));
  }
  return TargetHooks(std::move(folder), owner_moves);
}

std::string TargetHooks::receiver(const Git& git) const {
  const ConfigValues config = {{"receive.denyCurrentBranch", owner_moves_ ? "updateInstead" : "ignore"},
                               {"receive.autogc", "false"},
                               {"core.fsmonitor", "false"}};
  return fmt::format("GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0={} {}",
                     shell_quoted(folder_.string()), local_service(git, "receive-pack", config, /*owner=*/true));
}

std::string TargetHooks::refusal() const {
  return words_of(folder_ / refused);
}

bool TargetHooks::may_end() {
  std::error_code ignored;
  given_up_ = given_up_ || fs::create_directory(folder_ / moving, ignored);
  return given_up_ || !running(folder_).empty();
}

std::string TargetHooks::running(const fs::path& folder) {
  const auto hook = running_hook(folder);
  if (!hook) return {};
  return fmt::format("the hook {} (process {}) of the repository runs", hook->name, hook->process);
}

void TargetHooks::end_in_hook(const fs::path& folder, int signal) {
  const auto hook = running_hook(folder);
  const auto group = hook ? ::getpgid(hook->process) : -1;
  if (group > 1 && group != ::getpgrp()) ::kill(-group, signal);
}

}  // namespace vitana::git
