// Lists, histories and counts.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/glob.h"
#include "store/queries.h"
#include "store/reader.h"
#include "store/schema.h"

namespace vitana::store {
namespace {

/// "column IN ($2, $3)", with its texts at the end of `values`.
std::string one_of(std::string_view column, const std::vector<std::string>& texts, Values& values) {
  std::string parameters;
  for (const auto& text : texts) {
    values.emplace_back(text);
    parameters += fmt::format("{}${}", parameters.empty() ? "" : ", ", values.size());
  }
  return fmt::format("{} IN ({})", column, parameters);
}

/// Conditions of one statement and their parameters, in the order they are added.
class Where {
 public:
  /// `condition` has one "{}" where its parameter goes.
  void add(std::string_view condition, sql::Value value) {
    values_.push_back(std::move(value));
    const auto parameter = fmt::format("${}", values_.size());
    text_ += text_.empty() ? "WHERE " : " AND ";
    text_ += fmt::format(fmt::runtime(condition), parameter);
  }
  /// In the order of two columns, from above: what comes after these two values.
  void add_before(std::string_view first, sql::Value one, std::string_view second, sql::Value other) {
    values_.push_back(std::move(one));
    values_.push_back(std::move(other));
    text_ += text_.empty() ? "WHERE " : " AND ";
    text_ += fmt::format("({}, {}) < (${}, ${})", first, second, values_.size() - 1, values_.size());
  }
  /// `column` is one of `texts`.
  void add_any(std::string_view column, const std::vector<std::string>& texts) {
    text_ += text_.empty() ? "WHERE " : " AND ";
    text_ += one_of(column, texts, values_);
  }
  std::string then(std::string_view tail, int limit) {
    values_.emplace_back(std::max(limit, 0));
    return fmt::format("{} {} LIMIT ${}", text_, tail, values_.size());
  }
  const Values& values() const { return values_; }

