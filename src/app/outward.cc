#include "app/outward.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/secrets.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "base/webhook_signature.h"
#include "wire/event_text.h"
#include "wire/hostile.h"

namespace vitana::app {
namespace {

using namespace std::chrono_literals;

constexpr auto deadline = std::chrono::duration_cast<std::chrono::milliseconds>(engine::announce_deadline);
constexpr std::size_t answer_bytes_max = 1 << 20;
constexpr std::size_t said_bytes_max = 200;

Error missing(const std::string& section, const std::string& reference) {
  return {FailureCode::SECRET_MISSING, fmt::format("{}: {} holds nothing", section, reference)};
}

/// The address now: it may be a secret.
Result<std::string> address_of(const config::Webhook& webhook) {
  if (!webhook.url.starts_with("env:") && !webhook.url.starts_with("file:")) return webhook.url;
  auto value = secret_value({webhook.url});
  if (!value || value->empty()) return failure(missing("the url of the webhook", webhook.url));
  return std::move(*value);
}

/// "https://user@HOST:PORT/path" → "HOST:PORT".
std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return "";
  auto host = url.substr(scheme + 3);
  host.resize(std::min(host.find_first_of("/?#"), host.size()));
  if (const auto at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  return printable_line(host);
}

Result<void> judged(const http::Answer& answer, const std::string& who) {
  if (answer.status >= 200 && answer.status < 300) return {};
  const bool elsewhere = answer.status >= 300 && answer.status < 400;
  return failure(FailureCode::PEER_REFUSED, fmt::format("{} answered {}{}", who, answer.status,
                                                        elsewhere ? ", which leads elsewhere and is not followed" : ""));
}

Result<void> post(const config::Webhook& webhook, http::Client& client, const engine::Announcement& announcement) {
  auto url = address_of(webhook);
  if (!url) return failure(std::move(url.error()));
  const auto& event = announcement.event;
  const wire::EventView view{event.seq,  event.time, event.type,  event.status,
                             event.vtid, event.run,  event.actor, event.data};
  const auto json = webhook.format == config::WebhookFormat::chat
                        ? wire::Json{{"text", wire::event_text(view, announcement.title)}}
                        : wire::announcement_json(view, announcement.store_id, announcement.title);
  const auto id = engine::announcement_id(announcement);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(announcement.now.time_since_epoch()).count();
  http::Request request{.method = http::Method::post,
                        .url = std::move(*url),
                        .headers = {{"Content-Type", "application/json"},
                                    {"webhook-id", id},
                                    {"webhook-timestamp", std::to_string(seconds)}},
                        .body = wire::to_text(json),
                        .deadline = deadline,
                        .answer_bytes_max = answer_bytes_max,
                        .stop = StopScope::current()};
  request.shown = host_of(request.url);
  if (!webhook.secret.reference.empty()) {
    const auto secret = secret_value(webhook.secret);
    if (!secret || secret->empty()) return failure(missing("the secret of the webhook", webhook.secret.reference));
    auto signature = webhook_signature(*secret, id, seconds, request.body);
    if (signature.empty()) {
      return failure(FailureCode::SECRET_MISSING,
                     fmt::format("the secret of the webhook: {} begins with whsec_ and is no base64", webhook.secret.reference));
    }
    request.headers.emplace_back("webhook-signature", std::move(signature));
  }
  auto answer = client.send(request);
  if (!answer) return failure(std::move(answer.error()));
  return judged(*answer, request.shown);
}

/// A project's name as one component of a path.
std::string one_component(const std::string& project) {
  std::string out;
  for (const char c : project) out += c == '/' ? std::string("%2F") : std::string(1, c);
  return out;
}

http::Request status_request(const config::Repo& repo, const engine::CommitStatus& status, const std::string& token) {
  const bool gitlab = repo.forge == config::Forge::gitlab;
  const auto path = gitlab ? fmt::format("/projects/{}/statuses/{}", one_component(repo.forge_project), status.commit)
                           : fmt::format("/repos/{}/statuses/{}", repo.forge_project, status.commit);
  wire::Json body{{"state", status.good ? "success" : gitlab ? "failed" : "failure"},
                  {gitlab ? "name" : "context", status_context},
                  {"description", status.description}};
  http::Request request{.method = http::Method::post,
                        .url = repo.forge_url + path,
                        .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                        .body = wire::to_text(body),
                        .deadline = deadline,
                        .answer_bytes_max = answer_bytes_max,
                        .stop = StopScope::current()};
  switch (repo.forge) {
    case config::Forge::github: request.headers.emplace_back("Authorization", "Bearer " + token); break;
    case config::Forge::gitlab: request.headers.emplace_back("PRIVATE-TOKEN", token); break;
    case config::Forge::gitea:
    case config::Forge::forgejo: request.headers.emplace_back("Authorization", "token " + token); break;
    case config::Forge::none: break;
  }
  return request;
}

/// What a forge says of a request that it refuses.
std::string message_of(const http::Answer& answer) {
  const auto json = wire::parse_hostile(answer.body);
  const auto message = json && json->is_object() ? json->find("message") : wire::Json::const_iterator();
  if (!json || !json->is_object() || message == json->end() || !message->is_string()) return "";
  return ": " + std::string(utf8_prefix(printable_line(message->get<std::string>()), said_bytes_max));
}

}  // namespace

engine::Announce announcer(const config::Config& config, http::Client& client) {
  if (config.webhooks.empty()) return {};
  return [&config, &client](const engine::Endpoint& endpoint, const engine::Announcement& announcement)
             -> Result<void> {
    for (const auto& webhook : config.webhooks) {
      if (webhook.name == endpoint.name) return post(webhook, client, announcement);
    }
    return failure(FailureCode::NOT_FOUND, fmt::format("no [[webhooks]] is called \"{}\"", endpoint.name));
  };
}

engine::StatusTeller status_teller(const config::Config& config, http::Client& client) {
  return [&config, &client](const engine::CommitStatus& status) -> Result<void> {
    const auto* repo = config.repo(status.repo);
    if (repo == nullptr) {
      return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", status.repo));
    }
    const auto token = secret_value(repo->status_token);
    if (!token || token->empty()) return failure(missing("status_token", repo->status_token.reference));
    const auto answer = client.send(status_request(*repo, status, *token));
    if (!answer) return failure(answer.error());
    auto done = judged(*answer, host_of(repo->forge_url));
    const auto said = message_of(*answer);
    // GitLab's way to say that a status is what it was already: an engine died after it was told.
    const bool known = repo->forge == config::Forge::gitlab && answer->status == 400 &&
                       said.starts_with(": Cannot transition status");
    if (known) return {};
    if (!done) done.error().message += said;
    return done;
  };
}

std::vector<engine::Endpoint> endpoints(const config::Config& config) {
  std::vector<engine::Endpoint> all;
  for (const auto& webhook : config.webhooks) {
    const auto url = address_of(webhook);
    all.push_back({webhook.name, url ? host_of(*url) : "", webhook.events});
  }
  return all;
}

}  // namespace vitana::app
