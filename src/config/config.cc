#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/names.h"

namespace vitana::config {

domain::Policy Config::policy() const {
  domain::Policy policy;
  policy.specs = policy_rules.specs;
  policy.unverified = verify.unverified;
  policy.delivery = delivery.mode;
  policy.allow_attested_merge = delivery.allow_attested_merge;
  policy.retry = retry;
  policy.caps = caps;
  policy.dispatch = dispatch;
  policy.tells = !notify.command.empty();
  return policy;
}

const Repo* Config::repo(std::string_view name) const {
  const auto it =
      std::find_if(repos.begin(), repos.end(), [&](const Repo& repo) { return repo.name == name; });
  return it == repos.end() ? nullptr : &*it;
}

const Agent* Config::agent(std::string_view name) const {
  const auto it = agents.find(std::string(name));
  return it == agents.end() ? nullptr : &it->second;
}

const std::vector<std::string>& protected_by_default() {
  static const std::vector<std::string> paths = {"**/vitana.toml", ".github/**",   "**/.claude/**",
                                                 "**/.mcp.json",   "**/CLAUDE.md", "**/AGENTS.md"};
  return paths;
}

std::string_view name_of(AccessLog log) { return access_log_names.name(log); }
std::optional<AccessLog> access_log(std::string_view name) { return access_log_names.value(name); }
std::string_view name_of(Adopt adopt) { return adopt_names.name(adopt); }
std::string_view name_of(Ids ids) { return ids_names.name(ids); }
std::string_view name_of(Forge forge) { return forge_names.name(forge); }
std::string_view name_of(WebhookFormat format) { return webhook_format_names.name(format); }
std::string_view name_of(AgentKind kind) { return agent_kind_names.name(kind); }
std::string_view name_of(Network::Mode mode) { return network_names.name(mode); }

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  int shift = 0;
  if (unit == "K")
    shift = 10;
  else if (unit == "M")
    shift = 20;
  else if (unit == "G")
    shift = 30;
  else if (unit == "T")
    shift = 40;
  else
    return std::nullopt;
  if (count > (std::uint64_t{1} << 62) >> shift) return std::nullopt;
  return count << shift;
}

std::string size_text(std::uint64_t bytes) {
  static constexpr std::pair<int, char> units[] = {{40, 'T'}, {30, 'G'}, {20, 'M'}};
  for (const auto& [shift, unit] : units) {
    const std::uint64_t whole = bytes >> shift;
    if (whole != 0 && whole << shift == bytes) return fmt::format("{}{}", whole, unit);
  }
  return fmt::format("{}K", bytes >> 10);
}

}  // namespace vitana::config
