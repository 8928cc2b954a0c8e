// Questions about one thing.
#include "store/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/chain.h"
#include "store/queries.h"

namespace vitana::store {

std::optional<domain::Task> Reader::task(Vtid vtid) {
  return select_by_key<TaskMap>(connection_, vtid);
}

std::optional<domain::Run> Reader::run(const RunId& id) {
  auto row = select_by_key<RunMap>(connection_, id);
  return row ? std::optional(std::move(row->run)) : std::nullopt;
}

std::optional<domain::SpecVersion> Reader::spec(Vtid vtid, int version) {
  return select_by_key<SpecMap>(connection_, {vtid, version});
}

std::optional<domain::SpecVersion> Reader::newest_spec(Vtid vtid) {
  return queries::newest_spec(connection_, vtid);
}

std::optional<domain::Control> Reader::control(const std::string& key) {
  auto row = select_by_key<ControlMap>(connection_, key);
  return row ? std::optional(std::move(row->control)) : std::nullopt;
}

std::optional<EffectRow> Reader::effect(const std::string& key) { return select_by_key<EffectMap>(connection_, key); }

std::optional<DraftRow> Reader::draft(std::int64_t id) { return queries::draft(connection_, id); }

std::optional<IntakeRow> Reader::intake(std::int64_t id) {
  return select_by_key<IntakeMap>(connection_, id);
}

std::optional<std::string> Reader::config_text(const Digest& digest) {
  auto row = select_by_key<ConfigMap>(connection_, digest.to_string());
  return row ? std::optional(std::move(row->text)) : std::nullopt;
}

bool Reader::green_base(const std::string& repo, const std::string& commit, const Digest& commands) {
  return select_by_key<GreenBaseMap>(connection_, {repo, commit, commands.to_string()}).has_value();
}

ChainHead Reader::head() {
  const auto row = select_by_key<MetaMap>(connection_, "head");
  const auto head = row ? chain_head(row->text) : std::nullopt;
  if (!head) damaged("meta.value", row ? row->text : "no head");
  return *head;
}

std::string Reader::store_id() {
  const auto row = select_by_key<MetaMap>(connection_, "store_id");
  if (!row) damaged("meta.value", "no store id");
  return row->text;
}

std::map<std::string, int> Reader::leases() { return queries::leases(connection_); }

std::vector<SlotRow> Reader::slots() { return queries::slots(connection_); }

int Reader::repo_runs_since(const std::string& repo, Instant since) {
  return queries::repo_runs_since(connection_, repo, since);
}

bool Reader::quiet(const std::vector<std::string>& own) {
  std::vector<sql::Value> values;
  const auto pending = fmt::format("SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE state = 'pending' AND "
                                   "(kind NOT IN ('push', 'check_branch', 'commit_status') OR "
                                   "(kind IN ('check_branch', 'commit_status') AND attempts = 0 AND {})) LIMIT 1) "
                                   "AS pending",
                                   queries::begins("key", own, values));
  return queries::number(connection_, pending, values) == 0 &&
         queries::number(connection_,
                         "SELECT COUNT(*) FROM (SELECT 1 FROM autopilot_runs "
                         "WHERE lease_fence IS NOT NULL LIMIT 1) AS leased") == 0;
}

bool Reader::claimable(const std::vector<domain::Step>& steps, const WorkFilter& filter) {
  return std::any_of(steps.begin(), steps.end(), [&](domain::Step step) {
    return !queries::claimable(connection_, step, now_, 1, 0, filter).empty();
  });
}

std::vector<RunId> Reader::claimable(domain::Step step, int limit, int skip, const WorkFilter& filter) {
  return queries::claimable(connection_, step, now_, limit, skip, filter);
}

bool Reader::eligible() { return !queries::eligible(connection_, now_, 1).empty(); }

std::vector<Vtid> Reader::eligible(int limit, int skip, const WorkFilter& filter) {
  return queries::eligible(connection_, now_, limit, skip, filter);
}

std::vector<Vtid> Reader::overdue(int limit) { return queries::overdue(connection_, now_, limit); }

std::vector<RunId> Reader::run_out(Instant before, int limit) {
  return queries::run_ids(connection_,
                          "SELECT vtid, attempt FROM autopilot_runs "
                          "WHERE lease_fence IS NOT NULL AND lease_until <= $1 ORDER BY lease_until LIMIT $2",
                          {to_us(before), limit});
}

std::optional<RepoRow> Reader::repo(const std::string& name) {
  return select_by_key<RepoMap>(connection_, name);
}

std::optional<BreakerRow> Reader::breaker(const std::string& key) {
  return select_by_key<BreakerMap>(connection_, key);
}

}  // namespace vitana::store
