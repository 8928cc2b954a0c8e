#include "engine/commit_statuses.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "base/utf8.h"
#include "domain/retry.h"
#include "store/columns.h"

namespace vitana::engine {

using domain::EffectKind;
using domain::EffectOutcome;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

constexpr int pending_max = 1000;
constexpr Duration look_every = 1s;

/// "2 specs valid", or what is wrong with the first that is.
std::string described(std::span<const FileOutcome> files) {
  const auto wrong = std::count_if(files.begin(), files.end(), is_wrong);
  if (wrong == 0) {
    const auto valid = std::count_if(files.begin(), files.end(), [](const FileOutcome& file) {
      return file.outcome != "ignored" && file.outcome != "missing";
    });
    return valid == 0 ? "no spec to judge" : fmt::format("{} {} valid", valid, valid == 1 ? "spec" : "specs");
  }
  const auto& first = *std::find_if(files.begin(), files.end(), is_wrong);
  const auto place = first.line > 0 ? fmt::format("{}:{}", first.path, first.line) : first.path;
  const auto more = wrong > 1 ? fmt::format(" (and {} more)", wrong - 1) : std::string();
  const auto whole = printable_line(fmt::format("{}: {}", place, first.reason));
  return std::string(utf8_prefix(whole, status_bytes_max - more.size())) + more;
}

}  // namespace

bool is_wrong(const FileOutcome& file) { return file.outcome == "invalid" || file.outcome == "conflict"; }

void put_status(store::Ledger& ledger, const RepoSetup& repo, const std::string& commit,
                std::span<const FileOutcome> all) {
  if (!repo.tells_status || all.empty()) return;
  // What became of a file may be told again, when another one was read.
  std::map<std::string, FileOutcome> newest;
  for (const auto& file : all) newest[file.path] = file;
  std::vector<FileOutcome> files;
  for (auto& [path, file] : newest) files.push_back(std::move(file));
  for (const auto& row : ledger.pending(EffectKind::commit_status, pending_max)) {
    const auto& old = row.effect.payload;
    if (store::member(old, "repo") != repo.name || store::member(old, "commit") != commit) continue;
    ledger.settle(row.effect.key, EffectOutcome::void_);
  }
  const auto since = to_us(ledger.now());
  const Json payload{{"repo", repo.name},
                     {"commit", commit},
                     {"good", std::none_of(files.begin(), files.end(), is_wrong)},
                     {"description", described(files)},
                     {"since", since}};
  ledger.put(domain::Effect{EffectKind::commit_status, fmt::format("status:{}:{}:{}", repo.name, commit, since),
                            std::nullopt, std::nullopt, payload.dump(-1, ' ', false, Json::error_handler_t::replace),
                            ledger.now()});
}

CommitStatuses::~CommitStatuses() {
  request_stop();
  join();
}

void CommitStatuses::join() {
  if (thread_.joinable()) thread_.join();
}

void CommitStatuses::start(std::function<void(const Error&)> fault) {
  const bool any = std::any_of(setup_.repos.begin(), setup_.repos.end(),
                               [](const RepoSetup& repo) { return repo.tells_status; });
  if (!any || !teller_) return;
  thread_ = std::jthread([this, fault = std::move(fault)](std::stop_token stop) {
    const StopScope cut(stop);
    while (!stop.stop_requested()) {
      const auto seen = store_.commits();
      const auto told = tell();
      if (!told && fault) fault(told.error());
      if (!told || *told == 0) store_.wait_for_commit(told ? seen : store_.commits(), look_every);
    }
  });
}

Result<int> CommitStatuses::tell() {
  std::vector<store::EffectRow> due;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    due = reader.due_effects(EffectKind::commit_status, statuses_max);
    return {};
  });
  if (!look) return failure(std::move(look.error()));
  int tried = 0;
  for (const auto& effect : due) {
    if (StopScope::current().stop_requested()) break;
    auto told = tell(effect);
    if (!told) return failure(std::move(told.error()));
    tried += *told ? 1 : 0;
  }
  return tried;
}

Result<bool> CommitStatuses::tell(const store::EffectRow& effect) {
  const auto at = [&](const char* name) { return store::member(effect.effect.payload, name).value_or(""); };
  const CommitStatus status{at("repo"), at("commit"), at("good") == "true", at("description")};
  std::int64_t since = 0;
  const auto text = at("since");
  std::from_chars(text.data(), text.data() + text.size(), since);
  const auto* repo = setup_.repo(status.repo);
  const bool tells = repo != nullptr && repo->tells_status;
  const bool late = clock_.now() - from_us(since) >= status_for;
  if (!tells && store_.shared_by_hosts() && !late) return false;  // another engine's
  Result<void> told = failure(FailureCode::REPO_UNKNOWN, "its forge is not told of it here");
  if (tells) told = teller_(status);
  if (!told && told.error().code == FailureCode::CANCELLED) return false;  // one that was cut is no try
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    if (told) {
      ledger.settle(effect.effect.key, EffectOutcome::done);
    } else if (!tells && !store_.shared_by_hosts()) {
      ledger.settle(effect.effect.key, EffectOutcome::void_);
    } else if (late) {
      ledger.give_up(effect.id, to_string(told.error()));
    } else {
      const auto wait = domain::backoff(status_delay, status_delay_max, effect.attempts + 1, entropy_.roll());
      ledger.postpone(effect.id, ledger.now() + wait, to_string(told.error()));
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return true;
}

}  // namespace vitana::engine
