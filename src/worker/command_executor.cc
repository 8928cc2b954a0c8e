#include "worker/command_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "base/stop.h"
#include "git/commit.h"
#include "git/room.h"
#include "git/snapshot.h"
#include "git/tree.h"
#include "git/workspace.h"
#include "worker/base_check.h"
#include "worker/disk_meter.h"
#include "worker/janitor.h"
#include "worker/prompt.h"
#include "worker/run_log.h"

namespace vitana::worker {
namespace {

std::string how_it_ended(const SupervisedExit& exit) {
  if (exit.cause == EndCause::stopped) return "stopped";
  if (exit.cause != EndCause::exited) return fmt::format("ended at its limit: {}", name_of(exit.cause));
  return exit.signal != 0 ? fmt::format("ended by signal {}", exit.signal)
                          : fmt::format("ended with exit code {}", exit.exit_code);
}

namespace fs = std::filesystem;

Result<void> write_file(const fs::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (out.fail()) {
    return failure(git::workspace_error(file.parent_path(), "cannot write " + file.filename().string()));
  }
  return {};
}

Error agent_error(FailureCode code, std::string message, const SupervisedExit& exit,
                  const RunLog& log) {
  Error error{code, std::move(message), {}, {{"output", log.tail()}}};
  if (exit.signal != 0) error.context["signal"] = std::to_string(exit.signal);
  if (exit.exit_code >= 0) error.context["exit_code"] = std::to_string(exit.exit_code);
  error.context["ended_by"] = std::string(name_of(exit.cause));
  return error;
}

std::string bytes_in_words(std::uint64_t bytes) { return fmt::format("{} MiB", bytes >> 20); }

/// What an exit code other than 0 means: the agent's account, as the operator or the agent's report
/// says, else its work. Its output is never searched for reasons.
FailureCode code_of_exit(int exit_code, const AgentConfig& agent, const AgentReport& report) {
  const auto known = agent.exits.find(exit_code);
  if (known != agent.exits.end()) return known->second;
  return report.failure.value_or(FailureCode::AGENT_FAILED);
}

Result<process::Environment> granted(const SecretSource& source, const AgentConfig& agent) {
  process::Environment result;
  for (const auto& name : agent.secrets) {
    auto value = source ? source(agent.name, name) : std::nullopt;
    if (!value) {
      return failure(Error{FailureCode::SECRET_MISSING,
                           fmt::format("agent {} is granted {}, which is not there", agent.name, name)}
                         .with("secret", name));
    }
    result.insert_or_assign(name, std::move(*value));
  }
  return result;
}

// Only exit 0 is a result; everything else says what happened.
Result<void> judge_exit(const SupervisedExit& exit, const Limits& limits, const AgentConfig& agent,
                        const AgentReport& report, const RunLog& log) {
  using enum FailureCode;
  const auto refuse = [&](FailureCode code, std::string message) {
    return failure(agent_error(code, std::move(message), exit, log));
  };
  switch (exit.cause) {
    case EndCause::exited:
      if (exit.signal != 0) {
        return refuse(AGENT_FAILED, fmt::format("signal {} ended the agent", exit.signal));
      }
      if (exit.exit_code != 0) {
        return refuse(code_of_exit(exit.exit_code, agent, report),
                      fmt::format("agent {} ended with exit code {}", agent.name, exit.exit_code));
      }
      return {};
    case EndCause::wall:
      return refuse(AGENT_TIMEOUT,
                    fmt::format("the agent ran for more than {}", to_words(limits.wall)));
    case EndCause::silence:
      return refuse(AGENT_TIMEOUT,
                    fmt::format("the agent was silent for more than {}", to_words(limits.silence)));
    case EndCause::output:
      return refuse(AGENT_OUTPUT_LIMIT,
                    "the agent printed more than " + bytes_in_words(limits.output_bytes));
    case EndCause::memory:
      return refuse(AGENT_MEMORY_LIMIT,
                    "the agent used more than " + bytes_in_words(limits.memory_bytes));
    case EndCause::processes:
      return refuse(AGENT_FAILED,
                    fmt::format("the agent had more than {} processes", limits.processes));
    case EndCause::disk:
      if (exit.disk_peak == DiskMeter::endless) {
        return refuse(AGENT_DISK_LIMIT, "the workspace has folders too deep in each other to count");
      }
      return refuse(AGENT_DISK_LIMIT,
                    "the workspace grew beyond " + bytes_in_words(limits.disk_bytes));
    case EndCause::stopped:
    case EndCause::engine_gone:
      break;
  }
  return refuse(CANCELLED, "the agent was stopped");
}

}  // namespace

// One grant of one run: its folders and what was found out about it.
struct CommandExecutor::Job {
  const port::Assignment& assignment;
  AgentConfig agent;
  RepositoryRules rules;
  std::string name;
  fs::path folder;
  std::string start_tree;  // what the agent finds: the base with what setup made of it
  AgentReport report;
  bool unsandboxed;
  process::Environment secrets;
  RunLog log;

