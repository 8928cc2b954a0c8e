// The allowed words of each enumerated key. Not for use outside config/.
#pragma once

#include "base/enum_names.h"
#include "config/config.h"

namespace vitana::config {

inline constexpr auto access_log_names = enum_names<AccessLog>(
    {{AccessLog::none, "none"}, {AccessLog::text, "text"}, {AccessLog::json, "json"}});
inline constexpr auto adopt_names = enum_names<Adopt>({{Adopt::new_, "new"}, {Adopt::all, "all"}});
inline constexpr auto ids_names = enum_names<Ids>({{Ids::vtid, "vtid"}, {Ids::local, "local"}});
inline constexpr auto forge_names = enum_names<Forge>({{Forge::none, ""},
                                                       {Forge::github, "github"},
                                                       {Forge::gitlab, "gitlab"},
                                                       {Forge::gitea, "gitea"},
                                                       {Forge::forgejo, "forgejo"}});
inline constexpr auto webhook_format_names =
    enum_names<WebhookFormat>({{WebhookFormat::event, "event"}, {WebhookFormat::chat, "chat"}});
inline constexpr auto agent_kind_names = enum_names<AgentKind>({{AgentKind::command, "command"},
                                                                {AgentKind::claude, "claude"},
                                                                {AgentKind::codex, "codex"},
                                                                {AgentKind::gemini, "gemini"},
                                                                {AgentKind::opencode, "opencode"},
                                                                {AgentKind::acp, "acp"}});
inline constexpr auto network_names =
    enum_names<Network::Mode>({{Network::Mode::none, "none"},
                               {Network::Mode::loopback, "loopback"},
                               {Network::Mode::hosts, "hosts"}});
inline constexpr auto sandbox_names =
    enum_names<domain::SandboxMode>({{domain::SandboxMode::require, "require"},
                                     {domain::SandboxMode::prefer, "prefer"},
                                     {domain::SandboxMode::off, "off"}});
inline constexpr auto unverified_names =
    enum_names<domain::UnverifiedMode>({{domain::UnverifiedMode::attest, "attest"},
                                        {domain::UnverifiedMode::judge, "judge"},
                                        {domain::UnverifiedMode::human, "human"}});
inline constexpr auto delivery_names =
    enum_names<domain::DeliveryMode>({{domain::DeliveryMode::branch, "branch"},
                                      {domain::DeliveryMode::merge, "merge"},
                                      {domain::DeliveryMode::pull_request, "pull_request"}});
inline constexpr auto approval_names = enum_names<domain::ApprovalMode>(
    {{domain::ApprovalMode::automatic, "auto"}, {domain::ApprovalMode::required, "required"}});
inline constexpr auto profile_names = enum_names<domain::SpecProfile>(
    {{domain::SpecProfile::standard, "standard"}, {domain::SpecProfile::strict, "strict"}});

}  // namespace vitana::config
