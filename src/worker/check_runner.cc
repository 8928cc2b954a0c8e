#include "worker/check_runner.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>

#include "base/utf8.h"
#include "git/room.h"
#include "git/tree.h"
#include "git/workspace.h"
#include "worker/janitor.h"
#include "worker/kept_folders.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t command_shown_max = 2 * 1024;
constexpr std::size_t output_kept = 16 * 1024;
constexpr std::size_t last_words_kept = 4 * 1024;
constexpr std::size_t file_bytes_max = 64 << 20;
constexpr std::size_t script_bytes_max = 100 * 1024;  // Linux takes 128 KiB in one argument
constexpr int limit_exit_code = 124;                  // as timeout(1) answers
constexpr int depth_max = 200;  // each level holds a descriptor

void keep_tail(std::string& text, std::string_view more, std::size_t bytes) {
  text += more;
  if (text.size() > 2 * bytes) text.erase(0, text.size() - bytes);
}

std::string cleaned_tail(std::string text, std::size_t bytes = output_kept) {
  if (text.size() > bytes) {
    text.erase(0, text.size() - bytes);
    text.insert(0, "[…]\n");
  }
  return printable(text);
}

// Every file's identity and change time. The change time cannot be set back by a program. Nothing
// where the folder cannot be read to its end.
std::optional<Digest> look_of(const fs::path& folder) {
  Hasher hasher;
  std::vector<std::pair<std::string, struct stat>> entries;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, options, error), end; !error && at != end;
       at.increment(error)) {
    if (at.depth() > depth_max) return std::nullopt;
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) == 0) entries.emplace_back(at->path().string(), info);
  }
  std::ranges::sort(entries, {}, &std::pair<std::string, struct stat>::first);
  for (const auto& [path, info] : entries) {
    hasher.feed_framed(path);
    for (const auto number :
         {static_cast<std::uint64_t>(info.st_ino), static_cast<std::uint64_t>(info.st_ctim.tv_sec),
          static_cast<std::uint64_t>(info.st_ctim.tv_nsec)}) {
      hasher.feed_number(number);
    }
  }
  if (error) return std::nullopt;
  return hasher.finish();
}

std::string words_of(EndCause cause, Duration timeout) {
  switch (cause) {
    case EndCause::wall:
      return fmt::format("it took more than {}", to_words(timeout));
    case EndCause::silence:
      return "it was silent for too long";
    case EndCause::output:
      return "it printed more than is allowed";
    case EndCause::memory:
      return "it used more memory than is allowed";
    case EndCause::processes:
      return "it started more processes than are allowed";
    case EndCause::disk:
      return "it wrote more than is allowed";
    case EndCause::exited:
    case EndCause::stopped:
    case EndCause::engine_gone:
      break;
  }
  return std::string(name_of(cause));
}

CheckOutcome outcome_of(const SupervisedExit& exit, std::string output, Duration timeout) {
  CheckOutcome outcome;
  if (exit.cause != EndCause::exited) {
    outcome.exit_code = limit_exit_code;
    output += fmt::format("\n[{}]\n", words_of(exit.cause, timeout));
  } else {
    outcome.exit_code = exit.signal != 0 ? 128 + exit.signal : exit.exit_code;
  }
  outcome.output = cleaned_tail(std::move(output));
  return outcome;
}

}  // namespace

std::string CheckOutcome::last_words() const { return cleaned_tail(output, last_words_kept); }

Result<CheckOutcome> run_script(const Sandbox& sandbox, const ScriptRequest& request,
                                const CheckLimits& limits, std::stop_token stop) {
  if (request.script.size() > script_bytes_max) {
    return CheckOutcome{limit_exit_code, "the script is longer than 100 KiB\n"};
  }
  Confinement confinement;
  confinement.argv = {"/bin/sh", "-e", "-c", std::string(request.script)};
  confinement.workspace = request.workspace;
  confinement.scratch = request.scratch;
  confinement.objects = request.objects;
  confinement.network = request.network;
  confinement.environment = {{"CI", "true"}};
  confinement.limits = {.wall = request.timeout,
                        .output_bytes = limits.output_bytes,
                        .memory_bytes = limits.memory_bytes,
                        .processes = limits.processes,
                        .disk_bytes = limits.disk_bytes,
                        .disk_root = request.workspace};
  const auto command = sandbox.prepare(confinement);
  if (!command) return failure(command.error());
  std::string output;
  const auto exit = supervise(*command, stop,
                              [&](std::string_view text) { keep_tail(output, text, output_kept); });
  if (!exit) return failure(exit.error());
  if (exit->cause == EndCause::stopped) {
    return failure(FailureCode::CANCELLED, "the check was stopped");
  }
  return outcome_of(*exit, std::move(output), request.timeout);
}

