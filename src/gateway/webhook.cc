#include "gateway/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/webhook_signature.h"
#include "wire/hostile.h"

namespace vitana::gateway {
namespace {

using wire::Json;

constexpr auto age_max = std::chrono::minutes(5);
constexpr std::size_t word_bytes_max = 200;

/// A forge, and where it says what. A forge that also speaks as another stands before it.
struct Forge {
  std::string_view name;
  std::string_view signature;  ///< header
  std::string_view prefix;     ///< of the signature
  std::string_view event;      ///< header
  std::array<std::string_view, 2> delivery;  ///< headers, the better one first
  std::string_view push;       ///< what the header `event` says of a push
};

constexpr std::array forges{
    Forge{"forgejo", "x-forgejo-signature", "", "x-forgejo-event", {"x-forgejo-delivery", ""}, "push"},
    Forge{"gitea", "x-gitea-signature", "", "x-gitea-event", {"x-gitea-delivery", ""}, "push"},
    Forge{"gitlab", "webhook-signature", "v1,", "x-gitlab-event", {"webhook-id", ""}, "Push Hook"},
    Forge{"gitlab", "x-gitlab-token", "", "x-gitlab-event", {"idempotency-key", "x-gitlab-event-uuid"}, "Push Hook"},
    Forge{"github", "x-hub-signature-256", "sha256=", "x-github-event", {"x-github-delivery", ""}, "push"},
};

const Forge* forge_of(const Request& request) {
  for (const auto& forge : forges) {
    if (!request.header(std::string(forge.signature)).empty()) return &forge;
  }
  return nullptr;
}

bool is_hex_of(std::string_view signature, const Digest& expected) { return same_secret(signature, expected.hex()); }

/// "v1,BASE64 v1,BASE64": one of them holds.
bool standard_signature_holds(const Request& request, std::string_view secret, Instant now) {
  const auto id = request.header("webhook-id");
  const auto sent = request.header("webhook-timestamp");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(sent.data(), sent.data() + sent.size(), seconds);
  if (error != std::errc() || end != sent.data() + sent.size() || seconds < 0) return false;
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() - seconds;
  if (std::abs(age) > std::chrono::seconds(age_max).count()) return false;
  const auto expected = webhook_signature(secret, id, seconds, request.body);
  if (expected.empty()) return false;
  bool holds = false;
  auto list = request.header("webhook-signature");
  while (!list.empty()) {
    const auto one = list.substr(0, list.find(' '));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    holds |= same_secret(one, expected);
  }
  return holds;
}

bool holds(const Forge& forge, const Request& request, std::string_view secret, Instant now) {
  if (secret.empty()) return false;
  auto signature = request.header(std::string(forge.signature));
  if (forge.signature == "webhook-signature") return standard_signature_holds(request, secret, now);
  if (forge.signature == "x-gitlab-token") return same_secret(signature, secret);
  if (!signature.starts_with(forge.prefix)) return false;
  signature.remove_prefix(forge.prefix.size());
  return is_hex_of(signature, Digest::keyed(secret, request.body));
}

std::string word(std::string_view text) { return std::string(text.substr(0, word_bytes_max)); }

std::string text_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "https://host/a/b.git/" and "git@host:a/b" → "host/a/b": how forges and people write one address.
std::string place_of(std::string url) {
  if (const auto scheme = url.find("://"); scheme != std::string::npos) url.erase(0, scheme + 3);
  if (const auto user = url.find('@'); user != std::string::npos) url.erase(0, user + 1);
  if (const auto colon = url.find(':'); colon != std::string::npos && colon < url.find('/')) url[colon] = '/';
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with(".git")) url.resize(url.size() - 4);
  std::transform(url.begin(), url.end(), url.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return url;
}

/// Of several that share a secret: those whose address the delivery names, else whose name, else all.
std::vector<std::string> meant(const std::vector<const HookSecret*>& fitting, const Json& body) {
  std::vector<std::string> named;
  const auto add = [&](const HookSecret& secret) { named.push_back(secret.repo); };
  if (fitting.size() > 1 && body.is_object()) {
    for (const char* part : {"repository", "project"}) {
      const auto repository = body.find(part);
      if (repository == body.end()) continue;
      for (const char* key : {"clone_url", "ssh_url", "html_url", "git_url", "url", "git_http_url", "git_ssh_url", "homepage"}) {
        const auto url = text_at(*repository, key);
        for (const auto* secret : fitting) {
          const bool is = !url.empty() && !secret->url.empty() && place_of(url) == place_of(secret->url);
          if (is && std::find(named.begin(), named.end(), secret->repo) == named.end()) add(*secret);
        }
      }
      if (!named.empty()) return named;
      for (const auto* secret : fitting) {
        if (text_at(*repository, "name") == secret->repo) add(*secret);
      }
      if (!named.empty()) return named;
    }
  }
  for (const auto* secret : fitting) add(*secret);
  return named;
}

}  // namespace

bool is_signed(const Request& request) { return forge_of(request) != nullptr; }

Result<Delivery> read_delivery(const Request& request, const std::vector<HookSecret>& secrets, const std::string& asked,
                               Instant now) {
  const auto* forge = forge_of(request);
  if (forge == nullptr) return failure(FailureCode::UNAUTHENTICATED, "the request is not signed");
  std::vector<const HookSecret*> fitting;
  for (const auto& secret : secrets) {
    const bool may_be = asked.empty() || asked == secret.repo;
    if (may_be && holds(*forge, request, secret.secret, now)) fitting.push_back(&secret);
  }
  if (fitting.empty()) {
    return failure(Error{FailureCode::UNAUTHENTICATED, "the signature fits no repository's secret"}.with(
        "hint", "the forge's secret is the one that [[repos]] webhook_secret names"));
  }
  Delivery delivery{.forge = std::string(forge->name), .event = word(request.header(std::string(forge->event)))};
  for (const auto header : forge->delivery) {
    if (delivery.id.empty() && !header.empty()) delivery.id = word(request.header(std::string(header)));
  }
  // Without an id each is one of its own.
  if (delivery.id.empty()) delivery.id = fmt::format("{}-{}", to_us(now), Digest::of(request.body).brief());
  delivery.pushed = delivery.event == forge->push;
  // What it says more is a hint too: it may be anything.
  const auto body = wire::parse_hostile(request.body).value_or(Json());
  delivery.repos = meant(fitting, body);
  if (delivery.pushed) delivery.ref = word(text_at(body, "ref"));
  return delivery;
}

}  // namespace vitana::gateway
