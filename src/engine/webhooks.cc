#include "engine/webhooks.h"

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/enum_names.h"
#include "engine/branch_checks.h"

namespace vitana::engine {
namespace {

constexpr auto outcome_names = enum_names<HintOutcome>({{HintOutcome::looking, "looking"},
                                                        {HintOutcome::other_branch, "other_branch"},
                                                        {HintOutcome::ignored, "ignored"},
                                                        {HintOutcome::repeated, "repeated"}});

constexpr int forgotten_at_once = 4;  ///< more than come: there are never more than a week brings

HintOutcome outcome_of(const Hint& hint, const RepoSetup& repo) {
  if (!hint.pushed) return HintOutcome::ignored;
  const auto branch = repo.branch_name();
  if (hint.ref.empty() || branch.empty() || hint.ref == "refs/heads/" + branch) return HintOutcome::looking;
  return HintOutcome::other_branch;
}

}  // namespace

std::string_view name_of(HintOutcome outcome) { return outcome_names.name(outcome); }

Result<HintOutcome> Webhooks::take(const Hint& hint) {
  const auto* repo = setup_.repo(hint.repo);
  CHECK(repo != nullptr);
  auto outcome = HintOutcome::ignored;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    outcome = outcome_of(hint, *repo);
    if (ledger.webhook(hint.repo, hint.delivery)) {
      outcome = HintOutcome::repeated;
      return {};
    }
    for (const auto& old : ledger.webhooks_before(ledger.now() - deliveries_for, forgotten_at_once)) ledger.forget(old);
    ledger.put(store::WebhookRow{hint.repo, hint.delivery, hint.forge, hint.event, hint.ref,
                                 std::string(name_of(outcome)), ledger.now()});
    const bool is_branch = outcome == HintOutcome::other_branch && hint.ref.starts_with("refs/heads/");
    if (is_branch) put_branch_check(ledger, hint.repo, hint.ref, hint.delivery);
    ledger.append({domain::EventType::repo_hinted, std::nullopt, std::nullopt, "forge:" + hint.forge,
                   nlohmann::ordered_json{{"repo", hint.repo},
                                          {"delivery", hint.delivery},
                                          {"event", hint.event},
                                          {"ref", hint.ref},
                                          {"outcome", name_of(outcome)}}
                       .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)});
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (outcome == HintOutcome::looking) autopilot_.look_at(hint.repo);
  return outcome;
}

}  // namespace vitana::engine
