#include "config/parse.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "base/glob.h"
#include "base/utf8.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/values.h"
#include "domain/labels.h"

namespace vitana::config {
namespace {

using namespace std::chrono_literals;

constexpr Duration day = std::chrono::hours(24);

/// All sections of one file, one after the other.
class Reader {
 public:
  Reader(const Value& root, const ConfigOptions& options,
         std::vector<domain::Diagnostic>& diagnostics)
      : root_(root),
        base_(options.base),
        findings_(options.file, diagnostics),
        top_(&root, "the file", findings_) {}

  Config read() {
    read_server();
    read_repos();
    read_agents();
    read_worker();
    auto verify = table("verify");
    read_verify(verify, out_.verify);
    verify.finish();
    read_delivery();
    auto policy = table("policy");
    read_policy(policy, out_.policy_rules);
    policy.finish();
    read_caps();
    read_retry();
    read_dispatch();
    auto notify = table("notify");
    notify.command("command", out_.notify.command);
    resolve_program(out_.notify.command);
    notify.finish();
    read_webhooks();
    top_.finish();
    check_agents();
    return std::move(out_);
  }

 private:
  Section table(const std::string& key) { return {top_.take(key), "[" + key + "]", findings_}; }

  void resolve(Section& section, const std::string& key, std::string& path) {
    if (path.empty()) return;
    if (path == "~" || path.starts_with("~/")) {
      section.error(key, "CONFIG_VALUE",
                    fmt::format("{} begins with ~, which is not expanded", key),
                    "write the whole path");
      return;
    }
    path = resolved(base_, path);
  }

  /// A program with a folder is relative to the file; a bare name is looked up in PATH.
  void resolve_program(std::vector<std::string>& command) {
    if (!command.empty() && command.front().find('/') != std::string::npos) {
      command.front() = resolved(base_, command.front());
    }
  }

  void secret(Section& section, const std::string& key, std::string& text) {
    if (text.empty()) return;
    if (!is_secret_reference(text)) {
      section.error(key, "CONFIG_SECRET",
                    fmt::format("{} holds a value instead of a secret's place", key),
                    "\"env:NAME\" or \"file:PATH\"; take the value out of the file, and change it");
      text.clear();
    } else if (text.starts_with("file:")) {
      text = "file:" + resolved(base_, text.substr(5));
    }
  }

  void read_server();
  /// How others reach it, and how much they may ask.
  void read_reach(Section& section, Server& server);
  void read_repos();
  void read_repo(const Value& value, std::size_t index);
  void read_agents();
  void read_agent(const std::string& name, const Value& value);
  void read_network(Section& section, Network& network);
  void read_labels(Section& section, std::vector<std::string>& labels);
  void read_exits(Section& section, const Value& value, std::map<int, FailureCode>& into);
  void read_worker();
  void read_delivery();
  void read_caps();
  void read_retry();
  void read_retry_code(const std::string& name, const Value& value);
  void read_dispatch();
  void read_webhooks();
  void check_agents();
  void check_agent_name(const std::string& section, const std::string& key,
                        const std::string& name);

