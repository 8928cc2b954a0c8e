#include "cli/token_commands.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "view/json.h"

namespace vitana::cli {
namespace {

std::string state_of(const store::TokenRow& token, Instant now) {
  if (token.revoked_at) return "revoked";
  return token.is_valid(now) ? "valid" : "expired";
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "all" : text;
}

engine::TokenRequest request_of(const Call& call, const TokenOptions& options) {
  return {.name = options.name.empty() ? call.actor : options.name,
          .role = *domain::role(options.role),
          .repos = options.repos};
}

}  // namespace

Answer tokens_create(Call& call, const TokenOptions& options) {
  auto request = request_of(call, options);
  if (!options.expires.empty()) {
    request.valid_for = parse_duration(options.expires);
    if (!request.valid_for || *request.valid_for <= Duration::zero()) {
      return usage(fmt::format("'{}' is no duration", options.expires), "--expires 30d");
    }
  }
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  const auto issued = (*session)->engine().access.issue(request, call.asked());
  if (!issued) return failure(issued.error());
  if (call.json) {
    call.print_json({{"id", issued->row.id}, {"token", issued->token}});
    return exit_yes;
  }
  call.console.data(issued->token + "\n");
  call.console.say(fmt::format("{}: {} for {}, of {} repositories; it is shown this once", issued->row.id, options.role,
                               request.name, list_of(request.repos)),
                   Ink::dim);
  return exit_yes;
}

Answer tokens_link(Call& call, const TokenOptions& options) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  const auto url = (*session)->gateway_url();
  if (!url) {
    return failure(Error{FailureCode::STATE_REFUSED, "no gateway runs on this data directory"}.with("hint", "vitana serve"));
  }
  const auto issued = (*session)->engine().access.link(request_of(call, options), call.asked());
  if (!issued) return failure(issued.error());
  const auto address = fmt::format("{}/login?code={}", *url, issued->token);
  if (call.json) {
    call.print_json({{"id", issued->row.id}, {"url", address}});
    return exit_yes;
  }
  call.console.data(address + "\n");
  call.console.say(fmt::format("{} for {}; it works once, within ten minutes", options.role, issued->row.name), Ink::dim);
  return exit_yes;
}

Answer tokens_list(Call& call) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  const auto tokens = (*session)->engine().access.tokens();
  if (!tokens) return failure(tokens.error());
  Instant now{};
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    now = reader.now();
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    call.print_json(view::tokens_json(*tokens, now));
    return exit_yes;
  }
  Table table({"ID", "STATE", "ROLE", "NAME", "REPOS", "MADE", "EXPIRES"});
  for (const auto& token : *tokens) {
    table.add({token.id, state_of(token, now), std::string(name_of(token.role)), token.name, list_of(token.repos),
               relative(token.created_at, now), token.expires_at ? relative(*token.expires_at, now) : "never"});
  }
  if (table.empty()) {
    call.console.say("no token was made; next: vitana tokens create --role viewer");
  } else {
    call.console.print(table.text(call.console.terminal()));
  }
  return exit_yes;
}

Answer tokens_revoke(Call& call, const std::string& id) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto token = (*session)->engine().access.revoke(id, call.asked());
  if (!token && token.error().code == FailureCode::NOT_FOUND) {
    return failure(std::move(token.error()).with("hint", "vitana tokens list"));
  }
  if (!token) return failure(std::move(token.error()));
  if (call.json) {
    call.print_json({{"id", id}, {"revoked", true}});
  } else {
    call.console.print(fmt::format("{} ({}) is not let in any more\n", id, token->name));
  }
  return exit_yes;
}

}  // namespace vitana::cli
