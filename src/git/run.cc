#include "git/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stop_token>
#include <string_view>

#include "base/stop.h"
#include "base/utf8.h"
#include "git/names.h"
#include "process/run.h"

namespace vitana::git {
namespace {

constexpr std::size_t err_bytes_max = 16 * 1024;
constexpr std::size_t cause_bytes_max = 600;

// Configuration of the command scope: it beats what a repository's own configuration says, and it
// is the only scope besides the owner's own in which safe.directory counts.
const ConfigValues& fixed_config() {
  static const ConfigValues values = {
      {"safe.directory", "*"},
      {"core.hooksPath", "/dev/null"},
      {"core.fsmonitor", "false"},
      {"core.untrackedCache", "false"},
      {"core.attributesFile", "/dev/null"},
      {"core.excludesFile", "/dev/null"},
      {"core.pager", "cat"},
      {"core.quotePath", "false"},
      {"core.filesRefLockTimeout", "5000"},
      {"core.packedRefsTimeout", "5000"},
      // A tree that the ledger names must survive a power cut, loose objects too.
      {"core.fsync", "committed,loose-object"},
      {"core.fsyncMethod", "batch"},
      {"credential.helper", ""},
      // A server that says nothing for so long says nothing any more. (git's own send a sign of life.)
      {"http.lowSpeedLimit", "1"},
      {"http.lowSpeedTime", "20"},
      {"gc.auto", "0"},
      {"maintenance.auto", "false"},
      {"protocol.ext.allow", "never"},
      {"submodule.recurse", "false"},
      {"advice.addEmbeddedRepo", "false"},
      {"init.defaultBranch", "main"},
  };
  return values;
}

std::string name_of_call(const Call& call) {
  return call.args.empty() ? "git" : fmt::format("git {}", call.args.front());
}

constexpr auto orphan_slack = std::chrono::seconds(30);  ///< the engine's own deadline comes first

// The deadline of a call that may outlive the engine.
std::vector<std::string> bounded(std::chrono::milliseconds deadline) {
  const std::chrono::duration<double> limit = deadline + orphan_slack;
  return {"timeout", "--kill-after=10", fmt::format("{}", limit.count())};
}

}  // namespace

std::vector<std::string> Git::arguments(const Call& call) const {
  std::vector<std::string> result = {options_.program, "--no-pager"};
  result.insert(result.end(), call.args.begin(), call.args.end());
  return result;
}

process::Environment Git::environment(const Call& call) const {
  process::Environment result = {
      {"PATH", options_.path},
      {"HOME", "/nonexistent"},
      {"LC_ALL", "C"},
      {"TZ", "UTC"},
      {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_CONFIG_GLOBAL", "/dev/null"},
      {"GIT_ATTR_NOSYSTEM", "1"},
      {"GIT_TERMINAL_PROMPT", "0"},
      {"GIT_ASKPASS", ""},
      {"SSH_ASKPASS", ""},
      {"GIT_SSH_COMMAND",
       "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=10 -o ServerAliveCountMax=2"},
      {"GIT_EDITOR", "false"},
      {"GIT_OPTIONAL_LOCKS", "0"},
      {"GIT_NO_REPLACE_OBJECTS", "1"},
      {"GIT_LITERAL_PATHSPECS", "1"},
      {"GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"},
      {"GIT_CEILING_DIRECTORIES", call.cwd.parent_path().string()},
  };
  if (call.owner && !options_.home.empty()) {
    for (const auto* name : {"GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_ATTR_NOSYSTEM"}) {
      result.erase(name);
    }
    result["HOME"] = options_.home.string();
  }
  if (!call.git_dir.empty()) result["GIT_DIR"] = call.git_dir.string();
  if (!call.work_tree.empty()) result["GIT_WORK_TREE"] = call.work_tree.string();
  if (!call.index_file.empty()) result["GIT_INDEX_FILE"] = call.index_file.string();
  std::size_t count = 0;
  const auto add = [&](const ConfigValues& values) {
    for (const auto& [key, value] : values) {
      result[fmt::format("GIT_CONFIG_KEY_{}", count)] = key;
      result[fmt::format("GIT_CONFIG_VALUE_{}", count)] = value;
      ++count;
    }
  };
  add(fixed_config());
  if (call.network) {
    add(options_.network_config);
    for (const auto& [name, value] : options_.network_environment) result[name] = value;
  }
  add(call.config);
  result["GIT_CONFIG_COUNT"] = std::to_string(count);
  for (const auto& [name, value] : call.environment) result[name] = value;
  return result;
}

Result<Answer> Git::try_run(const Call& call) const {
  process::RunRequest request;
  if (call.held >= 0) request.argv = bounded(options_.push_deadline);
  // What is only mapped from files is not counted.
  if (call.memory_max > 0) request.argv = {"prlimit", fmt::format("--data={}", call.memory_max), "--"};
  std::ranges::move(arguments(call), std::back_inserter(request.argv));
  request.environment = environment(call);
  request.cwd = call.work_tree.empty() ? call.cwd : call.work_tree;
  request.input = call.input;
  request.held = call.held;
  request.deadline = call.held >= 0               ? options_.push_deadline
                     : call.network || call.slow ? options_.network_deadline
                                                 : options_.deadline;
  request.out = {.bytes_max = call.bytes_max, .keep = process::Keep::head};
  request.err = {.bytes_max = err_bytes_max, .keep = process::Keep::tail};
  // What prints more than may be is ended: it could go on for as long as its deadline.
  std::stop_source ended;
  const std::stop_callback stopped(StopScope::current(), [&ended] { ended.request_stop(); });
  std::size_t printed = 0;
  request.stop = ended.get_token();
  request.on_output = [&](process::Stream stream, std::string_view text) {
    if (stream == process::Stream::out && (printed += text.size()) > call.bytes_max) ended.request_stop();
  };
  request.busy = call.busy;
  request.leashed = call.held < 0;
  auto output = process::run(request);
  if (!output) return failure(std::move(output.error()));

  const auto name = name_of_call(call);
  Answer answer{output->exit_code, std::move(output->out.text), std::move(output->err.text)};
  if (output->stopped && printed <= call.bytes_max) {
    return failure(FailureCode::CANCELLED, fmt::format("{} was stopped", name));
  }
  if (output->timed_out && printed <= call.bytes_max) {
    return failure(git_error(
        FailureCode::GIT_FAILED,
        fmt::format("{} took longer than {} s", name, request.deadline.count() / 1000), answer));
  }
  if (output->signal != 0 && printed <= call.bytes_max) {
    return failure(git_error(FailureCode::GIT_FAILED,
                             fmt::format("{} was ended by signal {}", name, output->signal),
                             answer));
  }
  if (output->out.truncated) {
    return failure(FailureCode::GIT_FAILED,
                   fmt::format("{} printed more than {} bytes", name, call.bytes_max));
  }
  return answer;
}

Result<std::string> Git::run(const Call& call) const {
  auto answer = try_run(call);
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code != 0) {
    return failure(git_error(
        FailureCode::GIT_FAILED,
        fmt::format("{} ended with exit code {}", name_of_call(call), answer->exit_code), *answer));
  }
  return std::move(answer->out);
}

Error git_error(FailureCode code, std::string message, const Answer& answer) {
  Error error{code, std::move(message)};
  auto words = printable(without_credentials(answer.err));
  words.erase(words.find_last_not_of(" \t\n") + 1);
  std::ranges::replace(words, '\n', ' ');
  if (words.size() > cause_bytes_max) {
    words = utf8_clean(std::string_view(words).substr(words.size() - cause_bytes_max));
  }
  if (!words.empty()) error.causes.push_back(std::move(words));
  return error;
}

}  // namespace vitana::git
