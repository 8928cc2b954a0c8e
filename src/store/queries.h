// Questions that units of work and readers ask alike. Not for use outside store/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/maps.h"

namespace vitana::store::queries {

std::optional<domain::SpecVersion> newest_spec(sql::Connection& connection, Vtid vtid);
std::vector<CandidateRow> candidates(sql::Connection& connection, Vtid vtid);
std::vector<Vtid> dependencies(sql::Connection& connection, Vtid vtid);
std::vector<EvidenceRow> evidence(sql::Connection& connection, const RunId& run);
std::optional<DraftRow> draft(sql::Connection& connection, std::int64_t id);
/// The runs of Run::holds_slot(), by what they want.
std::vector<SlotRow> slots(sql::Connection& connection);
/// Of the store's tokens: 1, and another one from each restore on.
std::int64_t epoch(sql::Connection& connection);
/// How many leases each holder has, by the name on them.
std::map<std::string, int> leases(sql::Connection& connection);
int repo_runs_since(sql::Connection& connection, const std::string& repo, Instant since);

// Work lists: see the functions of the same names in ledger.h.
std::vector<Vtid> eligible(sql::Connection& connection, Instant now, int limit, int skip = 0,
                           const WorkFilter& filter = {});
std::vector<RunId> claimable(sql::Connection& connection, domain::Step step, Instant now, int limit,
                             int skip = 0, const WorkFilter& filter = {});
std::vector<Vtid> overdue(sql::Connection& connection, Instant now, int limit);
std::vector<WorkerRow> callback_workers(sql::Connection& connection, Instant since, int limit);

/// The condition that `column` begins with one of `starts`, whose parameters are added to `values`; none: never.
/// No index is used for it: what else is asked narrows more.
std::string begins(std::string_view column, const std::vector<std::string>& starts, std::vector<sql::Value>& values);
/// The first column of each row as a VTID.
std::vector<Vtid> vtids(sql::Connection& connection, std::string_view text, sql::Params params);
/// The first two columns of each row as a run's id.
std::vector<RunId> run_ids(sql::Connection& connection, std::string_view text, sql::Params params);
/// The first column of the first row.
std::int64_t number(sql::Connection& connection, std::string_view text, sql::Params params = {});

}  // namespace vitana::store::queries
