#include "store/queries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <limits>

#include "base/check.h"
#include "base/utf8.h"
#include "domain/breaker.h"

namespace vitana::store::queries {

std::optional<domain::SpecVersion> newest_spec(sql::Connection& connection, Vtid vtid) {
  auto rows = select_rows<SpecMap>(connection, "WHERE vtid = $1 ORDER BY version DESC LIMIT 1",
                                   {vtid.to_string()});
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<CandidateRow> candidates(sql::Connection& connection, Vtid vtid) {
  return select_rows<CandidateMap>(connection, "WHERE vtid = $1 ORDER BY origin",
                                   {vtid.to_string()});
}

std::vector<Vtid> dependencies(sql::Connection& connection, Vtid vtid) {
  return vtids(connection,
               "SELECT depends_on FROM task_dependencies WHERE vtid = $1 "
               "ORDER BY length(depends_on), depends_on",
               {vtid.to_string()});
}

std::vector<EvidenceRow> evidence(sql::Connection& connection, const RunId& run) {
  std::vector<EvidenceRow> out;
  for (auto& stored :
       select_rows<EvidenceMap>(connection, "WHERE vtid = $1 AND attempt = $2 ORDER BY ordinal",
                                {run.vtid.to_string(), run.attempt})) {
    out.push_back(std::move(stored.row));
  }
  return out;
}

std::optional<DraftRow> draft(sql::Connection& connection, std::int64_t id) {
  auto rows =
      select_rows<DraftMap>(connection, "WHERE id = $1 ORDER BY version DESC LIMIT 1", {id});
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<SlotRow> slots(sql::Connection& connection) {
  std::vector<SlotRow> out;
  for (const auto& row : connection.query("SELECT repo, agent, coalesce(wants, ''), COUNT(*) FROM autopilot_runs "
                                          "WHERE holds_slot <> 0 GROUP BY repo, agent, wants")) {
    out.push_back({row.text(0), row.text(1), domain::step_of(row.text(2)), int_of(row.int64(3))});
  }
  return out;
}

std::map<std::string, int> leases(sql::Connection& connection) {
  std::map<std::string, int> out;
  for (const auto& row : connection.query("SELECT lease_worker, COUNT(*) FROM autopilot_runs "
                                          "WHERE lease_fence IS NOT NULL GROUP BY lease_worker")) {
    out.emplace(row.text(0), int_of(row.int64(1)));
  }
  return out;
}

namespace {

/// The conditions of `filter`; their values are put behind the ones there.
std::string conditions_of(const WorkFilter& filter, std::vector<sql::Value>& values) {
  const auto place = [&](const std::string& value) {
    values.emplace_back(utf8_clean(value));
    return fmt::format("${}", values.size());
  };
  const auto in = [&](const std::set<std::string>& names) {
    std::vector<std::string> places;
    for (const auto& name : names) places.push_back(place(name));
    return fmt::format("IN ({})", fmt::join(places, ", "));
  };
  std::string conditions;
  if (filter.only) conditions += " AND vtid = " + place(filter.only->to_string());
  if (!filter.without_repos.empty()) conditions += " AND repo NOT " + in(filter.without_repos);
  if (!filter.only_repos.empty()) conditions += " AND repo " + in(filter.only_repos);
  if (!filter.without_agents.empty()) {
    const auto usual = place(filter.default_agent);
    conditions += fmt::format(" AND CASE agent WHEN '' THEN {} ELSE agent END NOT ", usual);
    conditions += in(filter.without_agents);
  }
  return conditions;
}

}  // namespace

std::vector<Vtid> eligible(sql::Connection& connection, Instant now, int limit, int skip,
                           const WorkFilter& filter) {
  const auto until = filter.whenever ? std::numeric_limits<std::int64_t>::max() : to_us(now);
  std::vector<sql::Value> values{until, limit, skip};
  const auto text = fmt::format("SELECT vtid FROM vtid_ledger WHERE status = 'scheduled' "
                                "AND not_before <= $1{} "
                                "ORDER BY priority, created_at, number LIMIT $2 OFFSET $3",
                                conditions_of(filter, values));
  return vtids(connection, text, values);
}

std::vector<RunId> claimable(sql::Connection& connection, domain::Step step, Instant now, int limit,
                             int skip, const WorkFilter& filter) {
  std::vector<sql::Value> values{domain::name_of(step), to_us(now), limit, skip};
  const auto text = fmt::format("SELECT vtid, attempt FROM autopilot_runs WHERE wants = $1 "
                                "AND not_before <= $2{} "
                                "ORDER BY priority, created_at, number LIMIT $3 OFFSET $4",
                                conditions_of(filter, values));
  return run_ids(connection, text, values);
}

std::vector<Vtid> overdue(sql::Connection& connection, Instant now, int limit) {
  return vtids(connection,
               "SELECT vtid FROM vtid_ledger WHERE next_due IS NOT NULL AND next_due <= $1 "
               "ORDER BY next_due LIMIT $2",
               {to_us(now), limit});
}

std::vector<WorkerRow> callback_workers(sql::Connection& connection, Instant since, int limit) {
  return select_rows<WorkerMap>(connection,
                                "WHERE callback_url <> '' AND draining = 0 AND seen_at >= $1 "
                                "ORDER BY seen_at DESC, id LIMIT $2",
                                {to_us(since), limit});
}

std::int64_t epoch(sql::Connection& connection) {
  const auto row = select_by_key<MetaMap>(connection, "epoch");
  if (!row) damaged("meta.value", "no epoch");
  std::int64_t epoch = 0;
  const auto* end = row->text.data() + row->text.size();
  const auto [stop, fault] = std::from_chars(row->text.data(), end, epoch);
  if (fault != std::errc{} || stop != end || epoch < 1) damaged("meta.value", row->text);
  return epoch;
}

int repo_runs_since(sql::Connection& connection, const std::string& repo, Instant since) {
  // Runs that never worked on their task do not count: a breaker bounds them.
  static const std::string text = [] {
    std::string codes;
    for (const auto& info : failure_catalogue()) {
      if (!domain::breaker_scope(info.code)) continue;
      codes += fmt::format("{}'{}'", codes.empty() ? "" : ", ", info.name);
    }
    return fmt::format("SELECT COUNT(*) FROM autopilot_runs WHERE repo = $1 AND created_at >= $2 "
                       "AND COALESCE(error_code, '') NOT IN ({})", codes);
  }();
  return int_of(number(connection, text, {utf8_clean(repo), to_us(since)}));
}

std::vector<Vtid> vtids(sql::Connection& connection, std::string_view text, sql::Params params) {
  std::vector<Vtid> out;
  for (const auto& row : connection.query(text, params)) out.push_back(vtid_of(row.text(0)));
  return out;
}

std::vector<RunId> run_ids(sql::Connection& connection, std::string_view text, sql::Params params) {
  std::vector<RunId> out;
  for (const auto& row : connection.query(text, params)) {
    out.push_back({vtid_of(row.text(0)), int_of(row.int64(1))});
  }
  return out;
}

std::string begins(std::string_view column, const std::vector<std::string>& starts, std::vector<sql::Value>& values) {
  std::string any;
  for (const auto& start : starts) {
    CHECK(!start.empty() && static_cast<unsigned char>(start.back()) < 0x7F);
    auto beyond = start;  // the smallest text that is larger than all that begin so, byte by byte
    ++beyond.back();
    values.emplace_back(start);
    values.emplace_back(std::move(beyond));
    any += fmt::format("{}({} || '' >= ${} AND {} || '' < ${})", any.empty() ? "" : " OR ", column, values.size() - 1,
                       column, values.size());
  }
  return any.empty() ? "1 = 0" : "(" + any + ")";
}

std::int64_t number(sql::Connection& connection, std::string_view text, sql::Params params) {
  const auto row = connection.query_one(text, params);
  return row ? row->int64(0) : 0;
}

}  // namespace vitana::store::queries
