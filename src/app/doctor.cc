#include "app/doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <thread>

#include "app/config_file.h"
#include "app/data_folder.h"
#include "app/database.h"
#include "app/repositories.h"
#include "app/secrets.h"
#include "app/session.h"
#include "app/system.h"
#include "app/uncommitted.h"
#include "gateway/server.h"
#include "process/program.h"
#include "process/run.h"

namespace vitana::app {

namespace fs = std::filesystem;

namespace {

/// A program of a repository is looked for in its working tree, where there is one.
bool can_be_started(const std::string& program, const std::vector<config::Repo>& repos) {
  if (program.empty()) return false;
  if (program.find('/') == program.npos) {
    return process::find_program(program, search_path()).has_value();
  }
  const auto executable = [](const fs::path& file) {
    std::error_code error;
    return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
  };
  if (program.starts_with('/')) return executable(program);
  return std::ranges::any_of(repos, [&](const config::Repo& repo) {
    return !repo.url.empty() || executable(fs::path(repo.path) / program);
  });
}

/// It is started by the engine itself, not in a working tree.
cli::DoctorFinding finding_on(const config::Notify& notify) {
  const auto& program = notify.command.front();
  const bool there = can_be_started(program, {});
  return {"notify", there, program,
          there ? "" : fmt::format("make {} an executable file, put it in PATH, or mend [notify] command", program)};
}

cli::DoctorFinding finding_on(const config::Server& server) {
  const auto end = gateway::certificate_end(server.tls_certificate, server.tls_key);
  if (!end) {
    const auto hint = end.error().context.find("hint");
    return {"certificate", false, end.error().message, hint == end.error().context.end() ? "" : hint->second};
  }
  const bool holds = *end > std::chrono::system_clock::now();
  return {"certificate", holds, fmt::format("{} until {}", server.tls_certificate, to_rfc3339(*end)),
          holds ? "" : "put a new pair in the place of these files; the gateway takes it by itself"};
}

cli::DoctorFinding finding_on(const config::Repo& repo) {
  const auto source = source_of(repo);
  const git::Git git(git_options());
  const auto branch = branch_of(git, repo);
  const auto tip = branch ? git::remote_ref(git, source, "refs/heads/" + *branch)
                          : Result<std::optional<git::Oid>>(failure(branch.error()));
  const bool there = tip && *tip;
  return {"repository " + repo.name, there,
          !tip     ? to_string(tip.error())
          : !there ? fmt::format("{} has no branch {}", source.to_string(), *branch)
                   : source.to_string(),
          !tip     ? "see [[repos]] path, url or branch"
          : !there ? "commit something to it, or mend [[repos]] branch"
                   : ""};
}

/// By doing it: permissions alone do not tell. Before the first start, in the folder in which it will be made.
cli::DoctorFinding look_at(const DataFolder& data) {
  fs::path nearest = data.root();
  std::error_code ignored;
  while (!fs::exists(nearest, ignored) && nearest.has_relative_path()) nearest = nearest.parent_path();
  std::string made = (nearest / ".vitana-doctor-XXXXXX").string();
  const bool writable = ::mkdtemp(made.data()) != nullptr;
  const std::string why = std::strerror(errno);
  if (writable) ::rmdir(made.c_str());
  return {"data directory", writable, data.root().string(),
          writable                              ? ""
          : !fs::is_directory(nearest, ignored) ? fmt::format("{} is no folder; name another", nearest.string())
                                                : fmt::format("make {} writable: {}", nearest.string(), why)};
}

/// As the next command will open it; nothing before the first start.
std::optional<cli::DoctorFinding> look_at_store(const Database& database) {
  std::error_code ignored;
  if (!database.on_server && !fs::exists(database.name, ignored)) return std::nullopt;
  SystemClock clock;
  SystemEntropy entropy;
  const auto store = store::Store::open({database.name, store::OpenMode::client}, clock, entropy);
  if (store) return cli::DoctorFinding{"store", true, database.shown, ""};
  if (store.error().code == FailureCode::NOT_FOUND) return std::nullopt;
  return cli::DoctorFinding{"store", false, to_string(store.error()),
                            std::string(failure_info(store.error().code).hint)};
}

/// In their order; a few are asked at a time, so that one that is silent delays hardly another.
std::vector<cli::DoctorFinding> findings_on(const std::vector<config::Repo>& repos) {
  constexpr std::size_t at_a_time = 4;
  std::vector<cli::DoctorFinding> findings(repos.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < repos.size(); i = next++) findings[i] = finding_on(repos[i]);
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(at_a_time, repos.size()); ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  return findings;
}

}  // namespace

cli::DoctorFinding sandbox_finding(const config::Config& config) {
  const DataFolder data(fs::absolute(config.server.data));
  const auto probe = worker::probe_sandbox(sandbox_options(config, data));
  const bool off = config.worker.sandbox == domain::SandboxMode::off;
  return {"sandbox", probe.available && !off,
          off ? "switched off by [worker] sandbox = \"off\""
              : probe.nests ? "bubblewrap works here, but cannot forbid namespaces inside: " + probe.reason
              : probe.available ? "bubblewrap works here" : probe.reason,
          probe.available && !off ? ""
          : config.worker.sandbox == domain::SandboxMode::require
              ? "nothing runs until it works, or until [worker] sandbox = \"prefer\""
              : "agents run unconfined; every run says so"};
}

std::vector<cli::DoctorFinding> doctor(const cli::OpenOptions& options) {
  std::vector<cli::DoctorFinding> findings;
  const auto version_of = [&](const char* program, const char* hint) {
    process::RunRequest request;
    request.argv = {program, "--version"};
    request.environment.emplace("PATH", search_path());
    request.deadline = std::chrono::seconds(10);
    const auto output = process::run(request);
    const bool good = output && output->exit_code == 0;
    findings.push_back({program, good,
                        good ? output->out.text.substr(0, output->out.text.find('\n'))
                             : output ? "it does not start" : to_string(output.error()),
                        good ? "" : hint});
  };
  version_of("git", "apt-get install git");
  version_of("bwrap", "apt-get install bubblewrap");

  auto config = read_operator_config(options);
  if (!config) {
    findings.push_back({"configuration", false, to_string(config.error()),
                        std::string(failure_info(config.error().code).hint)});
  }
  const config::Config effective = config ? config->config : config::Config{};
  const DataFolder data(fs::absolute(effective.server.data));
  findings.push_back(sandbox_finding(effective));
  if (!config) return findings;
  const auto counted = [](std::size_t n, const char* one, const char* more) {
    return fmt::format("{} {}", n, n == 1 ? one : more);
  };
  findings.push_back({"configuration", true,
                      counted(effective.repos.size(), "repository", "repositories") + ", " +
                          counted(effective.agents.size(), "agent", "agents"),
                      ""});
  if (effective.agents.empty()) {
    findings.push_back({"agent", false, "none is configured", "name one: [agents.NAME] command, [worker] agent"});
  }
  for (const auto& [name, agent] : effective.agents) {
    const auto program = agent.command.empty() ? std::string() : agent.command.front();
    const bool there = can_be_started(program, effective.repos);
    findings.push_back({"agent " + name, there, program.empty() ? "no command" : program,
                        there ? "" : fmt::format("make {} an executable file, put it in PATH, or mend "
                                                 "[agents.{}] command",
                                                 program.empty() ? "it" : program, name)});
    for (const auto& secret : agent.secrets) {
      if (secret_value(secret)) continue;
      findings.push_back({fmt::format("agent {}: {}", name, secret.reference), false, "it is not there",
                          "the agent sees none of your own logins; give it the key that it needs"});
    }
  }
  if (!effective.server.tls_certificate.empty()) findings.push_back(finding_on(effective.server));
  const auto look_for = [&](const std::string& what, const std::string& reference, const char* hint) {
    const bool named = reference.starts_with("env:") || reference.starts_with("file:");
    if (!named || secret_value({reference})) return;
    findings.push_back({fmt::format("{}: {}", what, reference), false, "it is not there", hint});
  };
  for (const auto& webhook : effective.webhooks) {
    look_for("webhook " + webhook.name, webhook.url, "nothing is told before it has an address");
    look_for("webhook " + webhook.name, webhook.secret.reference, "nothing is told before it can be signed");
  }
  for (const auto& repo : effective.repos) {
    look_for("repository " + repo.name, repo.status_token.reference, "its forge is told nothing before it is there");
  }
  if (!effective.notify.command.empty()) findings.push_back(finding_on(effective.notify));
  auto repositories = findings_on(effective.repos);
  std::move(repositories.begin(), repositories.end(), std::back_inserter(findings));
  const auto more = uncommitted_rules(config->config, config->file);
  findings.insert(findings.end(), more.begin(), more.end());
  findings.push_back(look_at(data));
  if (const auto database = database_of(options, effective, data); !database) {
    findings.push_back({"store", false, to_string(database.error()), "see [server] database"});
  } else if (auto store = look_at_store(*database)) {
    findings.push_back(std::move(*store));
  }
  return findings;
}

}  // namespace vitana::app
