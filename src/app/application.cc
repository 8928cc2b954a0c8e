#include "app/application.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "app/secrets.h"
#include "app/session.h"
#include "app/system.h"
#include "app/uncommitted.h"
#include "config/find.h"
#include "config/parse.h"
#include "engine/conduct.h"
#include "process/run.h"

namespace vitana::app {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t config_bytes_max = 1 << 20;

Result<std::optional<std::string>> read_config_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return failure(FailureCode::CONFIG_INVALID, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode) || static_cast<std::uintmax_t>(info.st_size) > config_bytes_max) {
    return failure(FailureCode::CONFIG_INVALID,
                   fmt::format("{} is no file of at most {} bytes", path, config_bytes_max));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(FailureCode::CONFIG_INVALID, fmt::format("{} cannot be read", path));
  std::ostringstream text;
  text << file.rdbuf();
  return std::optional(text.str());
}

Error invalid_config(const std::string& file, const std::vector<domain::Diagnostic>& diagnostics) {
  Error error{FailureCode::CONFIG_INVALID, ""};
  for (const auto& diagnostic : diagnostics) {
    if (diagnostic.severity != domain::Severity::error) continue;
    error.causes.push_back(diagnostic.hint.empty()
                               ? domain::to_string(diagnostic)
                               : fmt::format("{}: {}", domain::to_string(diagnostic), diagnostic.hint));
  }
  const bool environment = std::ranges::any_of(
      diagnostics, [](const auto& d) { return d.file == "environment"; });
  error.message = fmt::format("{} has {} error{}", environment ? "the configuration" : file,
                              error.causes.size(), error.causes.size() == 1 ? "" : "s");
  error.context["hint"] = "mend what is named above, then: vitana config check";
  return error;
}

std::optional<std::string> first_existing(const fs::path& folder,
                                          std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::exists(folder / name)) return name;
  }
  return std::nullopt;
}

bool file_has_line(const fs::path& path, std::string_view start) {
  std::ifstream file(path);
  std::string line;
  for (int i = 0; i < 5000 && std::getline(file, line); ++i) {
    if (line.starts_with(start)) return true;
  }
  return false;
}

bool file_contains(const fs::path& path, std::string_view text) {
  std::ifstream file(path);
  std::string content(std::size_t{256} << 10, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return content.find(text) != std::string::npos;
}

/// The test command that a repository of this shape usually has.
void detect_checks(const fs::path& folder, config::StarterFacts& facts) {
  if (fs::exists(folder / "package.json")) {
    facts.setup.push_back(fs::exists(folder / "package-lock.json") ? "npm ci" : "npm install");
    facts.cache.emplace_back("node_modules");
    if (file_contains(folder / "package.json", "\"test\"")) facts.checks.emplace_back("npm test");
  }
  if (fs::exists(folder / "Cargo.toml")) facts.checks.emplace_back("cargo test");
  if (fs::exists(folder / "go.mod")) facts.checks.emplace_back("go test ./...");
  if (const auto makefile = first_existing(folder, {"GNUmakefile", "makefile", "Makefile"})) {
    for (const char* target : {"check", "test"}) {
      if (file_has_line(folder / *makefile, std::string(target) + ":")) {
        facts.checks.push_back(std::string("make ") + target);
        break;
      }
    }
  }
  if (first_existing(folder, {"pytest.ini", "conftest.py", "tox.ini"})) {
    facts.checks.emplace_back("python3 -m pytest -q");
  }
}

/// Where programs are looked for, here as by what starts them.
std::string search_path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : worker::SandboxOptions{}.path;
}

void detect_agents(config::StarterFacts& facts) {
  const char* path = std::getenv("PATH");
  const auto add = [&](const char* program, std::vector<std::string> arguments,
                       std::vector<std::string> hosts, const char* key) {
    if (path == nullptr || !process::find_program(program, path)) return;
    config::FoundAgent agent{.name = program};
    agent.command.emplace_back(program);
    agent.command.insert(agent.command.end(), arguments.begin(), arguments.end());
    agent.hosts = std::move(hosts);
    if (std::getenv(key) != nullptr) agent.secrets.push_back(std::string("env:") + key);
    facts.agents.push_back(std::move(agent));
  };
  add("claude", {"-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits"},
      {"api.anthropic.com"}, "ANTHROPIC_API_KEY");
  add("codex", {"exec", "--skip-git-repo-check", "-s", "workspace-write", "-"}, {"api.openai.com"},
      "CODEX_API_KEY");
  add("gemini", {"--approval-mode", "yolo"}, {"generativelanguage.googleapis.com"}, "GEMINI_API_KEY");
  add("opencode", {"run"}, {"opencode.ai"}, "OPENCODE_API_KEY");
}

