#include "remote/executor.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "git/bundle.h"
#include "remote/again.h"
#include "remote/log_sender.h"
#include "worker/janitor.h"

namespace vitana::remote {
namespace {

constexpr std::string_view base_checkout = "-base";  ///< of the repository's own checks, beside a workspace

}  // namespace

Result<void> Executor::send_result(const git::Mirror& mirror, const port::Assignment& assignment,
                                   const std::string& commit, const std::stop_token& stop) {
  const auto& run = assignment.run;
  const auto bytes = git::bytes_between(mirror, run.base_commit, commit);
  if (!bytes) return failure(bytes.error());
  const auto most = options_.result_bytes_max;
  if (*bytes > most) {
    return failure(FailureCode::AGENT_DISK_LIMIT,
                   fmt::format("the change is larger than the {} MiB that a worker elsewhere may send", most >> 20));
  }
  auto bundle = git::make_bundle(mirror, "results/" + run.id.to_string(), {run.base_commit}, most);
  if (!bundle) return failure(std::move(bundle.error()));
  return until_taken(stop, [&] { return gateway_.send_result(run.id, assignment.lease().fence, *bundle, stop); });
}

worker::CommandExecutorOptions Executor::terms_of(const Terms& terms,
                                                  const std::shared_ptr<git::Mirror>& mirror) const {
  auto options = options_.here;
  options.agent = [own = options_.here.agent, terms](const std::string& name) -> std::optional<worker::AgentConfig> {
    if (own) {
      if (auto found = own(name)) return found;
    }
    return name == terms.agent.name ? std::optional(terms.agent) : std::nullopt;
  };
  options.rules = [rules = rules_of(terms, mirror)](const auto&, const auto&) {
    return Result<worker::RepositoryRules>(rules);
  };
  options.wall_max = terms.wall_max;
  return options;
}

Result<domain::Executed> Executor::execute(const port::Assignment& assignment, std::stop_token stop) {
  const StopScope stoppable(stop);
  const auto& run = assignment.run;
  const auto fence = assignment.lease().fence;
  const auto terms = source_.terms(run.id, fence);
  if (!terms) return failure(FailureCode::LEASE_STALE, fmt::format("run {} is not held any more", run.id.to_string()));
  const auto mirror = mirrors_.with(assignment, run.base_commit, stop);
  if (!mirror) return failure(Error(mirror.error()).under("what the run starts from could not be fetched"));

  const auto name = worker::workspace_name(run.id, fence);
  {
    const std::lock_guard lock(mutex_);
    live_.insert(name);
  }
  auto executed = carry_out(assignment, *terms, *mirror, stop);
  {
    const std::lock_guard lock(mutex_);
    live_.erase(name);
  }
  if (executed) worker::remove_tree(options_.here.workspaces / name);
  sweep();
  return executed;
}

Result<domain::Executed> Executor::carry_out(const port::Assignment& assignment, const Terms& terms,
                                             const std::shared_ptr<git::Mirror>& mirror, const std::stop_token& stop) {
  const auto& run = assignment.run;
  const auto fence = assignment.lease().fence;
  auto options = terms_of(terms, mirror);
  options.logs /= worker::workspace_name(run.id, fence);  // another grant of the run may be under way here
  std::optional<Result<domain::Executed>> executed;
  {
    LogSender log(gateway_, run.id, fence, options.logs / (run.id.to_string() + ".log"));
    executed = worker::CommandExecutor(sandbox_, options).execute(assignment, stop);
    log.finish(stop);
  }
  worker::remove_tree(options.logs);
  if (!*executed) return std::move(*executed);
  auto sent = send_result(*mirror, assignment, (*executed)->result_commit, stop);
  if (!sent) return failure(std::move(sent.error()).under("the result could not be sent"));
  return std::move(*executed);
}

void Executor::sweep() {
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const std::lock_guard lock(mutex_);
  (void)worker::sweep({.folder = options_.here.workspaces}, [this](const std::string& name) {
    const auto step = name.ends_with(base_checkout) ? name.substr(0, name.size() - base_checkout.size()) : name;
    if (live_.contains(step)) return worker::WorkspaceFate::live;
    return step == name ? worker::WorkspaceFate::failed : worker::WorkspaceFate::ended;
  }, now);
}

}  // namespace vitana::remote
