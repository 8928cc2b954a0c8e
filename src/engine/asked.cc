#include "engine/asked.h"

#include <fmt/format.h>

#include <algorithm>

namespace vitana::engine {
namespace {

/// Each new key takes old ones away, a few more than come: there are never more than a day brings.
constexpr int forgotten_at_once = 4;

}  // namespace

Result<void> Asked::require_all(std::string_view what) const {
  if (reaches_all()) return {};
  return failure(FailureCode::NOT_ALLOWED, fmt::format("{}, and this token is for some repositories", what));
}

std::string revision_of(const store::DraftRow& draft) { return fmt::format("{}.{}", draft.version, draft.status); }

std::string revision_of(const store::ControlRow& control, Instant now) {
  return fmt::format("{}.{}", to_us(control.control.at), domain::is_on(control.control, now) ? "on" : "off");
}

Result<void> require_seen(const std::vector<std::string>& seen, const std::string& revision) {
  if (seen.empty() || std::find(seen.begin(), seen.end(), revision) != seen.end()) return {};
  return failure(FailureCode::CHANGED_MEANWHILE, fmt::format("it is at {} by now", revision));
}

Result<void> commit_once(store::Store& store, const Asked& asked, const OnceWork& work, const OnceAgain& again) {
  return store.commit([&](store::Ledger& ledger) -> Result<void> {
    const auto& once = asked.once;
    if (once) {
      const auto known = ledger.request(once->caller, once->key);
      if (known && known->at + once_for > ledger.now()) {
        if (known->request == once->request) return again(ledger, known->made);
        return failure(FailureCode::KEY_REUSED, fmt::format("the key '{}' came with another request before", once->key));
      }
    }
    auto made = work(ledger);
    if (!made) return failure(std::move(made.error()));
    if (!once || !*made) return {};
    for (const auto& old : ledger.requests_before(ledger.now() - once_for, forgotten_at_once)) ledger.forget(old);
    ledger.put(store::RequestRow{once->caller, once->key, once->request, **made, ledger.now()});
    return {};
  });
}

}  // namespace vitana::engine
