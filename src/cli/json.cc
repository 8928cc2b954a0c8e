#include "cli/json.h"

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "wire/event_json.h"
#include "wire/task_json.h"

namespace vitana::cli {
namespace {

using wire::Json;
using wire::to_text;

wire::TaskView wire_view(const TaskView& view) {
  wire::TaskView out{view.task};
  out.task.next.what = next_words(view);
  if (view.held && !out.task.next.due) out.task.next.due = view.held->until;
  if (view.spec)
    out.spec = wire::SpecView{view.spec->version, view.spec->digest, view.spec->provenance};
  for (const auto& one : view.runs) {
    wire::RunView run{one.run};
    for (const auto& row : one.evidence) run.evidence.push_back(row.evidence);
    out.runs.push_back(std::move(run));
  }
  return out;
}

/// null, or why a task that may run does not.
Json held(const TaskView& view) {
  if (!view.held) return {};
  const auto& until = view.held->until;
  return {{"code", name_of(*view.held->code)},
          {"message", view.held->detail},
          {"until", until ? Json(to_rfc3339(*until)) : Json()}};
}

Json whole_task(const TaskView& view) {
  Json out = wire::task_json(wire_view(view));
  out["held"] = held(view);
  Json list = Json::array();
  for (const auto& [vtid, status] : view.dependencies) {
    list.push_back({{"vtid", vtid.to_string()}, {"status", status ? Json(name_of(*status)) : Json()}});
  }
  out["dependencies"] = std::move(list);
  return out;
}

Json summary(const store::SpecSummary& spec) {
  return {{"vtid", spec.vtid.to_string()},     {"version", spec.version},
          {"digest", spec.digest.to_string()}, {"source", name_of(spec.provenance.source)},
          {"repo", spec.provenance.repo},      {"path", spec.provenance.path},
          {"author", spec.provenance.author},  {"locked_at", to_rfc3339(spec.locked_at)}};
}

}  // namespace

std::string validated_json(const std::vector<wire::ValidatedFile>& files) {
  return to_text(wire::validation_json(files));
}

std::string synced_json(const std::vector<engine::RepoSync>& repos) {
  std::vector<wire::SyncedRepo> out;
  for (const auto& repo : repos) {
    wire::SyncedRepo one{repo.repo, repo.commit};
    for (const auto& file : repo.files) {
      one.files.push_back({file.path, file.vtid, file.outcome, file.reason, file.digest});
    }
    out.push_back(std::move(one));
  }
  return to_text(wire::sync_json(out));
}

std::string task_json(const TaskView& view) { return to_text(whole_task(view)); }

std::string task_list_json(const std::vector<TaskView>& tasks, const std::optional<Vtid>& next) {
  std::vector<wire::ListedTask> listed;
  for (const auto& view : tasks) {
    listed.push_back(
        {view.task, view.runs.empty() ? std::nullopt : std::optional(view.runs.back().run)});
  }
  Json out = wire::task_list_json(listed, next ? std::optional(next->to_string()) : std::nullopt);
  for (std::size_t i = 0; i < tasks.size(); ++i) out["tasks"][i]["held"] = held(tasks[i]);
  return to_text(out);
}

std::string why_json(const engine::Why& why, const TaskView& view) {
  Json out = whole_task(view);
  out.erase("runs");
  out["gate"] = name_of(why.point);
  Json list = Json::array();
  for (const auto& v : why.verdicts) {
    list.push_back({{"gate", v.gate},
                    {"pass", v.pass},
                    {"code", v.code ? Json(name_of(*v.code)) : Json()},
                    {"detail", v.detail}});
  }
  out["verdicts"] = std::move(list);
  return to_text(out);
}

std::string evidence_json(const TaskView& view) {
  Json runs = Json::array();
  for (const auto& one : view.runs) {
    const auto t = tally(one.evidence);
    Json rows = Json::array();
    for (const auto& row : one.evidence) rows.push_back(wire::evidence_json(row.evidence));
    runs.push_back({{"id", one.run.id.to_string()},
                    {"verified", t.verified},
                    {"criteria", t.criteria},
                    {"attested", t.attested},
                    {"evidence", std::move(rows)}});
  }
  return to_text(Json{{"vtid", view.task.vtid.to_string()}, {"runs", std::move(runs)}});
}

std::string run_text_json(const RunId& run, const std::string& key, std::string_view text) {
  return to_text(Json{{"run", run.to_string()}, {key, utf8_clean(text)}});
}

std::string event_json(const store::StoredEvent& event, const std::string& store_id) {
  return to_text(wire::event_json({event.seq, event.time, event.type, event.status, event.vtid,
                                   event.run, event.actor, event.data},
                                  store_id));
}

std::string registered_json(const engine::Registered& registered) {
  const auto& task = registered.task;
  return to_text(Json{{"vtid", registered.vtid.to_string()},
                      {"version", registered.version},
                      {"digest", registered.digest.to_string()},
                      {"changed", registered.outcome == domain::UnifyOutcome::registered},
                      {"status", name_of(task.status)},
                      {"blocked_reason", task.blocked ? Json(name_of(*task.blocked)) : Json()}});
}

std::string spec_json(const domain::SpecVersion& spec) {
  Json out = summary({spec.vtid, spec.version, spec.digest, spec.provenance, spec.locked_at});
  out["commit"] = spec.provenance.commit;
  out["reason"] = spec.provenance.reason;
  out["text"] = spec.text;
  return to_text(out);
}

std::string spec_list_json(const std::vector<store::SpecSummary>& specs, const std::string& key) {
  Json list = Json::array();
  for (const auto& spec : specs) list.push_back(summary(spec));
  return to_text(Json{{key, std::move(list)}});
}

std::string diagnostics_json(const std::vector<domain::Diagnostic>& list) {
  return to_text(Json{{"diagnostics", wire::diagnostics_json(list)}});
}

}  // namespace vitana::cli