  const Value& root_;
  std::string base_;
  Findings findings_;
  Section top_;
  Config out_;
};

void Reader::read_server() {
  auto section = table("server");
  auto& server = out_.server;
  section.text("listen", server.listen);
  section.text("url", server.url);
  section.text("data", server.data);
  section.text("database", server.database);
  if (!is_listen_address(server.listen)) {
    section.error("listen", "CONFIG_VALUE", "listen is no HOST:PORT",
                  "such as \"127.0.0.1:8080\"; port 0 takes a free one");
  }
  if (!server.url.empty() && !is_origin(server.url)) {
    section.error("url", "CONFIG_VALUE", "url is no http or https address of a host",
                  "such as \"https://vitana.example.org\", without a path");
  }
  if (server.data.empty()) {
    section.error("data", "CONFIG_VALUE", "data cannot be empty", "such as \".vitana\"");
  }
  resolve(section, "data", server.data);
  auto& database = server.database;
  if (database.starts_with("env:") || database.starts_with("file:")) {
    secret(section, "database", database);
  } else if (!database.empty() && !is_database_address(database)) {
    section.error("database", "CONFIG_VALUE", "database is no PostgreSQL address",
                  "\"postgresql://HOST/NAME\"; without it, SQLite in the data folder");
  } else if (holds_password(database)) {
    section.error("database", "CONFIG_SECRET", "database holds a password",
                  "\"env:NAME\" with the whole address, or a password file (~/.pgpass)");
    database.clear();
  }
  read_reach(section, server);
  section.finish();
}

void Reader::read_reach(Section& section, Server& server) {
  section.text("tls_certificate", server.tls_certificate);
  section.text("tls_key", server.tls_key);
  if (server.tls_certificate.empty() != server.tls_key.empty()) {
    section.error(server.tls_key.empty() ? "tls_certificate" : "tls_key", "CONFIG_MISSING",
                  "needs tls_certificate and tls_key, or neither",
                  "tls_certificate = \"FILE\" and tls_key = \"FILE\", both PEM");
  }
  resolve(section, "tls_certificate", server.tls_certificate);
  resolve(section, "tls_key", server.tls_key);
  section.number("requests_per_minute", server.requests_per_minute, 0, 10'000'000);
  section.number("connections_per_address", server.connections_per_address, 0, 1'000'000);
  section.word("access_log", server.access_log, access_log_names);
}

void Reader::read_repos() {
  const Value* repos = top_.take("repos");
  if (repos == nullptr) return;
  if (repos->kind != Value::Kind::array) {
    findings_.error("CONFIG_TYPE", *repos, "repos is a list of tables", "write [[repos]]");
    return;
  }
  for (std::size_t i = 0; i < repos->array.size(); ++i) read_repo(repos->array[i], i);
  std::set<std::string> names;
  for (std::size_t i = 0; i < out_.repos.size(); ++i) {
    const auto& name = out_.repos[i].name;
    if (name.empty() || names.insert(name).second) continue;
    findings_.error("CONFIG_DUPLICATE", repos->array[i],
                    fmt::format("two [[repos]] are called \"{}\"", name), "give each its own name");
  }
}

void Reader::read_repo(const Value& value, std::size_t index) {
  Repo repo;
  Section section(&value, fmt::format("[[repos]] {}", index + 1), findings_);
  section.text("name", repo.name);
  section.text("path", repo.path);
  section.text("url", repo.url);
  section.text("branch", repo.branch);
  section.texts("specs", repo.specs);
  section.number("scan_seconds", repo.scan_seconds, 1, 86'400);
  section.word("adopt", repo.adopt, adopt_names);
  section.word("ids", repo.ids, ids_names);
  section.texts("setup", repo.setup);
  section.texts("cache", repo.cache);
  section.text("webhook_secret", repo.webhook_secret.reference);
  read_labels(section, repo.labels);
  read_forge(section, repo);
  section.finish();

  if (repo.path.empty() == repo.url.empty()) {
    section.error(
        repo.path.empty() ? "" : "url", "CONFIG_MISSING",
        repo.path.empty() ? "needs a path or a url" : "has a path and a url; one is enough",
        "path = \".\", or url = \"https://…\"");
  }
  resolve(section, "path", repo.path);
  if (repo.name.empty()) repo.name = last_component(repo.path.empty() ? repo.url : repo.path);
  bool named = section.has("name") || repo.path.empty() != repo.url.empty();
  if (!repo.url.empty() && holds_password(repo.url)) {
    section.error("url", "CONFIG_SECRET", "url holds a password or a token",
                  "leave it out; git's own credential helper supplies it");
    repo.url.clear();
    named = false;
  } else if (!repo.url.empty() && !is_repository_address(repo.url)) {
    section.error("url", "CONFIG_VALUE", "url is no address of a repository",
                  "https://…, ssh://…, git@HOST:PATH or file:///…");
    named = false;
  }
  if (named && !is_name(repo.name)) {
    section.error("name", "CONFIG_VALUE", "name must be letters, digits, '.', '_' and '-'",
                  "such as \"hub\"");
  }
  if (!repo.branch.empty() && !is_branch_name(repo.branch)) {
    section.error("branch", "CONFIG_VALUE", "branch is no name of a branch", "such as \"main\"");
  }
  if (repo.specs.empty()) {
    section.error("specs", "CONFIG_VALUE", "specs cannot be empty",
                  "such as [\"docs/specs/**/*.md\"]");
  }
  check_inside(section, "specs", repo.specs);
  check_globs(section, "specs", repo.specs);
  check_inside(section, "cache", repo.cache);
  secret(section, "webhook_secret", repo.webhook_secret.reference);
  secret(section, "status_token", repo.status_token.reference);
  check_forge(section, repo);
  out_.repos.push_back(std::move(repo));
}

void Reader::read_agents() {
  const Value* agents = top_.take("agents");
  if (agents == nullptr) return;
  if (agents->kind != Value::Kind::table) {
    findings_.error("CONFIG_TYPE", *agents, "agents is a table of tables", "write [agents.NAME]");
    return;
  }
  for (const auto& [name, value] : agents->table) read_agent(name, value);
}

void Reader::read_agent(const std::string& name, const Value& value) {
  if (!is_name(name)) {
    findings_.error("CONFIG_VALUE", value,
                    "an agent's name must be letters, digits, '.', '_' and '-'",
                    "such as [agents.fixer]");
    return;
  }
  Agent agent;
  Section section(&value, fmt::format("[agents.{}]", name), findings_);
  section.word("kind", agent.kind, agent_kind_names);
  section.command("command", agent.command);
  resolve_program(agent.command);
  const Value* command = section.take("command");
  const bool lacking = command == nullptr || command->kind == Value::Kind::array ||
                       !command->variable.empty();
  if (agent.kind == AgentKind::command && agent.command.empty() && lacking) {
    section.error("command", "CONFIG_MISSING", "of kind \"command\" needs a command",
                  "such as command = [\"./tools/fixer.sh\"]");
  }
  read_network(section, agent.network);
  std::vector<std::string> secrets;
  section.texts("secrets", secrets);
  for (auto& text : secrets) {
    secret(section, "secrets", text);
    agent.secrets.push_back({std::move(text)});
  }
  section.texts("read", agent.read);
  for (auto& path : agent.read) resolve(section, "read", path);
  section.duration("timeout", agent.timeout, 1s, 7 * day);
  section.duration("silence", agent.silence, 1s, 7 * day);
  section.size("memory", agent.memory, std::uint64_t{16} << 20);
  section.size("disk", agent.disk, std::uint64_t{1} << 20);
  section.size("output", agent.output, std::uint64_t{64} << 10);
  section.number("processes", agent.processes, 8, 1 << 22);
  if (const Value* exits = section.take("exits")) read_exits(section, *exits, agent.exits);
  read_labels(section, agent.labels);
  section.finish();
  out_.agents.emplace(name, std::move(agent));
}

void Reader::read_exits(Section& section, const Value& value, std::map<int, FailureCode>& into) {
  const std::string hint = "such as exits = { 41 = \"AGENT_LOGIN\" }";
  if (value.kind != Value::Kind::table) {
    section.error("exits", "CONFIG_TYPE", "exits is a table of exit codes", hint);
    return;
  }
  for (const auto& [key, code_name] : value.table) {
    int exit = 0;
    const auto [end, fault] = std::from_chars(key.data(), key.data() + key.size(), exit);
    if (fault != std::errc{} || end != key.data() + key.size() || exit < 1 || exit > 255) {
      findings_.error("CONFIG_RANGE", code_name, fmt::format("{} is no exit code from 1 to 255", key), hint);
      continue;
    }
    const auto code = failure_code(code_name.text);
    if (code != FailureCode::AGENT_LOGIN && code != FailureCode::AGENT_QUOTA) {
      findings_.error("CONFIG_VALUE", code_name, "an exit code can stand for AGENT_LOGIN or AGENT_QUOTA", hint);
      continue;
    }
    into.emplace(exit, *code);
  }
}

void Reader::read_labels(Section& section, std::vector<std::string>& labels) {
  section.texts("labels", labels);
  if (labels.size() > domain::labels_max) {
    section.error("labels", "CONFIG_RANGE", fmt::format("labels are at most {}", domain::labels_max), "");
  } else if (!std::all_of(labels.begin(), labels.end(), domain::is_label)) {
    section.error("labels", "CONFIG_VALUE", fmt::format("a label is one word of 1 to {} bytes", domain::label_bytes_max),
                  "such as [\"gpu\", \"os:linux\"]");
  }
}

void Reader::read_network(Section& section, Network& network) {
  const Value* value = section.take("network");
  if (value == nullptr) return;
  if (value->kind == Value::Kind::text && (value->text == "none" || value->text == "loopback")) {
    network.mode = value->text == "none" ? Network::Mode::none : Network::Mode::loopback;
    return;
  }
  const std::string hint = "\"none\", \"loopback\", or a list of hosts: [\"api.example.com\"]";
  if (value->kind != Value::Kind::array && value->variable.empty()) {
    section.error("network", "CONFIG_VALUE", "network is none of what is allowed", hint);
    return;
  }
  section.texts("network", network.hosts);
  for (const auto& host : network.hosts) {
    if (!is_host(host))
      section.error("network", "CONFIG_VALUE", "network names what is no host", hint);
  }
  network.mode = network.hosts.empty() ? Network::Mode::none : Network::Mode::hosts;
}

void Reader::read_worker() {
  auto section = table("worker");
  section.text("agent", out_.worker.agent);
  section.number("slots", out_.worker.slots, 1, 256);
  section.word("sandbox", out_.worker.sandbox, sandbox_names);
  section.text("workspaces", out_.worker.workspaces);
  read_labels(section, out_.worker.labels);
  resolve(section, "workspaces", out_.worker.workspaces);
  section.finish();
}

void Reader::read_delivery() {
  auto section = table("delivery");
  section.word("mode", out_.delivery.mode, delivery_names, {domain::DeliveryMode::pull_request});
  section.boolean("allow_attested_merge", out_.delivery.allow_attested_merge);
  section.text("author", out_.delivery.author);
  if (!out_.delivery.author.empty() && !is_author(out_.delivery.author)) {
    section.error("author", "CONFIG_VALUE", "author is no identity", "\"Name <name@example.com>\"");
  }
  section.finish();
}

void Reader::read_caps() {
  auto section = table("caps");
  section.number("runs_per_task", out_.caps.runs_per_task, 0, 1'000);
  section.number("runs_per_repo_day", out_.caps.runs_per_repo_day, 0, 1'000'000);
  section.number("concurrent", out_.caps.concurrent, 0, 1'000);
  section.duration("wall", out_.caps.wall, 0s, 30 * day);
  section.finish();
}

void Reader::read_retry() {
  auto section = table("retry");
  auto& retry = out_.retry;
  section.number("runs", retry.runs, 1, 100);
  section.duration("delay", retry.delay, 0s, day);
  section.duration("delay_max", retry.delay_max, 0s, 30 * day);
  if (retry.delay_max < retry.delay) {
    section.error("delay_max", "CONFIG_RANGE", "delay_max is less than delay", "");
  }
  const Value* table_value = root_.find("retry");
  if (table_value != nullptr && table_value->kind == Value::Kind::table) {
    for (const auto& [key, value] : table_value->table) {
      if (value.kind != Value::Kind::table) continue;
      if (findings_.full()) break;
      if (key == "runs" || key == "delay" || key == "delay_max") continue;
      section.take(key);
      read_retry_code(key, value);
    }
  }
  section.finish();
}

void Reader::read_retry_code(const std::string& name, const Value& value) {
  const auto code = failure_code(name);
  if (!code) {
    std::vector<std::string> names;
    for (const auto& info : failure_catalogue()) names.emplace_back(info.name);
    const auto meant = nearest(name, names);
    findings_.error(
        "CONFIG_RETRY_CODE", value,
        fmt::format("[retry.{}] names no failure code", utf8_prefix(name, 60)),
        meant ? fmt::format("did you mean \"{}\"?", *meant) : "docs/errors.md lists the codes");
    return;
  }
  domain::RetryRule rule;
  Section section(&value, fmt::format("[retry.{}]", name), findings_);
  const auto optional_duration = [&](const std::string& key, std::optional<Duration>& into,
                                     Duration max) {
    Duration read = 10s;
    if (!section.has(key)) return;
    section.duration(key, read, 0s, max);
    into = read;
  };
  if (section.has("runs")) {
    int runs = 1;
    section.number("runs", runs, 1, 100);
    rule.runs = runs;
  }
  optional_duration("delay", rule.delay, day);
  optional_duration("delay_max", rule.delay_max, 30 * day);
  section.finish();
  if (rule.delay.value_or(out_.retry.delay) > rule.delay_max.value_or(out_.retry.delay_max)) {
    section.error("delay", "CONFIG_RANGE", "delay is more than delay_max", "");
  }
  const auto& info = failure_info(*code);
  if (info.cls == FailureClass::governance && rule.runs) {
    section.error("runs", "CONFIG_RETRY_CODE", "would change whether a governance code is retried",
                  "a governance code is not a matter of configuration");
    return;
  }
  if (!info.retryable || info.cls == FailureClass::governance) {
    findings_.warning("CONFIG_NO_EFFECT", value,
                      fmt::format("[retry.{}] has no effect: the code is never retried", name), "");
  }
  out_.retry.by_code.emplace(*code, rule);
}

void Reader::read_dispatch() {
  auto section = table("dispatch");
  section.number("route_retries", out_.dispatch.route_retries, 0, 100);
  section.duration("pickup_deadline", out_.dispatch.pickup_deadline, 1s, 7 * day);
  section.finish();
}

void Reader::read_webhooks() {
  const Value* webhooks = top_.take("webhooks");
  if (webhooks == nullptr) return;
  if (webhooks->kind != Value::Kind::array) {
    findings_.error("CONFIG_TYPE", *webhooks, "webhooks is a list of tables", "write [[webhooks]]");
    return;
  }
  std::set<std::string> names;
  for (const auto& value : webhooks->array) {
    if (out_.webhooks.size() == webhooks_max) {
      findings_.error("CONFIG_RANGE", value, fmt::format("there are at most {} [[webhooks]]", webhooks_max), "");
      return;
    }
    Webhook webhook;
    Section section(&value, fmt::format("[[webhooks]] {}", out_.webhooks.size() + 1), findings_);
    read_webhook(section, webhook);
    if (webhook.url.starts_with("env:") || webhook.url.starts_with("file:")) secret(section, "url", webhook.url);
    secret(section, "secret", webhook.secret.reference);
    if (!webhook.name.empty() && !names.insert(webhook.name).second) {
      findings_.error("CONFIG_DUPLICATE", value, fmt::format("two [[webhooks]] are called \"{}\"", webhook.name),
                      "give each its own name");
    }
    out_.webhooks.push_back(std::move(webhook));
  }
}

void Reader::check_agent_name(const std::string& section_key, const std::string& key,
                              const std::string& name) {
  if (name.empty() || out_.agents.count(name) != 0) return;
  std::vector<std::string> names;
  for (const auto& [known, agent] : out_.agents) names.push_back(known);
  const auto meant = nearest(name, names);
  auto section = table(section_key);
  section.error(key, "CONFIG_AGENT_UNKNOWN",
                fmt::format("{} is \"{}\", and no agent is called so", key, utf8_prefix(name, 60)),
                meant ? fmt::format("did you mean \"{}\"?", *meant)
                      : fmt::format("add [agents.{}]", is_name(name) ? name : "NAME"));
}

void Reader::check_agents() {
  if (out_.worker.agent.empty() && out_.agents.size() == 1) {
    out_.worker.agent = out_.agents.begin()->first;
  }
  check_agent_name("worker", "agent", out_.worker.agent);
  check_agent_name("verify", "judge", out_.verify.judge);
  auto verify = table("verify");
  if (!out_.verify.judge.empty() && out_.verify.judge == out_.worker.agent) {
    verify.error("judge", "CONFIG_VALUE", "judge is the agent that does the work",
                 "name another agent; none judges its own work");
  }
  if (out_.verify.unverified == domain::UnverifiedMode::judge && out_.verify.judge.empty()) {
    verify.error("unverified", "CONFIG_MISSING", "unverified is \"judge\" and there is no judge",
                 "judge = \"NAME\", an agent other than the one that does the work");
  }
}

}  // namespace

void read_verify(Section& section, Verify& verify) {
  section.texts("commands", verify.commands);
  section.word("unverified", verify.unverified, unverified_names, {domain::UnverifiedMode::judge});
  section.text("judge", verify.judge);
  section.number("slots", verify.slots, 0, 256);
}

void read_policy(Section& section, PolicyRules& rules) {
  section.word("approval", rules.specs.approval, approval_names);
  section.word("profile", rules.specs.profile, profile_names);
  section.texts("protect", rules.protect);
  check_inside(section, "protect", rules.protect);
  check_globs(section, "protect", rules.protect);
}

void check_inside(Section& section, const std::string& key, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    if (stays_inside(path)) continue;
    section.error(key, "CONFIG_VALUE", fmt::format("{} names a path outside the repository", key),
                  "paths are relative to the repository's top, without \"..\"");
    return;
  }
}

void check_globs(Section& section, const std::string& key, const std::vector<std::string>& globs) {
  if (std::all_of(globs.begin(), globs.end(), [](const auto& glob) { return is_glob(glob); })) return;
  section.error(key, "CONFIG_VALUE", fmt::format("{} holds a [ that no ] closes", key),
                "a set is such as [a-z]; for the character itself: [[]");
}

ConfigReading parse_config(std::string_view text, const ConfigOptions& options) {
  ConfigReading reading;
  Value root = read_document(text, options.file, reading.diagnostics);
  overlay(root, options.environment, reading.diagnostics);
  reading.config = Reader(root, options, reading.diagnostics).read();
  domain::keep_inside(reading.diagnostics, text);
  std::stable_sort(reading.diagnostics.begin(), reading.diagnostics.end(),
                   [](const domain::Diagnostic& a, const domain::Diagnostic& b) {
                     return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
                   });
  // Two sections may look at one faulty table.
  auto& all = reading.diagnostics;
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return reading;
}

}  // namespace vitana::config
