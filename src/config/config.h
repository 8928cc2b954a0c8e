// The configuration, as it is in force: every key of vitana.toml with its value or default.
//
// Pure values. parse.h makes one from text, render.h writes one back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "domain/policy.h"

namespace vitana::config {

/// A secret's place, never its value: "env:NAME" or "file:PATH". Empty: none.
struct SecretRef {
  std::string reference;

  bool operator==(const SecretRef&) const = default;
};

/// How answered requests are told on standard error.
enum class AccessLog { none, text, json };

struct Server {
  std::string listen = "127.0.0.1:8080";  ///< HOST:PORT; port 0 takes a free one
  std::string url;                        ///< how others reach it: "https://HOST[:PORT]"; empty: as it listens
  std::string data = ".vitana";           ///< lock, mirrors, logs, server.json, vitana.db
  std::string
      database;  ///< "postgresql://…" without a password, or a secret; empty: SQLite in `data`
  std::string tls_certificate;         ///< PEM, with its chain; empty: nothing is encrypted
  std::string tls_key;                 ///< PEM; there is one exactly where there is a certificate
  int requests_per_minute = 60'000;    ///< of one token, or of one address that shows none; 0: any number
  int connections_per_address = 512;   ///< but this machine's own; 0: any number
  AccessLog access_log = AccessLog::none;

  bool operator==(const Server&) const = default;
};

enum class Adopt { new_, all };
enum class Ids { vtid, local };
enum class Forge { none, github, gitlab, gitea, forgejo };

struct Repo {
  std::string name;    ///< unique
  std::string path;    ///< either a folder …
  std::string url;     ///< … or an address
  std::string branch;  ///< empty: the repository's own default branch
  std::vector<std::string> specs = {"docs/specs/**/*.md"};
  int scan_seconds = 60;
  Adopt adopt = Adopt::new_;
  Ids ids = Ids::vtid;
  std::vector<std::string> setup;  ///< shell, once per workspace, with network
  std::vector<std::string> cache;  ///< folders of the workspace, kept between workspaces
  SecretRef webhook_secret;
  std::vector<std::string> labels;  ///< what a worker must have that executes its runs
  Forge forge = Forge::none;   ///< whose API is told what became of a commit's specs
  std::string forge_url;       ///< its API; there is one where there is a forge
  std::string forge_project;   ///< "owner/name" there; likewise
  SecretRef status_token;      ///< none: nothing is told

  bool operator==(const Repo&) const = default;
};

enum class AgentKind { command, claude, codex, gemini, opencode, acp };

/// What an agent may reach.
struct Network {
  enum class Mode { none, loopback, hosts };
  Mode mode = Mode::none;
  std::vector<std::string> hosts;  ///< for Mode::hosts, at least one

  bool operator==(const Network&) const = default;
};

struct Agent {
  AgentKind kind = AgentKind::command;
  std::vector<std::string> command;  ///< program and arguments; may be empty for the other kinds
  Network network;
  std::vector<SecretRef> secrets;
  std::vector<std::string> read;  ///< further paths it may read
  Duration timeout = std::chrono::minutes(30);
  Duration silence = std::chrono::minutes(5);
  std::uint64_t memory = std::uint64_t{4} << 30;  ///< bytes
  std::uint64_t disk = std::uint64_t{20} << 30;   ///< bytes that it may write
  std::uint64_t output = std::uint64_t{64} << 20;  ///< bytes that it may print
  int processes = 4096;                            ///< at a time
  /// Exit codes by which the program says that not the task but its account is the fault.
  std::map<int, FailureCode> exits;
  std::vector<std::string> labels;  ///< what a worker must have that runs it

  bool operator==(const Agent&) const = default;
};

struct Worker {
  std::string agent;  ///< whose name tasks without one get; empty: none configured
  int slots = 2;      ///< execute steps at a time
  domain::SandboxMode sandbox = domain::SandboxMode::require;
  std::string workspaces;  ///< empty: the user's cache directory, by store id
  std::vector<std::string> labels;  ///< what this engine's own workers have

  bool operator==(const Worker&) const = default;
};

struct Verify {
  std::vector<std::string> commands;  ///< the repository's own checks, shell
  domain::UnverifiedMode unverified = domain::UnverifiedMode::attest;
  std::string judge;  ///< an agent's name, not worker.agent
  int slots = 2;      ///< verify and deliver steps at a time; 0: `serve` delivers, and others verify

  bool operator==(const Verify&) const = default;
};

struct Delivery {
  domain::DeliveryMode mode = domain::DeliveryMode::branch;
  bool allow_attested_merge = false;
  std::string author;  ///< "Name <address>"; empty: the repository's user, else Vitana's

  bool operator==(const Delivery&) const = default;
};

struct PolicyRules {
  domain::SpecRules specs;
  std::vector<std::string> protect;  ///< globs that no change may touch, beside the built-in ones

  bool operator==(const PolicyRules&) const = default;
};

struct Notify {
  std::vector<std::string> command;  ///< gets one JSON event on stdin; empty: nobody is told

  bool operator==(const Notify&) const = default;
};

enum class WebhookFormat {
  event,  ///< the event as it is everywhere, with a sentence
  chat,   ///< the sentence alone, as chat tools take it
};

/// Somebody outside who is told events.
struct Webhook {
  std::string name;  ///< unique
  std::string url;   ///< or a secret, as SecretRef: whoever knows a chat tool's may write there
  SecretRef secret;  ///< none: nothing is signed
  std::vector<std::string> events;  ///< patterns of their types; empty: what needs a person
  WebhookFormat format = WebhookFormat::event;

  bool operator==(const Webhook&) const = default;
};
inline constexpr std::size_t webhooks_max = 16;

struct Config {
  Server server;
  std::vector<Repo> repos;
  std::map<std::string, Agent> agents;
  Worker worker;
  Verify verify;
  Delivery delivery;
  PolicyRules policy_rules;
  domain::Caps caps;
  domain::RetryPolicy retry;
  domain::DispatchPolicy dispatch;
  Notify notify;
  std::vector<Webhook> webhooks;

  /// What transition() and gate() ask for.
  domain::Policy policy() const;
  /// Nothing when there is no repository of that name.
  const Repo* repo(std::string_view name) const;
  const Agent* agent(std::string_view name) const;

  bool operator==(const Config&) const = default;
};

/// What no configuration can take away: paths that a change touches only where its spec's front
/// matter or the operator's own act allows it.
const std::vector<std::string>& protected_by_default();

std::string_view name_of(AccessLog log);
/// The value of that name.
std::optional<AccessLog> access_log(std::string_view name);
std::string_view name_of(Adopt adopt);
std::string_view name_of(Ids ids);
std::string_view name_of(Forge forge);
std::string_view name_of(WebhookFormat format);
std::string_view name_of(AgentKind kind);
std::string_view name_of(Network::Mode mode);

/// A size as it is written: "512M", "4G"; powers of 1024. Nothing for other text or beyond 2^62.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// The shortest form that parse_size reads back to the same number.
std::string size_text(std::uint64_t bytes);

}  // namespace vitana::config