/// What the configuration may say and this version does not do yet is refused, never half done.
std::vector<std::string> not_in_this_version(const config::Config& config) {
  std::vector<std::string> found;
  if (config.delivery.mode == domain::DeliveryMode::pull_request) {
    found.emplace_back("[delivery] mode = \"pull_request\" needs a forge, which this version does not talk to; "
                       "branch and merge work");
  }
  if (config.verify.unverified == domain::UnverifiedMode::judge) {
    found.emplace_back("[verify] unverified = \"judge\" is not in this version; attest and human are");
  }
  if (!config.server.database.empty()) {
    found.emplace_back("[server] database is not in this version; the store is <data>/vitana.db");
  }
  for (const auto& [name, agent] : config.agents) {
    if (agent.kind != config::AgentKind::command) {
      found.push_back(fmt::format("[agents.{}] kind = \"{}\" is not in this version; every agent with a command "
                                  "line works as kind = \"command\"", name, config::name_of(agent.kind)));
    }
  }
  return found;
}

constexpr const char* restore_actor = "restore";

/// Does the file begin as every SQLite database does? https://sqlite.org/fileformat.html, 1.3
bool is_database(const fs::path& file) {
  constexpr std::string_view magic("SQLite format 3\0", 16);
  std::ifstream in(file, std::ios::binary);
  std::string begin(magic.size(), '\0');
  return !in || (in.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == magic);
}

/// Makes a backup's copy ready beside the database: whole, of a new epoch, paused. Only then may it
/// take the database's place.
Result<void> prepare_copy(const fs::path& backup, const fs::path& fresh,
                          const std::vector<config::Repo>& repos) {
  std::error_code error;
  const fs::path work = fresh.string() + ".work";
  const auto clear = [&] {
    for (const char* companion : {"", "-wal", "-shm"}) fs::remove(work.string() + companion, error);
  };
  clear();
  fs::remove(fresh, error);
  if (!is_database(backup)) {
    return failure(Error{FailureCode::STORE_DAMAGED, fmt::format("{} is no backup", backup.string())}
                       .with("hint", "vitana restore FILE, with a file that vitana backup FILE made"));
  }
  if (!fs::copy_file(backup, work, error)) {
    return failure(FailureCode::FILE_UNREADABLE, fmt::format("{}: {}", backup.string(), error.message()));
  }
  SystemClock clock;
  SystemEntropy entropy;
  auto store = store::Store::open({work.string(), store::OpenMode::engine}, clock, entropy);
  if (!store) return failure(std::move(store.error()).under("the backup cannot be used"));
  auto damage = (*store)->audit(std::nullopt);
  if (!damage) return failure(std::move(damage.error()));
  if (!damage->empty()) {
    return failure(FailureCode::STORE_DAMAGED,
                   fmt::format("the backup is damaged: {}: {}", damage->front().where, damage->front().what));
  }
  auto begun = (*store)->commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.begin_epoch();
    ledger.append({domain::EventType::store_restored, std::nullopt, std::nullopt, restore_actor, "{}"});
    ledger.put(store::ControlRow{engine::execution_control,
                                 {false, "restored from a backup", restore_actor, std::nullopt, ledger.now()}});
    for (const auto& repo : repos) {
      auto row = ledger.repo(repo.name).value_or(store::RepoRow{.name = repo.name});
      row.unsettled = row.unnumbered = true;
      ledger.put(row);
    }
    return {};
  });
  if (!begun) return begun;
  // One plain file, without a log beside it, whole and on disk.
  if (auto written = (*store)->backup(fresh.string()); !written) return written;
  store->reset();
  clear();
  return {};
}

