#include "engine/access.h"

#include <fmt/format.h>

namespace vitana::engine {
namespace {

constexpr std::string_view token_prefix = "vitana_";  // so that scanners for leaked secrets know it
constexpr std::size_t token_length = token_prefix.size() + 64;
constexpr std::size_t name_bytes_max = 100;

std::string random_hex(port::Entropy& entropy, int words) {
  std::string text;
  for (int i = 0; i < words; ++i) text += fmt::format("{:016x}", entropy.bits());
  return text;
}

Result<void> require_all(const Asked& asked) {
  if (asked.who.repos.empty()) return {};
  return failure(FailureCode::NOT_ALLOWED, "a token that is for some repositories makes none and takes none back");
}

}  // namespace

Result<IssuedToken> Access::issue(const TokenRequest& request, const Asked& asked) {
  if (auto may = require_all(asked); !may) return failure(std::move(may.error()));
  if (request.name.empty() || request.name.size() > name_bytes_max) {
    return failure(FailureCode::USAGE, fmt::format("a token has a name of 1 to {} bytes", name_bytes_max));
  }
  for (const auto& repo : request.repos) {
    if (setup_.repo(repo) == nullptr) {
      return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", repo));
    }
  }
  IssuedToken issued;
  issued.token = std::string(token_prefix) + random_hex(entropy_, 4);
  issued.row = {.id = "tok_" + random_hex(entropy_, 1),
                .hash = Digest::of(issued.token),
                .name = request.name,
                .role = request.role,
                .repos = request.repos,
                .created_by = asked.actor()};
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

Result<store::TokenRow> Access::revoke(const std::string& id, const Asked& asked) {
  if (auto may = require_all(asked); !may) return failure(std::move(may.error()));
  std::optional<store::TokenRow> row;
  // Twice is once by itself: no key is needed.
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    row = ledger.token(id);
    if (!row) return failure(FailureCode::NOT_FOUND, fmt::format("there is no token {}", id));
    if (row->revoked_at) return {};
    row->revoked_at = ledger.now();
    ledger.put(*row, asked.actor());
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

Result<domain::Caller> Access::identify(std::string_view token) {
  std::optional<domain::Caller> caller;
  if (token.size() == token_length && token.starts_with(token_prefix)) {
    // Looked up by its digest: how long that takes says nothing of any token.
    const auto hash = Digest::of(token);
    auto done = store_.read([&](store::Reader& reader) -> Result<void> {
      const auto row = reader.token(hash);
      if (row && row->is_valid(reader.now())) caller = row->caller();
      return {};
    });
    if (!done) return failure(std::move(done.error()));
  }
  if (!caller) return failure(FailureCode::UNAUTHENTICATED, "this token does not hold");
  return std::move(*caller);
}

}  // namespace vitana::engine