 private:
  std::string text_;
  Values values_;
};

std::vector<SpecSummary> summaries(sql::Connection& connection, std::string_view tail,
                                   sql::Params params) {
  // The row's own columns, with an empty text in place of the long one.
  std::string text =
      "SELECT vtid, version, '', checksum, spec_source, locked_at, created_at, author, "
      "source_repo, source_path, source_commit, source_blob, source_reference, "
      "source_reason FROM vtid_specs ";
  text += tail;
  std::vector<SpecSummary> out;
  for (const auto& row : connection.query(text, params)) {
    auto spec = SpecMap::read(row);
    out.push_back(
        {spec.vtid, spec.version, spec.digest, std::move(spec.provenance), spec.locked_at});
  }
  return out;
}

}  // namespace

std::vector<domain::Task> Reader::tasks(const TaskFilter& filter) {
  if (filter.order == TaskOrder::changed && !filter.status) return changed_tasks(filter);
  Where where;
  if (filter.status) where.add("status = {}", domain::name_of(*filter.status));
  if (filter.code) where.add("error_code = {}", *filter.code);
  if (filter.next) where.add("next_kind = {}", domain::name_of(*filter.next));
  if (filter.but) where.add("blocked_reason <> {}", domain::name_of(*filter.but));
  if (!filter.repos.empty()) where.add_any("repo", filter.repos);
  std::string_view order = "ORDER BY number DESC";
  switch (filter.order) {
    case TaskOrder::newest:
      if (filter.after) where.add("number < {}", filter.after->number());
      break;
    case TaskOrder::oldest:
      if (filter.after) where.add("number > {}", filter.after->number());
      order = "ORDER BY number";
      break;
    case TaskOrder::changed:
      if (filter.after) where.add_before("updated_at", to_us(filter.after_changed), "number", filter.after->number());
      order = "ORDER BY updated_at DESC, number DESC";
      break;
  }
  const auto tail = where.then(order, filter.limit);  // before the values are looked at: it adds one
  return select_rows<TaskMap>(connection_, tail, where.values());
}

// Each status has its own index in this order; so few are put together here.
std::vector<domain::Task> Reader::changed_tasks(TaskFilter filter) {
  std::vector<domain::Task> all;
  for (const auto status : domain::task_statuses) {
    filter.status = status;
    std::ranges::move(tasks(filter), std::back_inserter(all));
  }
  std::ranges::sort(all, std::ranges::greater(),
                    [](const auto& task) { return std::pair(task.updated_at, task.vtid.number()); });
  if (all.size() > static_cast<std::size_t>(filter.limit)) all.erase(all.begin() + filter.limit, all.end());
  return all;
}

std::map<std::string, int> Reader::task_counts(const std::vector<std::string>& repos) {
  std::map<std::string, int> counts;
  for (const auto status : domain::task_statuses) counts[std::string(domain::name_of(status))] = 0;
  Values values;
  const auto where = repos.empty() ? std::string() : "WHERE " + one_of("repo", repos, values);
  for (const auto& row :
       connection_.query(fmt::format("SELECT status, COUNT(*) FROM vtid_ledger {} GROUP BY status", where), values)) {
    counts[row.text(0)] = int_of(row.int64(1));
  }
  return counts;
}

ReadyWork Reader::ready_work() {
  const auto rows = connection_.query(
      "SELECT COUNT(*), MIN(CASE WHEN r.not_before > t.updated_at THEN r.not_before ELSE t.updated_at END) "
      "FROM autopilot_runs r JOIN vtid_ledger t ON t.vtid = r.vtid WHERE r.wants IS NOT NULL AND r.not_before <= $1",
      {to_us(now_)});
  ReadyWork work{rows.front().int64(0), {}};
  if (work.steps > 0) work.since = from_us(rows.front().int64(1));
  return work;
}

std::vector<domain::Run> Reader::runs(Vtid vtid) {
  std::vector<domain::Run> out;
  for (auto& row :
       select_rows<RunMap>(connection_, "WHERE vtid = $1 ORDER BY attempt", {vtid.to_string()})) {
    out.push_back(std::move(row.run));
  }
  return out;
}

std::vector<EvidenceRow> Reader::evidence(const RunId& run) {
  return queries::evidence(connection_, run);
}

std::vector<EvidenceRow> Reader::evidence(Vtid vtid) {
  std::vector<EvidenceRow> out;
  for (auto& stored : select_rows<EvidenceMap>(
           connection_, "WHERE vtid = $1 ORDER BY attempt, ordinal", {vtid.to_string()})) {
    out.push_back(std::move(stored.row));
  }
  return out;
}

std::vector<SpecSummary> Reader::spec_versions(Vtid vtid) {
  return summaries(connection_, "WHERE vtid = $1 ORDER BY version", {vtid.to_string()});
}

std::vector<SpecSummary> Reader::specs(int limit, std::optional<Vtid> after, const std::vector<std::string>& repos) {
  Values values{after ? std::int64_t{after->number()} : std::int64_t{Vtid::number_max} + 1, std::max(limit, 0)};
  const auto of_repos =
      repos.empty() ? std::string()
                    : fmt::format("AND EXISTS (SELECT 1 FROM vtid_ledger t WHERE t.vtid = vtid_specs.vtid AND {}) ",
                                  one_of("t.repo", repos, values));
  return summaries(connection_,
                   fmt::format("WHERE number < $1 AND version = (SELECT MAX(s.version) FROM vtid_specs s "
                               "WHERE s.vtid = vtid_specs.vtid) {}ORDER BY number DESC LIMIT $2",
                               of_repos),
                   values);
}

std::vector<CandidateRow> Reader::candidates(Vtid vtid) {
  return queries::candidates(connection_, vtid);
}

std::vector<RepoRow> Reader::repos() { return select_rows<RepoMap>(connection_, "ORDER BY name"); }

std::vector<Vtid> Reader::open_deliveries(const std::string& repo) {
  return queries::vtids(connection_,
                        "SELECT DISTINCT d.vtid FROM deliveries d JOIN vtid_ledger t ON t.vtid = d.vtid "
                        "WHERE d.repo = $1 AND t.repo = $1 "
                        "AND t.status NOT IN ('completed', 'failed', 'cancelled') ORDER BY d.vtid",
                        {repo});
}

std::vector<RepoFileRow> Reader::repo_files(const std::string& repo, std::optional<Vtid> vtid) {
  if (!vtid) return select_rows<RepoFileMap>(connection_, "WHERE repo = $1 ORDER BY path", {repo});
  return select_rows<RepoFileMap>(connection_, "WHERE repo = $1 AND vtid = $2 ORDER BY path",
                                  {repo, vtid->to_string()});
}

std::vector<StoredEvent> Reader::events(const EventFilter& filter) {
  std::vector<StoredEvent> out;
  if (filter.limit <= 0) return out;
  std::string text = text_of_table<EventMap>().select + " WHERE seq > $1";
  Values values{filter.after};
  if (filter.vtid) {
    text += " AND vtid = $2";
    values.emplace_back(filter.vtid->to_string());
  }
  text += " ORDER BY seq";
  connection_.each(text, values, [&](const sql::Row& row) {
    if (!filter.type_glob.empty() && !glob_match(filter.type_glob, row.text(2))) return true;
    out.push_back(EventMap::read(row));
    return out.size() < static_cast<std::size_t>(filter.limit);
  });
  return out;
}

EventPage Reader::event_page(const EventFilter& filter) {
  constexpr int looked_max = 1000;
  // Where every line matches, none is read that the page does not hold, but the one that says that there are more.
  const bool all_match = filter.type_glob.empty() && filter.repos.empty();
  const int looked = all_match ? std::clamp(filter.limit, 0, looked_max - 1) + 1 : looked_max;
  EventPage page{.events = {}, .position = filter.after};
  const auto tail = filter.vtid ? "WHERE seq > $1 AND vtid = $3 ORDER BY seq LIMIT $2" : "WHERE seq > $1 ORDER BY seq LIMIT $2";
  Values values{filter.after, looked};
  if (filter.vtid) values.emplace_back(filter.vtid->to_string());
  auto rows = select_rows<EventMap>(connection_, tail, values);
  page.end = rows.size() < static_cast<std::size_t>(looked);
  std::map<Vtid, bool> within;
  const auto reached = [&](const StoredEvent& event) {
    if (filter.repos.empty()) return true;
    if (!event.vtid) return false;
    const auto known = within.find(*event.vtid);
    if (known != within.end()) return known->second;
    const auto of = task(*event.vtid);
    return within[*event.vtid] = of && std::count(filter.repos.begin(), filter.repos.end(), of->repo) > 0;
  };
  for (auto& row : rows) {
    if (page.events.size() >= static_cast<std::size_t>(filter.limit)) {
      page.end = false;
      break;
    }
    page.position = row.seq;
    if (!filter.type_glob.empty() && !glob_match(filter.type_glob, row.type)) continue;
    if (reached(row)) page.events.push_back(std::move(row));
  }
  return page;
}

std::vector<ControlRow> Reader::controls() {
  return select_rows<ControlMap>(connection_, "ORDER BY key");
}

std::optional<TokenRow> Reader::token(const std::string& id) { return select_by_key<TokenMap>(connection_, id); }

std::optional<TokenRow> Reader::token(const Digest& hash) {
  auto rows = select_rows<TokenMap>(connection_, "WHERE hash = $1", {hash.to_string()});
  return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

std::vector<TokenRow> Reader::tokens() {
  return select_rows<TokenMap>(connection_, "ORDER BY created_at, id");
}

std::vector<RunId> Reader::leased(int limit) {
  return queries::run_ids(connection_,
                          "SELECT vtid, attempt FROM autopilot_runs "
                          "WHERE lease_fence IS NOT NULL ORDER BY lease_until LIMIT $1",
                          {limit});
}

std::optional<WorkerRow> Reader::worker(const std::string& id) { return select_by_key<WorkerMap>(connection_, id); }

std::vector<WorkerRow> Reader::workers(int limit) {
  return select_rows<WorkerMap>(connection_, "ORDER BY seen_at DESC, id LIMIT $1", {limit});
}

std::vector<WorkerRow> Reader::callback_workers(Instant since, int limit) {
  return queries::callback_workers(connection_, since, limit);
}

std::vector<BreakerRow> Reader::breakers() {
  return select_rows<BreakerMap>(connection_, "ORDER BY key");
}

std::vector<Vtid> Reader::dependencies(Vtid vtid) {
  return queries::dependencies(connection_, vtid);
}

std::vector<DraftRow> Reader::drafts(int limit, std::int64_t before, const std::vector<std::string>& repos) {
  Values values{before > 0 ? before : INT64_MAX, std::max(limit, 0)};
  const auto of = repos.empty() ? std::string() : "AND " + one_of("repo", repos, values);
  std::vector<DraftRow> drafts;
  const auto text = fmt::format(
      "SELECT id, version, vtid, title, '', checksum, status, author, created_at, updated_at, repo FROM oasis_specs "
      "WHERE version = (SELECT MAX(d.version) FROM oasis_specs d WHERE d.id = oasis_specs.id) AND id < $1 {} "
      "ORDER BY id DESC LIMIT $2",
      of);
  for (const auto& row : connection_.query(text, values)) drafts.push_back(DraftMap::read(row));
  return drafts;
}

std::vector<domain::Task> Reader::newer_unapproved(int limit, const std::vector<std::string>& repos) {
  Values values{std::max(limit, 0)};
  const auto of = repos.empty() ? std::string() : "AND " + one_of("repo", repos, values);
  auto tasks = select_rows<TaskMap>(
      connection_, fmt::format("WHERE newer_spec IS NOT NULL {} ORDER BY number DESC LIMIT $1", of), values);
  std::erase_if(tasks, [](const domain::Task& task) { return !task.newer || !task.newer->needs_approval; });
  return tasks;
}

std::map<std::string, std::pair<std::int64_t, Instant>> Reader::unadopted(const std::vector<std::string>& repos) {
  Values values;
  const auto of = repos.empty() ? std::string() : "AND " + one_of("repo", repos, values);
  std::map<std::string, std::pair<std::int64_t, Instant>> found;
  const auto text = fmt::format("SELECT repo, COUNT(*), MIN(updated_at) FROM vtid_ledger WHERE status = 'blocked' "
                                "AND blocked_reason = 'not_adopted' {} GROUP BY repo",
                                of);
  for (const auto& row : connection_.query(text, values)) {
    found.emplace(row.text(0), std::pair(row.int64(1), instant_of(row.int64(2))));
  }
  return found;
}

std::vector<EffectRow> Reader::pending_effects(int limit) {
  return select_rows<EffectMap>(connection_, "WHERE state = 'pending' ORDER BY due, id LIMIT $1",
                                {std::max(limit, 0)});
}

std::vector<EffectRow> Reader::due_effects(domain::EffectKind kind, int limit) {
  return select_rows<EffectMap>(connection_, "WHERE state = 'pending' AND kind = $1 AND due <= $2 ORDER BY due, id LIMIT $3",
                                {domain::name_of(kind), to_us(now_), std::max(limit, 0)});
}

std::vector<EffectRow> Reader::due_effects(domain::EffectKind kind, int limit, const std::vector<std::string>& keys) {
  Values values{domain::name_of(kind), to_us(now_), std::max(limit, 0)};
  const auto tail = fmt::format("WHERE state = 'pending' AND kind = $1 AND due <= $2 AND {} ORDER BY due, id LIMIT $3",
                                queries::begins("key", keys, values));
  return select_rows<EffectMap>(connection_, tail, values);
}

std::vector<EffectRow> Reader::effects_due_since(domain::EffectKind kind, Instant since, int limit) {
  return select_rows<EffectMap>(connection_, "WHERE state = 'pending' AND kind = $1 AND due <= $2 ORDER BY due, id LIMIT $3",
                                {domain::name_of(kind), to_us(since), std::max(limit, 0)});
}

std::vector<WebhookCursorRow> Reader::webhook_cursors() { return select_rows<WebhookCursorMap>(connection_, "ORDER BY name"); }

std::optional<WebhookCursorRow> Reader::webhook_cursor(const std::string& name) {
  return select_by_key<WebhookCursorMap>(connection_, name);
}

std::optional<EffectRow> Reader::due_notice() {
  auto rows = due_effects(domain::EffectKind::notify, 1);
  return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

std::vector<StatRow> Reader::stats(const std::string& by, Instant since, const std::vector<std::string>& repos) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> columns{
      {{"code", "error_code"}, {"agent", "agent"}, {"repo", "repo"}}};
  const auto* known = std::find_if(columns.begin(), columns.end(),
                                   [&](const auto& column) { return column.first == by; });
  if (known == columns.end()) return {};
  Values values{to_us(since)};
  const auto text = fmt::format(
      "SELECT COALESCE({0}, '') AS key, state, COUNT(*) FROM autopilot_runs "
      "WHERE ended_at IS NOT NULL AND ended_at >= $1 {1}GROUP BY key, state ORDER BY key, state",
      known->second, repos.empty() ? std::string() : fmt::format("AND {} ", one_of("repo", repos, values)));
  std::vector<StatRow> out;
  for (const auto& row : connection_.query(text, values)) {
    if (out.empty() || out.back().key != row.text(0)) out.push_back({row.text(0)});
    const int count = int_of(row.int64(2));
    if (row.text(1) == "completed") out.back().completed = count;
    if (row.text(1) == "failed") out.back().failed = count;
    if (row.text(1) == "cancelled") out.back().cancelled = count;
  }
  return out;
}

GivenIds Reader::given_ids() {
  GivenIds given;
  given.epoch = queries::epoch(connection_);
  connection_.each("SELECT name, value FROM counters", {}, [&](const sql::Row& row) {
    const std::string_view name = row.text(0);
    if (!name.starts_with(attempts_counters)) {
      given.counters[row.text(0)] = row.int64(1);
    } else if (const auto vtid = Vtid::parse(name.substr(attempts_counters.size()))) {
      given.add({*vtid, int_of(row.int64(1))});
    }
    return true;
  });
  connection_.each("SELECT vtid, attempt FROM vtid_ledger WHERE attempt > 0", {}, [&](const sql::Row& row) {
    if (const auto vtid = Vtid::parse(row.text(0))) given.add({*vtid, int_of(row.int64(1))});
    return true;
  });
  return given;
}

std::map<std::string, std::int64_t> Reader::row_counts() {
  std::map<std::string, std::int64_t> counts;
  for (const auto table : table_names()) {
    counts[std::string(table)] =
        queries::number(connection_, fmt::format("SELECT COUNT(*) FROM {}", table));
  }
  return counts;
}

}  // namespace vitana::store
