#include "engine/branch_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "domain/retry.h"
#include "engine/commit_statuses.h"
#include "engine/rounds.h"
#include "store/chain.h"
#include "store/columns.h"

namespace vitana::engine {

using domain::EffectKind;
using domain::EffectOutcome;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

constexpr int pending_max = 10'000;
constexpr Duration look_every = 1s;
constexpr std::size_t message_bytes_max = 500;
constexpr const char* check_actor = "branch-check";

std::string keys_of(const std::string& repo) { return fmt::format("branch:{}:", repo); }

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string brief(const std::string& text) { return std::string(utf8_prefix(text, message_bytes_max)); }

struct Place {
  std::string repo;
  std::string ref;

  explicit Place(const store::EffectRow& effect)
      : repo(store::member(effect.effect.payload, "repo").value_or("")),
        ref(store::member(effect.effect.payload, "ref").value_or("")) {}
};

Json told(const domain::Diagnostic& diagnostic) {
  return {{"rule", diagnostic.rule},
          {"severity", domain::name_of(diagnostic.severity)},
          {"message", brief(diagnostic.message)},
          {"line", diagnostic.line},
          {"column", diagnostic.column}};
}

/// Elements of lists for as long as they fit.
class Space {
 public:
  explicit Space(std::size_t bytes) : left_(bytes) {}
  std::size_t left() const { return left_; }
  /// `kept`: bytes that it may not use up.
  bool take(const Json& element, std::size_t kept = 0) {
    const auto needed = text_of(element).size() + 1;
    if (needed + kept > left_) return false;
    left_ -= needed;
    return true;
  }

 private:
  std::size_t left_;
};

/// As much of it as an event's data may hold: files first, what is wrong before all else, then what was found in them.
std::string event_data(const std::string& repo, const std::string& ref, const port::BranchBeside& branch,
                       BranchPreview preview) {
  std::stable_partition(preview.files.begin(), preview.files.end(),
                        [](const PreviewedFile& file) { return is_wrong(file.outcome); });
  std::map<std::string, int> counts;
  for (const auto& file : preview.files) ++counts[file.outcome.outcome];
  Json data{{"repo", repo},       {"ref", ref},          {"commit", branch.commit},
            {"base", branch.base}, {"outcomes", counts}, {"files", Json::array()},
            {"more", false}};
  const auto used = text_of(data).size();
  Space space(used < store::event_data_max ? store::event_data_max - used : 0);
  bool more = preview.more;
  auto& files = data["files"];
  const auto kept_for_findings = space.left() / 3;
  for (const auto& file : preview.files) {
    const auto& outcome = file.outcome;
    Json one{{"path", outcome.path},
             {"vtid", outcome.vtid ? Json(outcome.vtid->to_string()) : Json()},
             {"outcome", outcome.outcome},
             {"reason", brief(outcome.reason)},
             {"diagnostics", Json::array()}};
    if (!space.take(one, kept_for_findings)) break;
    files.push_back(std::move(one));
  }
  more = more || files.size() < preview.files.size();
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto& list = files[i]["diagnostics"];
    for (const auto& diagnostic : preview.files[i].diagnostics) {
      auto one = told(diagnostic);
      if (list.size() >= branch_findings_max || !space.take(one)) break;
      list.push_back(std::move(one));
    }
    more = more || list.size() < preview.files[i].diagnostics.size();
  }
  data["more"] = more;
  return text_of(data);
}

}  // namespace

void put_branch_check(store::Ledger& ledger, const std::string& repo, const std::string& ref,
                      const std::string& delivery) {
  std::vector<std::string> waiting;
  for (const auto& row : ledger.pending(EffectKind::check_branch, pending_max, keys_of(repo))) {
    if (Place(row).ref == ref) {
      ledger.settle(row.effect.key, EffectOutcome::void_);
    } else {
      waiting.push_back(row.effect.key);
    }
  }
  for (std::size_t i = 0; i + branches_waiting_max <= waiting.size(); ++i) {
    ledger.settle(waiting[i], EffectOutcome::void_);
  }
  ledger.put(domain::Effect{EffectKind::check_branch, keys_of(repo) + delivery, std::nullopt, std::nullopt,
                            text_of({{"repo", repo}, {"ref", ref}}), ledger.now()});
}

