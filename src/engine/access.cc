#include "engine/access.h"

#include <fmt/format.h>

#include <algorithm>

namespace vitana::engine {
namespace {

constexpr std::size_t secret_length = 64;
constexpr std::size_t name_bytes_max = 400;  ///< a hundred characters of any kind

struct Form {
  std::string_view text;  ///< begins with it, so that scanners for leaked secrets know it
  std::string_view id;    ///< begins with it
};

Form form_of(Credential credential) {
  switch (credential) {
    case Credential::token: return {"vitana_", "tok_"};
    case Credential::link: return {"vitana_link_", "lnk_"};
    case Credential::session: return {"vitana_session_", "ses_"};
  }
  return {};
}

bool has_form(std::string_view text, Credential credential) {
  const auto prefix = form_of(credential).text;
  return text.size() == prefix.size() + secret_length && text.starts_with(prefix);
}

tl::unexpected<Error> unknown() { return failure(FailureCode::UNAUTHENTICATED, "this token does not hold"); }

std::string random_hex(port::Entropy& entropy, int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += fmt::format("{:016x}", entropy.bits());
  return text;
}

}  // namespace

IssuedToken Access::draw(const TokenRequest& request, Credential kind, const std::string& by) {
  IssuedToken issued;
  issued.token = std::string(form_of(kind).text) + random_hex(entropy_, 4);
  issued.row = {.id = std::string(form_of(kind).id) + random_hex(entropy_, 1),
                .hash = Digest::of(issued.token),
                .name = request.name,
                .role = request.role,
                .repos = request.repos,
                .created_by = by};
  return issued;
}

Result<IssuedToken> Access::make(const TokenRequest& request, Credential kind, const Asked& asked) {
  if (auto all = asked.require_all("tokens are for all repositories"); !all) return failure(std::move(all.error()));
  if (request.name.empty() || request.name.size() > name_bytes_max) {
    return failure(FailureCode::USAGE, fmt::format("a token has a name of 1 to {} bytes", name_bytes_max));
  }
  for (const auto& repo : request.repos) {
    if (setup_.repo(repo) == nullptr) {
      return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", repo));
    }
  }
  auto issued = draw(request, kind, asked.actor());
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    issued.row.created_at = ledger.now();
    if (request.valid_for) issued.row.expires_at = ledger.now() + *request.valid_for;
    ledger.put(issued.row, asked.actor());
    return std::optional(issued.row.id);
  };
  auto done = commit_once(store_, asked, work, [](store::Ledger&, const std::string& made) -> Result<void> {
    return failure(Error{FailureCode::STATE_REFUSED, fmt::format("this request made {}, whose text was told then", made)}
                       .with("hint", "revoke it, and ask anew with another key"));
  });
  if (!done) return failure(std::move(done.error()));
  return issued;
}

Result<IssuedToken> Access::issue(const TokenRequest& request, const Asked& asked) {
  return make(request, Credential::token, asked);
}

Result<IssuedToken> Access::link(TokenRequest request, const Asked& asked) {
  request.valid_for = link_for;
  return make(request, Credential::link, asked);
}

Result<IssuedToken> Access::open_session(std::string_view text) {
  const auto kind = has_form(text, Credential::link) ? Credential::link : Credential::token;
  const auto found = row_of(text, kind);
  if (!found) return failure(found.error());
  if (!*found) return unknown();
  const auto& id = (*found)->id;
  const TokenRequest same{.name = (*found)->name, .role = (*found)->role, .repos = (*found)->repos};
  auto opened = draw(same, Credential::session, id);
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto opener = ledger.token(id);
    if (!opener || !opener->is_valid(ledger.now())) return unknown();
    opened.row.created_at = ledger.now();
    opened.row.expires_at = ledger.now() + session_for;
    if (kind == Credential::link) {
      opener->revoked_at = ledger.now();
      ledger.put(*opener, opener->name);
    } else if (opener->expires_at) {
      opened.row.expires_at = std::min(*opened.row.expires_at, *opener->expires_at);
    }
    ledger.put(opened.row, opener->name);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return opened;
}

Result<void> Access::close_session(std::string_view text) {
  const auto found = row_of(text, Credential::session);
  if (!found) return failure(found.error());
  if (!*found) return {};
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto row = ledger.token((*found)->id);
    if (!row || row->revoked_at) return {};
    row->revoked_at = ledger.now();
    ledger.put(*row, row->name);
    return {};
  });
}

Result<store::TokenRow> Access::revoke(const std::string& id, const Asked& asked) {
  if (auto all = asked.require_all("tokens are for all repositories"); !all) return failure(std::move(all.error()));
  std::optional<store::TokenRow> row;
  // Twice is once by itself: no key is needed.
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    row = ledger.token(id);
    if (!row) return failure(FailureCode::NOT_FOUND, fmt::format("there is no token {}", id));
    if (row->revoked_at) return {};
    row->revoked_at = ledger.now();
    ledger.put(*row, asked.actor());
    for (auto session : ledger.sessions_of(id)) {
      session.revoked_at = ledger.now();
      ledger.put(session, asked.actor());
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return std::move(*row);
}

Result<std::vector<store::TokenRow>> Access::tokens() {
  std::vector<store::TokenRow> rows;
  auto done = store_.read([&](store::Reader& reader) -> Result<void> {
    rows = reader.tokens();
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return rows;
}

Result<std::optional<store::TokenRow>> Access::row_of(std::string_view text, Credential as) {
  std::optional<store::TokenRow> found;
  if (!has_form(text, as)) return found;
  // Looked up by its digest: how long that takes says nothing of any token.
  const auto hash = Digest::of(text);
  auto done = store_.read([&](store::Reader& reader) -> Result<void> {
    auto row = reader.token(hash);
    if (row && row->is_valid(reader.now()) && row->id.starts_with(form_of(as).id)) found = std::move(row);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return found;
}

Result<domain::Caller> Access::identify(std::string_view text, Credential as) {
  const auto row = row_of(text, as);
  if (!row) return failure(row.error());
  if (!*row) return unknown();
  return (*row)->caller();
}

}  // namespace vitana::engine
