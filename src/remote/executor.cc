#include "remote/executor.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "base/digest.h"
#include "git/bundle.h"
#include "remote/again.h"
#include "remote/log_sender.h"
#include "worker/janitor.h"

namespace vitana::remote {
namespace {

constexpr std::size_t have_max = 20;
constexpr std::string_view base_checkout = "-base";  ///< of the repository's own checks, beside a workspace

}  // namespace

Result<std::shared_ptr<Executor::Place>> Executor::place_of(const std::string& repo) {
  const std::lock_guard lock(mutex_);
  auto& place = places_[repo];
  if (place) return place;
  // What a repository is called elsewhere is no path here.
  const auto folder = options_.mirrors / (Digest::of(repo).hex().substr(0, 16) + ".git");
  auto mirror = git::Mirror::open(folder, options_.git);
  if (!mirror) {
    places_.erase(repo);
    return failure(std::move(mirror.error()));
  }
  place = std::make_shared<Place>();
  place->mirror = std::move(*mirror);
  return place;
}

Result<void> Executor::fetch_base(Place& place, const port::Assignment& assignment, const std::stop_token& stop) {
  const auto turn = place.fetching.take("another fetch");
  if (!turn) return failure(turn.error());
  auto& mirror = *place.mirror;
  const auto& base = assignment.run.base_commit;
  const auto name = std::string(bases_kept) + base;
  const auto there = mirror.exists(base);
  if (!there) return failure(there.error());
  if (!*there) {
    const auto names = mirror.kept(Instant::max());
    if (!names) return failure(names.error());
    std::vector<std::string> have;
    for (const auto& kept : *names) {
      if (kept.starts_with(bases_kept) && have.size() < have_max) have.push_back(kept.substr(bases_kept.size()));
    }
    const auto bundle = until_taken(stop, [&] {
      return gateway_.base_bundle(assignment.run.id, assignment.lease().fence, have, stop);
    });
    if (!bundle) return failure(bundle.error());
    const auto tip = git::take_bundle(mirror, *bundle, git::BundleTrust::hashes);
    if (!tip) return failure(tip.error());
    if (tip->commit != base) return failure(FailureCode::COMMIT_MISSING, "the bundle holds another commit");
  }
  return mirror.keep(name, base);
}

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
  worker::RepositoryRules rules;
  rules.mirror = mirror;
  rules.setup = terms.setup;
  rules.cache = terms.cache;
  rules.commands = terms.commands;
  rules.command_timeout = terms.command_timeout;
  rules.protected_globs = terms.protected_globs;
  rules.author = {terms.author_name, terms.author_email};
  options.rules = [rules](const std::string&, const std::string&) -> Result<worker::RepositoryRules> { return rules; };
  options.wall_max = terms.wall_max;
  return options;
}

Result<domain::Executed> Executor::execute(const port::Assignment& assignment, std::stop_token stop) {
  const StopScope stoppable(stop);
  const auto& run = assignment.run;
  const auto fence = assignment.lease().fence;
  const auto terms = source_.terms(run.id, fence);
  if (!terms) return failure(FailureCode::LEASE_STALE, fmt::format("run {} is not held any more", run.id.to_string()));
  const auto place = place_of(run.repo);
  if (!place) return failure(place.error());
  auto fetched = fetch_base(**place, assignment, stop);
  if (!fetched) return failure(std::move(fetched.error()).under("what the run starts from could not be fetched"));

  const auto name = worker::workspace_name(run.id, fence);
  {
    const std::lock_guard lock(mutex_);
    live_.insert(name);
  }
  auto executed = carry_out(assignment, *terms, (*place)->mirror, stop);
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