std::vector<std::string> branch_check_keys(store::Reader& reader, const Setup& setup) {
  std::vector<std::string> keys;
  for (const auto& repo : setup.repos) {
    const auto row = reader.repo(repo.name);
    if (row && !row->synced_commit.empty()) keys.push_back(keys_of(repo.name));
  }
  return keys;
}

BranchChecks::~BranchChecks() {
  request_stop();
  join();
}

void BranchChecks::join() {
  if (thread_.joinable()) thread_.join();
}

Result<void> BranchChecks::begin() {
  if (store_.shared_by_hosts()) return {};
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    for (const auto& row : ledger.pending(EffectKind::check_branch, pending_max)) {
      if (setup_.repo(Place(row).repo) == nullptr) ledger.settle(row.effect.key, EffectOutcome::void_);
    }
    return {};
  });
}

void BranchChecks::start(std::function<void(const Error&)> fault) {
  if (auto begun = begin(); !begun && fault) fault(begun.error());
  if (setup_.repos.empty()) return;
  thread_ = std::jthread([this, fault = std::move(fault)](std::stop_token stop) {
    go_round(store_, stop, look_every, [this] { return check(); },
             [&](const Error& why) { if (fault) fault(why); });
  });
}

Result<int> BranchChecks::check() {
  std::vector<store::EffectRow> due;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    due = reader.due_effects(EffectKind::check_branch, branch_checks_max, branch_check_keys(reader, setup_));
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  int tried = 0;
  for (const auto& effect : due) {
    if (StopScope::current().stop_requested()) break;
    auto done = check(effect);
    if (!done && done.error().code == FailureCode::CANCELLED) break;
    ++tried;
    if (done) continue;
    auto noted = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      const auto wait = domain::backoff(setup_.policy.retry.delay, setup_.policy.retry.delay_max, effect.attempts + 1,
                                        entropy_.roll());
      ledger.postpone(effect.id, ledger.now() + wait, to_string(done.error()));
      return {};
    });
    if (!noted) return failure(std::move(noted.error()));
  }
  return tried;
}

Result<void> BranchChecks::settle(const store::EffectRow& effect, EffectOutcome outcome) {
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.settle(effect.effect.key, outcome);
    return {};
  });
}

Result<void> BranchChecks::check(const store::EffectRow& effect) {
  const Place place(effect);
  const auto* repo = setup_.repo(place.repo);
  CHECK(repo != nullptr);
  if (place.ref == "refs/heads/" + repo->branch_name()) return settle(effect, EffectOutcome::void_);

  auto branch = repo->repository->fetch_beside(place.ref);
  if (!branch) return failure(std::move(branch.error()));
  if (!*branch) return settle(effect, EffectOutcome::done);  // it is gone
  auto preview = registry_.preview(*repo, **branch);
  // A name that is left is taken away with the next branch's.
  (void)repo->repository->forget_beside().has_value();
  if (!preview) return failure(std::move(preview.error()));
  if (preview->files.empty()) return settle(effect, EffectOutcome::done);
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    const auto pending = ledger.effect(effect.effect.key);
    if (!pending || pending->state != "pending") return {};  // overtaken by a newer push, or by another engine
    ledger.settle(effect.effect.key, EffectOutcome::done);
    ledger.append({domain::EventType::branch_checked, std::nullopt, std::nullopt, check_actor,
                   event_data(place.repo, place.ref, **branch, *preview)});
    std::vector<FileOutcome> outcomes;
    for (const auto& file : preview->files) outcomes.push_back(file.outcome);
    put_status(ledger, *repo, (*branch)->commit, outcomes);
    return {};
  });
}

}  // namespace vitana::engine
