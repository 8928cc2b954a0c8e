#include "config/render.h"

#include <fmt/format.h>

#include "config/names.h"
#include "config/toml_text.h"

namespace vitana::config {
namespace {

/// Lines of `key = value`.
class Writer {
 public:
  void header(std::string_view name) {
    out_ += fmt::format("{}{}\n", out_.empty() ? "" : "\n", name);
  }
  void raw(std::string_view key, std::string_view value) {
    out_ += fmt::format("{} = {}\n", key, value);
  }
  void text(std::string_view key, std::string_view value) { raw(key, quoted(value)); }
  void number(std::string_view key, int value) { raw(key, std::to_string(value)); }
  void boolean(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }
  void duration(std::string_view key, Duration value) { text(key, to_string(value)); }
  void list(std::string_view key, const std::vector<std::string>& value) {
    raw(key, quoted_list(value));
  }

  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

void write(Writer& w, const Repo& repo) {
  w.header("[[repos]]");
  w.text("name", repo.name);
  if (repo.url.empty()) {
    w.text("path", repo.path);
  } else {
    w.text("url", repo.url);
  }
  w.text("branch", repo.branch);
  w.list("specs", repo.specs);
  w.number("scan_seconds", repo.scan_seconds);
  w.text("adopt", name_of(repo.adopt));
  w.text("ids", name_of(repo.ids));
  w.list("setup", repo.setup);
  w.list("cache", repo.cache);
  w.text("webhook_secret", repo.webhook_secret.reference);
  w.list("labels", repo.labels);
  w.text("forge", name_of(repo.forge));
  w.text("forge_url", repo.forge_url);
  w.text("forge_project", repo.forge_project);
  w.text("status_token", repo.status_token.reference);
}

void write(Writer& w, const Webhook& webhook) {
  w.header("[[webhooks]]");
  w.text("name", webhook.name);
  w.text("url", webhook.url);
  w.text("secret", webhook.secret.reference);
  w.list("events", webhook.events);
  w.text("format", name_of(webhook.format));
}

void write(Writer& w, const std::string& name, const Agent& agent) {
  w.header(fmt::format("[agents.{}]", quoted(name)));
  w.text("kind", name_of(agent.kind));
  w.list("command", agent.command);
  if (agent.network.mode == Network::Mode::hosts) {
    w.list("network", agent.network.hosts);
  } else {
    w.text("network", name_of(agent.network.mode));
  }
  std::vector<std::string> secrets;
  for (const auto& secret : agent.secrets) secrets.push_back(secret.reference);
  w.list("secrets", secrets);
  w.list("read", agent.read);
  w.duration("timeout", agent.timeout);
  w.duration("silence", agent.silence);
  w.text("memory", size_text(agent.memory));
  w.text("disk", size_text(agent.disk));
  w.text("output", size_text(agent.output));
  w.number("processes", agent.processes);
  w.list("labels", agent.labels);
  std::string exits;
  for (const auto& [exit, code] : agent.exits) {
    exits += fmt::format("{}{} = \"{}\"", exits.empty() ? "" : ", ", exit, name_of(code));
  }
  if (!exits.empty()) w.raw("exits", "{ " + exits + " }");
}

void write(Writer& w, const domain::RetryPolicy& retry) {
  w.header("[retry]");
  w.number("runs", retry.runs);
  w.duration("delay", retry.delay);
  w.duration("delay_max", retry.delay_max);
  for (const auto& [code, rule] : retry.by_code) {
    w.header(fmt::format("[retry.{}]", name_of(code)));
    if (rule.runs) w.number("runs", *rule.runs);
    if (rule.delay) w.duration("delay", *rule.delay);
    if (rule.delay_max) w.duration("delay_max", *rule.delay_max);
  }
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ", ";
    out += quoted(text);
  }
  return out + ']';
}

std::string render(const Config& config) {
  Writer w;
  w.header("[server]");
  w.text("listen", config.server.listen);
  w.text("url", config.server.url);
  w.text("data", config.server.data);
  w.text("database", config.server.database);
  w.text("tls_certificate", config.server.tls_certificate);
  w.text("tls_key", config.server.tls_key);
  w.number("requests_per_minute", config.server.requests_per_minute);
  w.number("connections_per_address", config.server.connections_per_address);
  w.text("access_log", name_of(config.server.access_log));
  for (const auto& repo : config.repos) write(w, repo);
  for (const auto& [name, agent] : config.agents) write(w, name, agent);
  w.header("[worker]");
  w.text("agent", config.worker.agent);
  w.number("slots", config.worker.slots);
  w.text("sandbox", name_of(config.worker.sandbox));
  w.text("workspaces", config.worker.workspaces);
  w.list("labels", config.worker.labels);
  w.header("[verify]");
  w.list("commands", config.verify.commands);
  w.text("unverified", name_of(config.verify.unverified));
  w.text("judge", config.verify.judge);
  w.number("slots", config.verify.slots);
  w.header("[delivery]");
  w.text("mode", name_of(config.delivery.mode));
  w.boolean("allow_attested_merge", config.delivery.allow_attested_merge);
  w.text("author", config.delivery.author);
  w.header("[policy]");
  w.text("approval", name_of(config.policy_rules.specs.approval));
  w.text("profile", name_of(config.policy_rules.specs.profile));
  w.list("protect", config.policy_rules.protect);
  w.header("[caps]");
  w.number("runs_per_task", config.caps.runs_per_task);
  w.number("runs_per_repo_day", config.caps.runs_per_repo_day);
  w.number("concurrent", config.caps.concurrent);
  w.duration("wall", config.caps.wall);
  write(w, config.retry);
  w.header("[dispatch]");
  w.number("route_retries", config.dispatch.route_retries);
  w.duration("pickup_deadline", config.dispatch.pickup_deadline);
  w.header("[notify]");
  w.list("command", config.notify.command);
  for (const auto& webhook : config.webhooks) write(w, webhook);
  return std::move(w).take();
}

Digest digest(const Config& config) { return Digest::of(render(config)); }

}  // namespace vitana::config
