// What of the configuration speaks of others: forges that are told of commits, and webhooks.
#include <algorithm>

#include "base/glob.h"
#include "base/http_address.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/values.h"
#include "domain/event.h"

namespace vitana::config {
namespace {

constexpr std::string_view github_host = "github.com";
constexpr std::string_view gitlab_host = "gitlab.com";

/// The forge that is meant where none is named; none: the host says nothing.
Forge forge_of(const std::string& host) {
  return host == github_host ? Forge::github : host == gitlab_host ? Forge::gitlab : Forge::none;
}

std::string api_of(Forge forge, const std::string& host) {
  if (forge == Forge::github && host == github_host) return "https://api.github.com";
  if (forge == Forge::gitlab && host == gitlab_host) return "https://gitlab.com";
  return "";
}

/// What all of a forge's addresses begin with, below its host's. GitHub's is a host of its own, or is named whole.
std::string_view api_path(Forge forge) {
  switch (forge) {
    case Forge::gitlab: return "/api/v4";
    case Forge::gitea:
    case Forge::forgejo: return "/api/v1";
    case Forge::github:
    case Forge::none: return "";
  }
  return "";
}

bool fits(Forge forge, const std::string& project) {
  if (!is_project(project)) return false;
  return forge == Forge::gitlab || std::count(project.begin(), project.end(), '/') == 1;
}

}  // namespace

void read_forge(Section& section, Repo& repo) {
  section.word("forge", repo.forge, forge_names, {Forge::none});
  section.text("forge_url", repo.forge_url);
  section.text("forge_project", repo.forge_project);
  section.text("status_token", repo.status_token.reference);
}

void check_forge(Section& section, Repo& repo) {
  const auto host = repository_host(repo.url);
  const bool told = !repo.status_token.reference.empty();
  if (repo.forge == Forge::none && told) repo.forge = forge_of(host);
  if (repo.forge == Forge::none) {
    if (told) {
      section.error("status_token", "CONFIG_MISSING", "needs to know which forge it is for",
                    "forge = \"github\", \"gitlab\", \"gitea\" or \"forgejo\"");
    } else if (!repo.forge_url.empty() || !repo.forge_project.empty()) {
      section.error(repo.forge_url.empty() ? "forge_project" : "forge_url", "CONFIG_MISSING", "needs a forge",
                    "forge = \"github\", \"gitlab\", \"gitea\" or \"forgejo\"");
    }
    return;
  }
  if (!told) {
    section.error("forge", "CONFIG_MISSING", "has a forge, and no token by which it is told",
                  "status_token = \"env:NAME\" or \"file:PATH\"");
  }
  if (repo.forge_url.empty()) repo.forge_url = api_of(repo.forge, host);
  while (repo.forge_url.ends_with('/')) repo.forge_url.pop_back();
  if (repo.forge_url.empty()) {
    section.error("forge", "CONFIG_MISSING", "needs the address of the forge",
                  "forge_url = \"https://git.example.org\"; of GitHub Enterprise \"https://HOST/api/v3\"");
  } else if (holds_password(repo.forge_url)) {
    section.error("forge_url", "CONFIG_SECRET", "forge_url holds a password or a token", "status_token is its place");
    repo.forge_url.clear();
  } else if (!is_web_address(repo.forge_url)) {
    section.error("forge_url", "CONFIG_VALUE", "forge_url is no address of HTTP", "such as \"https://git.example.org\"");
  } else if (const auto address = read_http_address(repo.forge_url);
             !address || (!address->encrypted && !address->names_this_machine())) {
    section.error("forge_url", "CONFIG_VALUE", "forge_url is sent a token, and begins with https://",
                  "such as \"https://git.example.org\"");
  } else if (!repo.forge_url.ends_with(api_path(repo.forge))) {
    repo.forge_url += api_path(repo.forge);
  }
  if (repo.forge_project.empty()) repo.forge_project = repository_project(repo.url);
  if (repo.forge_project.empty()) {
    section.error("forge", "CONFIG_MISSING", "needs the repository's name at the forge", "forge_project = \"owner/name\"");
  } else if (!fits(repo.forge, repo.forge_project)) {
    section.error("forge_project", "CONFIG_VALUE", "forge_project is no name of a repository there", "\"owner/name\"");
  }
}

void read_webhook(Section& section, Webhook& webhook) {
  section.text("name", webhook.name);
  section.text("url", webhook.url);
  section.text("secret", webhook.secret.reference);
  section.texts("events", webhook.events);
  section.word("format", webhook.format, webhook_format_names);
  section.finish();
  if (!is_name(webhook.name)) {
    section.error("name", webhook.name.empty() ? "CONFIG_MISSING" : "CONFIG_VALUE",
                  webhook.name.empty() ? "needs a name" : "name must be letters, digits, '.', '_' and '-'",
                  "such as name = \"chat\"");
  }
  const bool secret = webhook.url.starts_with("env:") || webhook.url.starts_with("file:");
  if (webhook.url.empty()) {
    section.error("url", "CONFIG_MISSING", "needs a url", "\"https://…\"; or \"env:NAME\", \"file:PATH\" with it");
  } else if (!secret && holds_password(webhook.url)) {
    section.error("url", "CONFIG_SECRET", "url holds a password or a token", "\"env:NAME\" or \"file:PATH\" with the whole address");
    webhook.url.clear();
  } else if (!secret && !is_web_address(webhook.url)) {
    section.error("url", "CONFIG_VALUE", "url is no address of HTTP", "\"https://…\"; or \"env:NAME\", \"file:PATH\" with it");
  }
  check_globs(section, "events", webhook.events);
  for (const auto& glob : webhook.events) {
    const auto& all = domain::event_catalogue();
    const bool any = std::any_of(all.begin(), all.end(), [&](const auto& info) { return glob_match(glob, info.name); });
    if (any || !is_glob(glob)) continue;
    section.error("events", "CONFIG_VALUE", "events holds a pattern that no event's type matches",
                  "such as \"vtid.lifecycle.*\"; docs/events.md lists the types");
    return;
  }
}

}  // namespace vitana::config