  fs::path tree() const { return folder / "tree"; }
  fs::path exchange() const { return folder / "run"; }
  fs::path scratch() const { return folder / "scratch"; }
  const std::string& base() const { return assignment.run.base_commit; }
  std::string run_id() const { return assignment.run.id.to_string(); }

  Result<git::Oid> take_snapshot(std::uint64_t bytes_max) const {
    std::vector<std::string> left_out = rules.cache;
    return git::snapshot(*rules.mirror, {.folder = tree(),
                                         .base = base(),
                                         .exclude = std::move(left_out),
                                         .bytes_max = bytes_max});
  }

  Result<void> make_folders() const {
    remove_tree(folder);
    std::error_code error;
    for (const auto& part : {exchange(), scratch()}) {
      if (!error) fs::create_directories(part, error);
    }
    if (error) {
      return failure(git::workspace_error(folder, "no workspace: " + error.message()));
    }
    fs::permissions(folder, fs::perms::owner_all, error);
    return git::clone_workspace(
        *rules.mirror,
        {.commit = base(), .folder = tree(), .branch = {}, .identity = rules.author});
  }

  Result<void> set_up(const Sandbox& sandbox, const CheckLimits& limits,
                      std::stop_token stop) const {
    return run_setup(
        sandbox, rules, TreeOf::branch,
        {.workspace = tree(), .scratch = scratch(), .objects = rules.mirror->objects()}, limits,
        stop);
  }
};

CommandExecutor::CommandExecutor(const Sandbox& sandbox, CommandExecutorOptions options)
    : sandbox_(sandbox), options_(std::move(options)) {}

Result<domain::Executed> CommandExecutor::execute(const port::Assignment& assignment,
                                                  std::stop_token stop) {
  const StopScope stoppable(stop);
  const auto& run = assignment.run;
  auto agent = options_.agent(run.agent);
  if (!agent) {
    return failure(FailureCode::AGENT_UNKNOWN, fmt::format("no agent is named \"{}\"", run.agent));
  }
  auto rules = options_.rules(run.repo, run.base_commit);
  if (!rules) return failure(std::move(rules.error()));

  auto name = workspace_name(run.id, assignment.lease().fence);
  auto secrets = granted(options_.secret, *agent);
  if (!secrets) return failure(std::move(secrets.error()));
  std::vector<std::string> hidden;
  for (const auto& [_, value] : *secrets) hidden.push_back(value);
  Job job{.assignment = assignment,
          .agent = std::move(*agent),
          .rules = std::move(*rules),
          .name = name,
          .folder = options_.workspaces / name,
          .start_tree = {},
          .report = {},
          .unsandboxed = !sandbox_.active(),
          .secrets = std::move(*secrets),
          .log = RunLog(options_.logs / (run.id.to_string() + ".log"), Redactor(std::move(hidden)),
                        options_.log_bytes_max)};
  auto result = carry_out(job, stop);
  if (result) return result;
  // It is stored and shown: names of files and last words are the agent's to choose.
  auto error = job.log.redactor().all(std::move(result.error()));
  job.log.note(to_string(error));
  return failure(std::move(error).with("workspace", name));
}

Result<domain::Executed> CommandExecutor::carry_out(Job& job, std::stop_token stop) const {
  const auto& run = job.assignment.run;
  const auto base_folder = options_.workspaces / (job.name + "-base");
  if (!job.rules.commands.empty()) job.log.note("is the base green?");
  auto done = require_green_base({.sandbox = sandbox_,
                                  .rules = job.rules,
                                  .green = options_.green_bases,
                                  .repo = run.repo,
                                  .commit = run.base_commit,
                                  .folder = base_folder,
                                  .limits = options_.check_limits},
                                 stop);
  if (done) done = job.make_folders();
  if (done && !job.rules.setup.empty()) job.log.note("setup");
  if (done) done = job.set_up(sandbox_, options_.check_limits, stop);
  if (done) done = run_agent(job, stop);
  if (!done) return failure(std::move(done.error()));
  return take_result(job);
}

Result<void> CommandExecutor::run_agent(Job& job, std::stop_token stop) const {
  auto start = job.rules.setup.empty() ? git::tree_of(*job.rules.mirror, job.base())
                                       : job.take_snapshot(options_.check_limits.disk_bytes);
  if (!start) {
    if (start.error().code == FailureCode::AGENT_DISK_LIMIT) start.error().code = FailureCode::SETUP_FAILED;
    return failure(std::move(start.error()));
  }
  job.start_tree = *start;

  const auto inside = sandbox_.exchange_inside(job.exchange());
  const auto report_file = job.exchange() / "report.json";
  const auto prompt =
      build_prompt(job.assignment, {.workspace = sandbox_.workspace_inside(job.tree()).string(),
                                    .report_file = (inside / "report.json").string(),
                                    .protected_globs = job.rules.protected_globs,
                                    .repository_checks = job.rules.commands});
  if (auto ok = write_file(job.exchange() / "spec.md", job.assignment.spec_text); !ok) return ok;
  if (auto ok = write_file(job.exchange() / "prompt.md", prompt); !ok) return ok;

  Confinement confinement;
  confinement.argv = job.agent.command;
  confinement.workspace = job.tree();
  confinement.exchange = job.exchange();
  confinement.scratch = job.scratch();
  confinement.objects = job.rules.mirror->objects();
  confinement.read = job.agent.read;
  confinement.network = job.agent.network == AgentNetwork::hosts;
  confinement.input = prompt;
  confinement.environment = {{"VITANA_VTID", job.assignment.run.id.vtid.to_string()},
                             {"VITANA_RUN_ID", job.run_id()},
                             {"VITANA_SPEC_FILE", (inside / "spec.md").string()},
                             {"VITANA_PROMPT_FILE", (inside / "prompt.md").string()},
                             {"VITANA_REPORT_FILE", (inside / "report.json").string()}};
  confinement.environment.insert(job.secrets.begin(), job.secrets.end());
  auto wall = job.agent.timeout;
  if (const auto most = options_.wall_max; most > Duration{0}) {
    wall = wall > Duration{0} ? std::min(wall, most) : most;
  }
  confinement.limits = {.wall = wall,
                        .silence = job.agent.silence,
                        .output_bytes = job.agent.output_bytes,
                        .memory_bytes = job.agent.memory_bytes,
                        .processes = job.agent.processes,
                        .disk_bytes = job.agent.disk_bytes,
                        .disk_root = job.folder};

  auto& log = job.log;
  const auto command = sandbox_.prepare(confinement);
  if (!command) {
    auto error = command.error();
    if (error.code == FailureCode::PROGRAM_FAILED) error.code = FailureCode::AGENT_MISSING;
    return failure(std::move(error));
  }
  log.note(fmt::format("agent {} starts for {} on {}{}", job.agent.name, job.run_id(), job.base(),
                       job.unsandboxed ? ", without a sandbox" : ""));
  if (confinement.network) {
    log.note(fmt::format("it has network; allowed hosts, not enforced: {}",
                         fmt::join(job.agent.network_hosts, " ")));
  }
  const auto exit = supervise(*command, stop, [&](std::string_view text) { log.output(text); });
  log.finish();
  if (!exit) return failure(Error(exit.error()).under("the agent could not be run"));
  job.report = read_report(report_file).value_or(AgentReport{});
  for (auto* text : {&job.report.summary, &job.report.question}) *text = log.redactor().all(*text);
  log.note(fmt::format("{}, after {}, {} of memory", how_it_ended(*exit), to_words(exit->duration),
                       bytes_in_words(exit->memory_peak)));
  if (!job.report.summary.empty()) log.note("the agent's summary: " + job.report.summary);
  auto judged = judge_exit(*exit, confinement.limits, job.agent, job.report, log);
  if (!judged && job.report.usage != domain::Usage{}) {
    judged.error().context["usage"] = job.report.usage.to_json();
  }
  return judged;
}

Result<domain::Executed> CommandExecutor::take_result(Job& job) const {
  const auto& run = job.assignment.run;
  const auto& mirror = job.rules.mirror;
  auto tree = job.take_snapshot(job.agent.disk_bytes);
  if (!tree) return failure(std::move(tree.error()));
  const auto base_tree = git::tree_of(*mirror, job.base());
  if (!base_tree) return failure(base_tree.error());

  domain::Executed executed;
  executed.fence = job.assignment.lease().fence;
  // What setup did to files of the repository is not the agent's work.
  if (job.start_tree != *base_tree) {
    auto without = git::merge_trees(*mirror, job.start_tree, *base_tree, *tree);
    if (without) tree = std::move(without);
    // On a conflict the agent changed what setup had changed: then all of it is the result.
  }
  executed.changed = *tree != *base_tree;
  const git::Signature signature{job.rules.author, run.created_at};
  const std::vector<git::Oid> parents{job.base()};
  auto commit = git::commit_tree(
      *mirror, *tree, parents,
      git::commit_message("Result of " + job.run_id(), {}, {{"Run", job.run_id()}}), signature,
      signature);
  if (!commit) return failure(std::move(commit.error()));
  if (auto kept = mirror->keep("results/" + job.run_id(), *commit); !kept) {
    return failure(std::move(kept.error()));
  }
  executed.result_commit = std::move(*commit);
  executed.result_tree = std::move(*tree);
  executed.no_change_allowed = job.assignment.spec.no_change;
  executed.unsandboxed = job.unsandboxed;
  executed.question = job.report.question;
  executed.usage = job.report.usage;
  executed.workspace = job.name;
  return executed;
}

}  // namespace vitana::worker
