#include "engine/commit_statuses.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "base/utf8.h"
#include "domain/retry.h"
#include "engine/rounds.h"
#include "store/columns.h"

namespace vitana::engine {

using domain::EffectKind;
using domain::EffectOutcome;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

constexpr int pending_max = 10'000;
constexpr Duration look_every = 1s;

std::string keys_of(const std::string& repo) { return fmt::format("status:{}:", repo); }

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
  const auto keys = fmt::format("{}{}:", keys_of(repo.name), commit);
  auto due = ledger.now();
  for (const auto& row : ledger.pending(EffectKind::commit_status, pending_max, keys)) {
    // Another engine may be telling it: what is told last is what stays.
    due = std::max(due, std::min(row.due, ledger.now() + status_hold));
    ledger.settle(row.effect.key, EffectOutcome::void_);
  }
  auto since = to_us(ledger.now());
  while (ledger.effect(fmt::format("{}{}", keys, since))) ++since;  // of the same moment
  const Json payload{{"repo", repo.name},
                     {"commit", commit},
                     {"good", std::none_of(files.begin(), files.end(), is_wrong)},
                     {"description", described(files)},
                     {"since", since}};
  ledger.put(domain::Effect{EffectKind::commit_status, fmt::format("{}{}", keys, since), std::nullopt, std::nullopt,
                            payload.dump(-1, ' ', false, Json::error_handler_t::replace), due});
}

std::vector<std::string> status_keys(const Setup& setup) {
  std::vector<std::string> keys;
  for (const auto& repo : setup.repos) {
    if (repo.tells_status) keys.push_back(keys_of(repo.name));
  }
  return keys;
}

CommitStatuses::~CommitStatuses() {
  request_stop();
  join();
}

void CommitStatuses::join() {
  if (thread_.joinable()) thread_.join();
}

Result<void> CommitStatuses::begin() {
  if (store_.shared_by_hosts()) return {};
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    for (const auto& row : ledger.pending(EffectKind::commit_status, pending_max)) {
      const auto* repo = setup_.repo(store::member(row.effect.payload, "repo").value_or(""));
      if (repo == nullptr || !repo->tells_status) ledger.settle(row.effect.key, EffectOutcome::void_);
    }
    return {};
  });
}

void CommitStatuses::start(std::function<void(const Error&)> fault) {
  if (auto begun = begin(); !begun && fault) fault(begun.error());
  if (status_keys(setup_).empty() || !teller_) return;
  thread_ = std::jthread([this, fault = std::move(fault)](std::stop_token stop) {
    go_round(store_, stop, look_every, [this] { return tell(); },
             [&](const Error& why) { if (fault) fault(why); });
  });
}

Result<int> CommitStatuses::tell() {
  std::vector<store::EffectRow> due;
  bool any_left = false;
  Instant since{};
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    due = reader.due_effects(EffectKind::commit_status, statuses_max, status_keys(setup_));
    since = reader.now() - status_for;
    any_left = store_.shared_by_hosts() && !reader.effects_due_since(EffectKind::commit_status, since, 1).empty();
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
  if (any_left) {
    if (auto done = give_up_left(since); !done) return failure(std::move(done.error()));
  }
  return tried;
}

Result<void> CommitStatuses::give_up_left(Instant since) {
  std::vector<store::EffectRow> left;
  auto look = store_.read([&](store::Reader& reader) -> Result<void> {
    left = reader.effects_due_since(EffectKind::commit_status, since, statuses_max);
    return {};
  });
  if (!look || left.empty()) return look;
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    for (const auto& one : left) {
      const auto row = ledger.effect(one.effect.key);
      if (row && row->due <= since) ledger.give_up(one.id, "the engine that tells its forge did not for a day");
    }
    return {};
  });
}

Result<bool> CommitStatuses::hold(const store::EffectRow& effect) {
  const auto free = [&](const std::optional<store::EffectRow>& row, Instant now) {
    return row && row->state == "pending" && row->due <= now;
  };
  bool mine = false;
  auto done = store_.read([&](store::Reader& reader) -> Result<void> {
    mine = free(reader.effect(effect.effect.key), reader.now());
    return {};
  });
  if (done && mine && store_.shared_by_hosts()) {
    done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      mine = free(ledger.effect(effect.effect.key), ledger.now());
      if (mine) ledger.put_off(effect.id, ledger.now() + status_hold);
      return {};
    });
  }
  if (!done) return failure(std::move(done.error()));
  return mine;
}

Result<bool> CommitStatuses::tell(const store::EffectRow& effect) {
  const auto at = [&](const char* name) { return store::member(effect.effect.payload, name).value_or(""); };
  const CommitStatus status{at("repo"), at("commit"), at("good") == "true", at("description")};
  std::int64_t since = 0;
  const auto text = at("since");
  std::from_chars(text.data(), text.data() + text.size(), since);
  const bool late = clock_.now() - from_us(since) >= status_for;
  auto mine = hold(effect);
  if (!mine || !*mine) return mine;
  const auto told = teller_(status);
  const bool cut = !told && told.error().code == FailureCode::CANCELLED;  // which is no try
  if (cut && !store_.shared_by_hosts()) return false;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    if (cut) {
      ledger.put_off(effect.id, ledger.now());
    } else if (told) {
      ledger.settle(effect.effect.key, EffectOutcome::done);
    } else if (late) {
      ledger.give_up(effect.id, to_string(told.error()));
    } else {
      const auto wait = domain::backoff(status_delay, status_delay_max, effect.attempts + 1, entropy_.roll());
      ledger.postpone(effect.id, ledger.now() + wait, to_string(told.error()));
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return !cut;
}

}  // namespace vitana::engine
