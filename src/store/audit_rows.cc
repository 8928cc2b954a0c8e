// Do the rows tell the story of the log?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "store/audit.h"
#include "store/birth.h"
#include "store/queries.h"

namespace vitana::store {
namespace {

constexpr int page_rows = 500;
constexpr std::size_t tokens_max = 100'000;
constexpr std::string_view state_prefix = "autopilot.state.";

/// What a task's status may be after an event; empty where the event says nothing of it.
std::vector<std::string_view> statuses_after(std::string_view type) {
  if (type == "vtid.lifecycle.allocated") return {"draft"};
  if (type == "vtid.spec.validation.failed" || type == "vtid.spec.not_found") return {"draft"};
  if (type == "vtid.lifecycle.scheduled" || type == "vtid.lifecycle.retry_scheduled") {
    return {"scheduled"};
  }
  // What it waited for may go away without a spec being there.
  if (type == "vtid.lifecycle.blocked") return {"blocked", "draft"};
  if (type == "vtid.lifecycle.started") return {"in_progress"};
  if (type == "vtid.lifecycle.signed_off") return {"in_progress", "blocked"};
  if (type == "vtid.lifecycle.completed") return {"completed"};
  if (type == "vtid.lifecycle.failed") return {"failed"};
  if (type == "vtid.lifecycle.cancelled") return {"cancelled"};
  if (type.starts_with(state_prefix)) {
    const auto state = type.substr(state_prefix.size());
    if (state == "completed" || state == "failed" || state == "cancelled") return {};
    return {"in_progress"};
  }
  return {};
}

/// The last words of the log on one run.
struct RunStory {
  std::string state;
  std::string spec_digest;
  std::optional<std::string> base_commit;    ///< absent where no event names it
  std::optional<std::string> result_commit;
  std::optional<std::string> error_code;  ///< absent where the data was too large to be kept
};

struct TaskStory {
  bool allocated = false;
  std::vector<std::string_view> statuses;
  std::string last;  ///< the event that led to them
  std::map<std::string, RunStory> runs;
};

TaskStory tell(const std::vector<StoredEvent>& events) {
  TaskStory story;
  for (const auto& event : events) {
    if (event.type == "vtid.lifecycle.allocated") story.allocated = true;
    if (auto after = statuses_after(event.type); !after.empty()) {
      story.statuses = std::move(after);
      story.last = fmt::format("event {}, {}", event.seq, event.type);
    }
    if (!event.run || !event.type.starts_with(state_prefix)) continue;
    auto& run = story.runs[event.run->to_string()];
    run.state = event.type.substr(state_prefix.size());
    if (run.state == "allocated") {
      run.spec_digest = member(event.data, "spec_digest").value_or("");
      run.base_commit = member(event.data, "base_commit");
    }
    if (auto result = member(event.data, "result_commit")) run.result_commit = std::move(result);
    if (run.state == "failed") {
      run.error_code = member(event.data, "code");
      if (!run.error_code && !member(event.data, "bytes")) run.error_code = "";
    }
  }
  return story;
}

}  // namespace

bool Audit::has_event(const std::string& vtid, std::string_view type,
                      std::initializer_list<std::string_view> marks) {
  bool found_it = false;
  connection_.each("SELECT data FROM oasis_events WHERE vtid = $1 AND type = $2", {vtid, type},
                   [&](const sql::Row& row) {
                     found_it = std::all_of(marks.begin(), marks.end(), [&](std::string_view mark) {
                       return row.text(0).find(mark) != std::string::npos;
                     });
                     return !found_it;
                   });
  return found_it;
}

std::vector<StoredEvent> Audit::events_of(const std::string& vtid) {
  std::vector<StoredEvent> events;
  // What cannot be read was found along the chain.
  for (const auto& row : connection_.query(
           text_of_table<EventMap>().select + " WHERE vtid = $1 ORDER BY seq", {vtid})) {
    try {
      events.push_back(EventMap::read(row));
    } catch (const sql::Fault&) {
      continue;
    }
  }
  return events;
}

void Audit::check_specs() {
  std::string last_vtid;
  std::int64_t last_version = 0;
  const auto text =
      fmt::format("{} WHERE (vtid, version) > ($1, $2) ORDER BY vtid, version LIMIT 50",
                  text_of_table<SpecMap>().select);
  for (bool more = true; more && !full();) {
    const auto rows = connection_.query(text, {last_vtid, last_version});
    for (const auto& row : rows) {
      const auto& vtid = row.text(0);
      const auto version = row.int64(1);
      const auto expected = vtid == last_vtid ? last_version + 1 : 1;
      if (version != expected) {
        found(fmt::format("spec {} version {}", vtid, expected), "missing");
      }
      last_vtid = vtid;
      last_version = version;
      check_spec(row);
    }
    more = !rows.empty();
  }
}

void Audit::check_spec(const sql::Row& row) {
  const auto where = fmt::format("spec {} version {}", row.text(0), row.int64(1));
  const auto digest = Digest::of(row.text(2)).to_string();
  if (digest != row.text(3)) {
    found(where,
          fmt::format("its text has the digest {}, it was locked with {}", digest, row.text(3)));
  }
  readable(where, [&] { static_cast<void>(SpecMap::read(row)); });
  if (!has_event(row.text(0), "vtid.spec.registered", {row.text(3)})) {
    found(where, "no event of the log registered it with this digest");
    return;
  }
  check_provenance(row, where);
}

void Audit::check_provenance(const sql::Row& row, const std::string& where) {
  static constexpr std::array<std::pair<const char*, std::size_t>, 4> origins{
      {{"source", 4}, {"repo", 8}, {"path", 9}, {"commit", 10}}};
  connection_.each(
      "SELECT data FROM oasis_events WHERE vtid = $1 AND type = 'vtid.spec.registered'",
      {row.text(0)}, [&](const sql::Row& event) {
        const auto& data = event.text(0);
        if (member(data, "version") != std::to_string(row.int64(1))) return true;
        for (const auto& [name, column] : origins) {
          const auto told = member(data, name);
          if (!told || row.text(column).starts_with(*told)) continue;
          found(where, fmt::format("its {} is {}, it was registered with {}", name, row.text(column), *told));
        }
        return true;
      });
}

void Audit::check_approvals() {
  for (const auto& row : connection_.query(
           "SELECT vtid, version, checksum FROM spec_approvals ORDER BY vtid, version")) {
    if (has_event(row.text(0), "vtid.spec.approved", {row.text(2)})) continue;
    found(fmt::format("approval of spec {} version {}", row.text(0), row.int64(1)),
          "no event of the log approved it");
  }
}

void Audit::check_tasks() {
  std::string last;
  const auto text =
      fmt::format("SELECT vtid FROM vtid_ledger WHERE vtid > $1 ORDER BY vtid LIMIT {}", page_rows);
  for (bool more = true; more && !full();) {
    const auto rows = connection_.query(text, {last});
    for (const auto& row : rows) check_task(last = row.text(0));
    more = !rows.empty();
  }
}

void Audit::check_task(const std::string& vtid) {
  const auto where = "task " + vtid;
  const auto story = tell(events_of(vtid));
  const auto row =
      connection_.query_one(text_of_table<TaskMap>().select + " WHERE vtid = $1", {vtid});
  readable(where, [&] { static_cast<void>(TaskMap::read(*row)); });
  if (!story.allocated) found(where, "no event of the log allocated it");
  const auto& status = row->text(3);
  const bool fits =
      story.statuses.empty() ||
      std::find(story.statuses.begin(), story.statuses.end(), status) != story.statuses.end();
  if (!fits) {
    found(where,
          fmt::format("its status is {}, but its last event is another ({})", status, story.last));
  }
  if (const auto version = row->optional_int64(8)) {
    const auto locked = connection_.query_one(
        "SELECT checksum FROM vtid_specs WHERE vtid = $1 AND version = $2", {vtid, *version});
    if (!locked || locked->text(0) != row->optional_text(9)) {
      found(where, fmt::format("it names version {} with a digest that is not locked", *version));
    }
  }
  for (const auto& run : connection_.query(
           text_of_table<RunMap>().select + " WHERE vtid = $1 ORDER BY attempt", {vtid})) {
    const auto name = fmt::format("{}.{}", vtid, run.int64(1));
    readable("run " + name, [&] { static_cast<void>(RunMap::read(run)); });
    const auto told = story.runs.find(name);
    if (told == story.runs.end()) {
      found("run " + name, "no event of the log speaks of it");
      continue;
    }
    if (told->second.state != run.text(3)) {
      found("run " + name, fmt::format("its state is {}, but its last event says {}", run.text(3),
                                       told->second.state));
    }
    if (told->second.spec_digest != run.text(7)) {
      found("run " + name, "it names another spec digest than the event of its allocation");
    }
    const auto& base = told->second.base_commit;
    if (base && *base != run.text(9)) {
      found("run " + name, "it names another base commit than the event of its allocation");
    }
    const auto& result = told->second.result_commit;
    if (result && *result != run.text(23)) {
      found("run " + name, "it names another result than the event that handed it in");
    }
    const auto& code = told->second.error_code;
    if (run.text(3) == "failed" && code && code != run.optional_text(28)) {
      found("run " + name, "it names another failure than its last event");
    }
  }
}

void Audit::check_runs_without_task() {
  for (const auto& row : connection_.query(
           fmt::format("SELECT r.vtid, r.attempt FROM autopilot_runs r "
                       "LEFT JOIN vtid_ledger t ON t.vtid = r.vtid WHERE t.vtid IS NULL LIMIT {}",
                       damages_max))) {
    found(fmt::format("run {}.{}", row.text(0), row.int64(1)), "there is no task for it");
  }
}

void Audit::check_evidence() {
  Values last{"", 0, 0};
  const auto text = fmt::format(
      "{} WHERE (vtid, attempt, ordinal) > ($1, $2, $3) ORDER BY vtid, attempt, ordinal LIMIT {}",
      text_of_table<EvidenceMap>().select, page_rows);
  for (bool more = true; more && !full();) {
    const auto rows = connection_.query(text, last);
    for (const auto& row : rows) {
      const auto where =
          fmt::format("evidence {} of run {}.{}", row.int64(2), row.text(0), row.int64(1));
      last = {row.text(0), row.int64(1), row.int64(2)};
      std::optional<StoredEvidence> stored;
      if (!readable(where, [&] { stored = EvidenceMap::read(row); })) continue;
      if (!has_event(row.text(0), "verification.evidence.recorded",
                     {birth::digest_of(*stored).to_string()})) {
        found(where, "no event of the log recorded it with this content");
      }
    }
    more = !rows.empty();
  }
}

void Audit::check_controls() {
  std::map<std::string, std::string> told;
  connection_.each(
      "SELECT data FROM oasis_events WHERE type = 'governance.control.updated' ORDER BY seq", {},
      [&](const sql::Row& row) {
        const auto key = member(row.text(0), "key");
        const auto state = member(row.text(0), "state");
        if (key && state) told[*key] = *state;
        return told.size() < 10'000;
      });
  for (const auto& row : connection_.query("SELECT key, is_on FROM controls ORDER BY key")) {
    const auto last = told.extract(row.text(0));
    if (last && last.mapped() == (row.int64(1) != 0 ? "on" : "off")) continue;
    found("control " + row.text(0), "it stands otherwise than its last event says");
  }
  for (const auto& [key, state] : told) {
    found("control " + key, "the row is gone that the log speaks of");
  }
}

void Audit::check_tokens() {
  std::map<std::string, std::string> made;
  std::set<std::string> revoked;
  connection_.each("SELECT type, data FROM oasis_events WHERE type IN ('access.token.created', 'access.token.revoked')",
                   {}, [&](const sql::Row& row) {
                     const auto id = member(row.text(1), "id");
                     if (!id) return true;
                     if (row.text(0) == "access.token.created") {
                       made[*id] = member(row.text(1), "row").value_or("");
                     } else {
                       revoked.insert(*id);
                     }
                     return made.size() < tokens_max;
                   });
  for (const auto& row : connection_.query(text_of_table<TokenMap>().select + " ORDER BY id")) {
    const auto where = "token " + row.text(0);
    const auto told = made.extract(row.text(0));
    std::optional<TokenRow> token;
    if (!readable(where, [&] { token = TokenMap::read(row); })) continue;
    if (!told || told.mapped() != birth::digest_of(*token).to_string()) {
      found(where, "no event of the log made it as it stands");
    } else if (token->revoked_at.has_value() != revoked.contains(token->id)) {
      found(where, token->revoked_at ? "no event of the log took it back" : "the log took it back, and it is valid");
    }
  }
  for (const auto& [id, row] : made) found("token " + id, "the row is gone that the log speaks of");
}

void Audit::check_deliveries() {
  Values last{"", "", ""};
  const auto text = fmt::format("SELECT repo, vtid, checksum, commit_id FROM deliveries "
                                "WHERE (repo, vtid, checksum) > ($1, $2, $3) "
                                "ORDER BY repo, vtid, checksum LIMIT {}",
                                page_rows);
  for (bool more = true; more && !full();) {
    const auto rows = connection_.query(text, last);
    for (const auto& row : rows) {
      last = {row.text(0), row.text(1), row.text(2)};
      const auto& vtid = row.text(1);
      const bool made = has_event(vtid, "delivery.settled", {row.text(3)}) &&
                        has_event(vtid, "vtid.spec.registered", {row.text(2)});
      if (made || has_event(vtid, "delivery.found", {row.text(2), row.text(3)})) continue;
      found(fmt::format("delivery of {} to {}", vtid, row.text(0)), "no event of the log tells of it");
    }
    more = !rows.empty();
  }
}

void Audit::check_counter() {
  const auto counter = queries::number(connection_, "SELECT value FROM counters WHERE name = 'vtid'");
  const auto highest = queries::number(connection_, "SELECT COALESCE(MAX(number), 0) FROM vtid_ledger");
  if (highest <= counter) return;
  found("counter vtid", fmt::format("it stands at {}, but number {} is given out", counter, highest));
}

}  // namespace vitana::store
