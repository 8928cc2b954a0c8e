#include "app/run_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "git/bundle.h"
#include "process/fd.h"
#include "port/worker_protocol.h"
#include "worker/command_executor.h"

namespace vitana::app {
namespace {

constexpr std::string_view full_note = "\nvitana: the log is full; what follows is not kept\n";
const std::uint64_t log_bytes_max = worker::CommandExecutorOptions{}.log_bytes_max;

/// One of the bundles that are worked on at a time.
class BundleTurn {
 public:
  explicit BundleTurn(std::counting_semaphore<>& free) : free_(free), taken_(free.try_acquire()) {}
  ~BundleTurn() {
    if (taken_) free_.release();
  }
  BundleTurn(const BundleTurn&) = delete;
  BundleTurn& operator=(const BundleTurn&) = delete;
  Result<void> ok() const {
    if (taken_) return {};
    return failure(FailureCode::GATEWAY_BUSY, "as many bundles are worked on as the gateway takes at a time");
  }

 private:
  std::counting_semaphore<>& free_;
  const bool taken_;
};

std::string result_name(const RunId& run) { return "results/" + run.to_string(); }

remote::Terms terms_by(worker::RepositoryRules rules) {
  return {.setup = std::move(rules.setup),
          .cache = std::move(rules.cache),
          .commands = std::move(rules.commands),
          .command_timeout = rules.command_timeout,
          .protected_globs = std::move(rules.protected_globs),
          .author_name = rules.author.name,
          .author_email = rules.author.email,
          .agent = {}};
}

Error log_error(const std::filesystem::path& file) {
  const auto code = errno == ENOSPC || errno == EDQUOT ? FailureCode::STORE_FULL : FailureCode::STORE_FAILED;
  return {code, fmt::format("{}: {}", file.string(), std::strerror(errno))};
}

bool write_at(int file, std::string_view text, std::uint64_t offset) {
  while (!text.empty()) {
    const auto size = ::pwrite(file, text.data(), text.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
    offset += static_cast<std::uint64_t>(size);
  }
  return true;
}

}  // namespace

gateway::RunFiles RunFileKeeper::files() {
  return {.terms = [this](const auto& assignment) { return terms(assignment); },
          .candidate = [this](const auto& assignment) { return candidate(assignment); },
          .redactor = [this](const auto& agent) { return worker::redactor_for(agent_, secret_, agent); },
          .base_bundle = [this](const auto& run, const auto& have) { return base_bundle(run, have); },
          .take_bundle = [this](const auto& run, const auto& bundle) { return take_bundle(run, bundle); },
          .result = [this](const auto& run, const auto& commit) { return keep_result(run, commit); },
          .append_log = [this](const auto& run, auto offset, auto text) { return append_log(run, offset, text); }};
}

worker::RuleSource RunFileKeeper::rules() const {
  return [this](const std::string& repo, const std::string& commit) { return repositories_.rules(repo, commit); };
}

Result<remote::Terms> RunFileKeeper::terms(const port::Assignment& assignment) const {
  return assignment.step == domain::Step::verify ? terms_of_verification(assignment)
                                                 : terms_of_execution(assignment.run);
}

Result<remote::Terms> RunFileKeeper::terms_of_execution(const domain::Run& run) const {
  auto agent = agent_(run.agent);
  if (!agent) return failure(FailureCode::AGENT_UNKNOWN, fmt::format("no agent is named \"{}\"", run.agent));
  auto rules = repositories_.rules(run.repo, run.base_commit);
  if (!rules) return failure(std::move(rules.error()));
  auto terms = terms_by(std::move(*rules));
  terms.agent = std::move(*agent);
  terms.wall_max = wall_max_;
  return terms;
}

Result<remote::Terms> RunFileKeeper::terms_of_verification(const port::Assignment& assignment) const {
  const auto redactor = worker::redactor_for(agent_, secret_, assignment.run.agent);
  auto candidate = worker::make_candidate(rules(), assignment);
  if (!candidate) return failure(redactor.all(std::move(candidate.error())));
  if (candidate->error) return failure(redactor.all(std::move(*candidate->error)));
  const auto unverified = candidate->rules.unverified;
  auto terms = terms_by(std::move(candidate->rules));
  terms.agent.name = assignment.run.agent;
  terms.judging = {std::move(candidate->deliverable.new_commit), candidate->nothing_to_deliver, unverified};
  return terms;
}

Result<worker::Candidate> RunFileKeeper::candidate(const port::Assignment& assignment) const {
  return worker::kept_candidate(rules(), assignment);
}

Result<std::shared_ptr<git::Mirror>> RunFileKeeper::mirror(const domain::Run& run) const {
  const auto repository = repositories_.find(run.repo);
  if (!repository) return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", run.repo));
  return repository->mirror();
}

Result<gateway::RunFiles::Bundle> RunFileKeeper::base_bundle(const domain::Run& run,
                                                             const std::vector<std::string>& have) const {
  const auto mirror = this->mirror(run);
  if (!mirror) return failure(mirror.error());
  // Its turn lasts until all of it was sent.
  const auto turn = std::make_shared<BundleTurn>(bundling_);
  if (auto mine = turn->ok(); !mine) return failure(std::move(mine.error()));
  auto name = "runs/" + run.id.to_string();
  if (run.state == domain::RunState::verifying) {
    name = worker::deliverable_kept(run.id);
    const auto made = (*mirror)->kept_commit(name);
    if (!made) return failure(made.error());
    if (!*made) name = worker::undelivered_kept(run.id);
  } else if (auto kept = (*mirror)->keep(name, run.base_commit); !kept) {
    return failure(std::move(kept.error()));
  }
  auto bytes = git::make_bundle(**mirror, name, have, port::base_bundle_bytes_max);
  if (!bytes) return failure(std::move(bytes.error()));
  return gateway::RunFiles::Bundle{std::move(*bytes), turn};
}

Result<void> RunFileKeeper::take_bundle(const domain::Run& run, const std::string& bundle) const {
  const auto mirror = this->mirror(run);
  if (!mirror) return failure(mirror.error());
  const BundleTurn turn(bundling_);
  if (auto mine = turn.ok(); !mine) return mine;
  const auto tip = git::take_bundle(**mirror, bundle, git::BundleTrust::none);
  if (!tip) return failure(tip.error());
  auto kept = keep_result(run, tip->commit);
  if (!kept) return failure(std::move(kept.error()));
  return {};
}

Result<gateway::RunFiles::Outcome> RunFileKeeper::keep_result(const domain::Run& run, const std::string& commit) const {
  const auto mirror = this->mirror(run);
  if (!mirror) return failure(mirror.error());
  const auto agent = agent_(run.agent);
  const auto bytes_max = agent ? agent->disk_bytes : worker::AgentConfig{}.disk_bytes;
  auto judged = git::judge_foreign_commit(**mirror, run.base_commit, commit, bytes_max);
  if (!judged) return failure(std::move(judged.error()));
  if (auto kept = (*mirror)->keep(result_name(run.id), commit); !kept) return failure(std::move(kept.error()));
  return gateway::RunFiles::Outcome{std::move(judged->tree), judged->changed};
}

Result<gateway::RunFiles::LogEnd> RunFileKeeper::append_log(const RunId& run, std::size_t offset,
                                                            std::string_view text) {
  const std::lock_guard one_at_a_time(appending_);
  const auto path = data_.logs() / (run.to_string() + ".log");
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  const process::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info{};
  if (!file.open() || ::fstat(file.get(), &info) != 0) return failure(log_error(path));
  auto end = static_cast<std::size_t>(info.st_size);
  if (offset != end || text.empty()) return gateway::RunFiles::LogEnd{end, end >= log_bytes_max};
  const bool full = end + text.size() > log_bytes_max;
  if (full) text = full_note;
  if (!write_at(file.get(), text, end)) return failure(log_error(path));
  return gateway::RunFiles::LogEnd{end + text.size(), full};
}

}  // namespace vitana::app