Result<void> run_setup(const Sandbox& sandbox, const RepositoryRules& rules, TreeOf tree_of,
                       ScriptRequest request, const CheckLimits& limits, std::stop_token stop) {
  if (rules.setup.empty()) return {};
  const KeptFolders kept(rules, request.workspace);
  kept.bring(stop);
  request.network = true;
  request.timeout = limits.setup_timeout;
  for (const auto& command : rules.setup) {
    request.script = command;
    auto outcome = run_script(sandbox, request, limits, stop);
    if (!outcome) return failure(std::move(outcome.error()));
    if (outcome->green()) continue;
    return failure(
        Error{FailureCode::SETUP_FAILED,
              fmt::format("the setup command \"{}\" ended with {}", command, outcome->exit_code),
              {},
              {{"command", command},
               {"exit_code", std::to_string(outcome->exit_code)},
               {"output", outcome->last_words()}}});
  }
  if (tree_of == TreeOf::branch) kept.keep(stop);
  return {};
}

CheckBench::CheckBench(const Sandbox& sandbox, const RepositoryRules& rules, fs::path folder,
                       const CheckLimits& limits)
    : sandbox_(sandbox),
      objects_(rules.mirror->objects()),
      folder_(std::move(folder)),
      limits_(limits) {}

CheckBench::~CheckBench() { remove_tree(folder_); }

Result<std::unique_ptr<CheckBench>> CheckBench::make(const Sandbox& sandbox,
                                                     const RepositoryRules& rules, TreeOf tree_of,
                                                     const git::Oid& commit, const fs::path& folder,
                                                     const CheckLimits& limits,
                                                     std::stop_token stop) {
  std::unique_ptr<CheckBench> bench(new CheckBench(sandbox, rules, folder, limits));
  std::error_code error;
  fs::create_directories(folder / "scratch", error);
  if (error) {
    return failure(git::workspace_error(folder, "no folder for checks: " + error.message()));
  }
  auto cloned = git::clone_workspace(
      *rules.mirror,
      {.commit = commit, .folder = bench->ready(), .branch = {}, .identity = rules.author});
  if (!cloned) return failure(std::move(cloned.error()));
  auto set_up = run_setup(
      sandbox, rules, tree_of,
      {.workspace = bench->ready(), .scratch = folder / "scratch", .objects = bench->objects_},
      limits, stop);
  if (!set_up) return failure(std::move(set_up.error()));
  return bench;
}

Result<void> CheckBench::make_copy(std::stop_token stop) {
  if (copied_ && *copied_ == look_of(copy())) return {};
  copied_.reset();
  remove_tree(copy());
  if (auto made = copy_tree(ready(), copy(), stop); !made) return made;
  copied_ = look_of(copy());
  return {};
}

Result<CheckOutcome> CheckBench::run(std::string_view script, Duration timeout,
                                     std::stop_token stop) {
  if (auto copied = make_copy(stop); !copied) return failure(std::move(copied.error()));
  return run_script(sandbox_,
                    {.script = script,
                     .workspace = copy(),
                     .scratch = folder_ / "scratch",
                     .objects = objects_,
                     .timeout = timeout},
                    limits_, stop);
}

std::string to_string(const domain::FileCheck& check) {
  std::string text = "file " + check.path;
  if (check.missing) text += " is missing";
  for (const auto& wanted : check.contains) text += fmt::format(" contains \"{}\"", wanted);
  for (const auto& unwanted : check.absent) text += fmt::format(" has no \"{}\"", unwanted);
  return text;
}

Result<CheckOutcome> run_file_check(const git::Mirror& mirror, const git::Oid& tree,
                                    const domain::FileCheck& check) {
  const auto red = [](std::string why) { return CheckOutcome{1, printable(why) + "\n"}; };
  if (check.missing) {
    const auto entries = git::list_tree(mirror, tree);
    if (!entries) return failure(entries.error());
    const bool there = std::ranges::any_of(*entries, [&](const git::TreeEntry& entry) {
      return entry.path == check.path || entry.path.starts_with(check.path + "/");
    });
    return there ? red(check.path + " is there") : CheckOutcome{};
  }
  const auto text = git::read_file(mirror, tree, check.path, file_bytes_max);
  if (!text && text.error().code == FailureCode::FILE_TOO_LARGE) return red("it is too large");
  if (!text) return failure(text.error());
  if (!*text) return red(check.path + " is not there, or is no plain file");
  std::string found;
  for (const auto& wanted : check.contains) {
    if ((*text)->find(wanted) == std::string::npos) found += "lacks \"" + wanted + "\"\n";
  }
  for (const auto& unwanted : check.absent) {
    if ((*text)->find(unwanted) != std::string::npos) found += "has \"" + unwanted + "\"\n";
  }
  return found.empty() ? CheckOutcome{} : red(std::move(found));
}

Digest commands_digest(const RepositoryRules& rules) {
  Hasher hasher;
  hasher.feed_number(rules.setup.size());
  for (const auto& command : rules.setup) hasher.feed_framed(command);
  for (const auto& command : rules.commands) hasher.feed_framed(command);
  return hasher.finish();
}

std::string shown_checks(const domain::Criterion& criterion) {
  std::string shown;
  for (const auto& check : criterion.checks) {
    if (!shown.empty()) shown += "\n";
    shown += check.file ? to_string(*check.file) : check.script;
  }
  return std::string(utf8_prefix(shown, command_shown_max));
}

}  // namespace vitana::worker