/// Folds the log of the database that stands there into its file, and keeps that file by another
/// name, which is the answer. At no moment is there no database. Empty: there was none.
Result<std::string> keep_old(const fs::path& database) {
  if (!fs::exists(database)) return "";
  {
    SystemClock clock;
    SystemEntropy entropy;
    // Closing the last connection does it. A store that cannot be opened is why one restores.
    (void)store::Store::open({database.string(), store::OpenMode::client}, clock, entropy).has_value();
  }
  std::error_code error;
  const fs::path kept = fmt::format("{}.before-restore-{}", database.string(),
                                    to_us(SystemClock().now()));
  fs::create_hard_link(database, kept, error);
  if (error) return failure(FailureCode::STORE_FAILED, fmt::format("{}: {}", kept.string(), error.message()));
  for (const char* companion : {"-wal", "-shm"}) {
    const fs::path old = database.string() + companion;
    if (fs::exists(old)) fs::rename(old, kept.string() + companion, error);
  }
  return kept.string();
}

/// Puts a copy of the backup in the database's place. Where what was there is kept.
Result<std::string> place_backup(const fs::path& backup, const fs::path& database,
                                 const std::vector<config::Repo>& repos) {
  const fs::path fresh = database.string() + ".restoring";
  if (auto ready = prepare_copy(backup, fresh, repos); !ready) return failure(std::move(ready.error()));
  auto kept = keep_old(database);
  if (!kept) return kept;
  std::error_code error;
  fs::rename(fresh, database, error);
  if (error) return failure(FailureCode::STORE_FAILED, fmt::format("{}: {}", database.string(), error.message()));
  return kept;
}

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
std::optional<cli::DoctorFinding> look_at_store(const fs::path& database) {
  std::error_code ignored;
  if (!fs::exists(database, ignored)) return std::nullopt;
  SystemClock clock;
  SystemEntropy entropy;
  const auto store = store::Store::open({database.string(), store::OpenMode::client}, clock, entropy);
  if (store) return cli::DoctorFinding{"store", true, database.string(), ""};
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

Result<VitanaApplication::Read> VitanaApplication::read(const cli::OpenOptions& options) {
  const fs::path start = options.folder.empty() ? fs::current_path() : fs::absolute(options.folder);
  config::ConfigOptions how;
  how.environment = process_environment();
  std::string text;
  if (!options.config_file.empty()) {
    const fs::path path = fs::absolute(start / options.config_file).lexically_normal();
    auto read = read_config_file(path.string());
    if (!read) return failure(std::move(read.error()));
    if (!*read) {
      return failure(FailureCode::FILE_UNREADABLE, fmt::format("there is no file {}", path.string()));
    }
    how.file = path.string();
    how.base = path.parent_path().string();
    text = std::move(**read);
  } else {
    auto found = config::find_config(start.string(), read_config_file);
    if (!found) return failure(std::move(found.error()));
    if (!*found && options.data.empty() && !options.extra_repo) {
      return failure(FailureCode::CONFIG_MISSING,
                     fmt::format("there is no vitana.toml in {} or above it", start.string()));
    }
    how.base = start.string();
    if (*found) {
      how.file = (*found)->path;
      how.base = (*found)->folder;
      text = std::move((*found)->text);
    }
  }
  auto reading = config::parse_config(text, how);
  if (!reading.valid()) return failure(invalid_config(how.file, reading.diagnostics));
  if (auto missing = not_in_this_version(reading.config); !missing.empty()) {
    Error error{FailureCode::CONFIG_INVALID, fmt::format("{} asks for what this version does not do", how.file)};
    error.causes = std::move(missing);
    return failure(std::move(error));
  }
  if (!options.data.empty()) reading.config.server.data = fs::absolute(start / options.data).string();
  if (options.extra_repo) reading.config.repos.push_back(*options.extra_repo);
  if (!fs::path(reading.config.server.data).is_absolute()) {
    reading.config.server.data = (fs::path(how.base) / reading.config.server.data).string();
  }
  return Read{std::move(reading.config), text.empty() ? "" : how.file};
}

Result<config::Config> VitanaApplication::configuration(const cli::OpenOptions& options) {
  auto read_now = read(options);
  if (!read_now) return failure(std::move(read_now.error()));
  return std::move(read_now->config);
}

Result<std::unique_ptr<cli::Session>> VitanaApplication::open(const cli::OpenOptions& options) {
  auto config = read(options);
  if (!config) return failure(std::move(config.error()));
  auto session = AppSession::open(std::move(config->config), config->file, options, parts_);
  if (!session) return failure(std::move(session.error()));
  return std::unique_ptr<cli::Session>(std::move(*session));
}

cli::DoctorFinding VitanaApplication::sandbox(const config::Config& config) {
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

std::vector<cli::DoctorFinding> VitanaApplication::doctor(const cli::OpenOptions& options) {
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

  auto config = configuration(options);
  if (!config) {
    findings.push_back({"configuration", false, to_string(config.error()),
                        std::string(failure_info(config.error().code).hint)});
  }
  const config::Config effective = config ? *config : config::Config{};
  const DataFolder data(fs::absolute(effective.server.data));
  findings.push_back(sandbox(effective));
  if (!config) return findings;
  findings.push_back({"configuration", true, fmt::format("{} repositories, {} agents",
                                                         effective.repos.size(), effective.agents.size()), ""});
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
  auto repositories = findings_on(effective.repos);
  std::move(repositories.begin(), repositories.end(), std::back_inserter(findings));
  const auto more = cautions(options);
  findings.insert(findings.end(), more.begin(), more.end());
  findings.push_back(look_at(data));
  const fs::path database = options.database.empty() ? data.database() : fs::path(options.database);
  if (auto store = look_at_store(database)) findings.push_back(std::move(*store));
  return findings;
}

std::vector<cli::DoctorFinding> VitanaApplication::cautions(const cli::OpenOptions& options) {
  const auto config = read(options);
  return config ? uncommitted_rules(config->config, config->file) : std::vector<cli::DoctorFinding>();
}

Result<config::StarterFacts> VitanaApplication::starter_facts(const std::string& folder) {
  const fs::path root = fs::absolute(folder).lexically_normal();
  const git::Git git(git_options());
  auto branch = git::default_branch(git, git::Source::at_path(root));
  if (!branch) return failure(std::move(branch.error()));
  config::StarterFacts facts;
  const auto tip = git::remote_ref(git, git::Source::at_path(root), "refs/heads/" + *branch);
  facts.has_commit = tip && *tip;
  facts.branch = std::move(*branch);
  facts.repo_name = root.filename().empty() ? root.parent_path().filename().string()
                                            : root.filename().string();
  detect_checks(root, facts);
  detect_agents(facts);
  const auto probe = worker::probe_sandbox({});
  facts.sandbox_works = probe.available;
  facts.sandbox_reason = probe.reason;
  return facts;
}

Result<std::string> VitanaApplication::restore(const std::string& backup,
                                               const cli::OpenOptions& options) {
  auto config = read(options);
  if (!config) return failure(std::move(config.error()));
  const DataFolder data(fs::absolute(config->config.server.data).lexically_normal());
  if (auto made = data.make(); !made) return failure(std::move(made.error()));
  auto lock = FileLock::take(data.lock().string());
  if (!lock) return failure(std::move(lock.error()));
  auto kept = place_backup(backup, data.database(), config->config.repos);
  if (!kept) return kept;

  cli::OpenOptions again = options;
  again.create = true;
  auto session = AppSession::open(std::move(config->config), config->file, again, parts_);
  if (!session) return failure(std::move(session.error()));
  auto& engine = (*session)->engine();
  if (auto freed = engine.runs.end_dead_incarnations(incarnation()); !freed) {
    return failure(std::move(freed.error()));
  }
  // Twice: a repository may need to know first which numbers another one has seen.
  std::optional<Error> first_error;
  for (int round = 1; round <= 2; ++round) {
    first_error.reset();
    for (const auto& repo : engine.setup().repos) {
      auto synced = engine.registry.sync(repo);
      if (synced || first_error) continue;
      first_error = std::move(synced.error())
                        .under(fmt::format("the backup is in its place; repository {} is held until "
                                           "it can be read: vitana spec sync", repo.name));
    }
    if (!first_error) return kept;
  }
  return failure(std::move(*first_error).with("kept", *kept));
}

}  // namespace vitana::app
