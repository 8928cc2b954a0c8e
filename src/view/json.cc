#include "view/json.h"

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "wire/diagnostic_json.h"
#include "wire/event_json.h"
#include "wire/task_json.h"

namespace vitana::view {
namespace {

using wire::Json;

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

Json time_or_null(const std::optional<Instant>& at) { return at ? Json(to_rfc3339(*at)) : Json(); }

/// null, or why a task that may run does not.
Json held(const TaskView& view) {
  if (!view.held) return {};
  return {{"code", name_of(*view.held->code)},
          {"message", view.held->detail},
          {"until", time_or_null(view.held->until)}};
}

Json summary(const store::SpecSummary& spec) {
  return {{"vtid", spec.vtid.to_string()},     {"version", spec.version},
          {"digest", spec.digest.to_string()}, {"source", name_of(spec.provenance.source)},
          {"repo", spec.provenance.repo},      {"path", spec.provenance.path},
          {"author", spec.provenance.author},  {"locked_at", to_rfc3339(spec.locked_at)}};
}

}  // namespace

Json synced_json(const std::vector<engine::RepoSync>& repos) {
  std::vector<wire::SyncedRepo> out;
  for (const auto& repo : repos) {
    wire::SyncedRepo one{repo.repo, repo.commit};
    for (const auto& file : repo.files) {
      one.files.push_back({file.path, file.vtid, file.outcome, file.reason, file.digest});
    }
    out.push_back(std::move(one));
  }
  return wire::sync_json(out);
}

Json task_json(const TaskView& view) {
  Json out = wire::task_json(wire_view(view));
  out["held"] = held(view);
  Json list = Json::array();
  for (const auto& [vtid, status] : view.dependencies) {
    list.push_back({{"vtid", vtid.to_string()}, {"status", status ? Json(name_of(*status)) : Json()}});
  }
  out["dependencies"] = std::move(list);
  return out;
}

Json task_list_json(const std::vector<TaskView>& tasks, const std::optional<std::string>& next) {
  std::vector<wire::ListedTask> listed;
  for (const auto& view : tasks) {
    listed.push_back(
        {view.task, view.runs.empty() ? std::nullopt : std::optional(view.runs.back().run)});
  }
  Json out = wire::task_list_json(listed, next);
  for (std::size_t i = 0; i < tasks.size(); ++i) out["tasks"][i]["held"] = held(tasks[i]);
  return out;
}

Json why_json(const engine::Why& why, const TaskView& view) {
  Json out = task_json(view);
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
  return out;
}

Json evidence_json(const TaskView& view) {
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
  return Json{{"vtid", view.task.vtid.to_string()}, {"runs", std::move(runs)}};
}

Json run_text_json(const RunId& run, const std::string& key, std::string_view text) {
  return Json{{"run", run.to_string()}, {key, utf8_clean(text)}};
}

Json event_json(const store::StoredEvent& event, const std::string& store_id) {
  return wire::event_json({event.seq, event.time, event.type, event.status, event.vtid,
                                   event.run, event.actor, event.data},
                                  store_id);
}

Json registered_json(const engine::Registered& registered) {
  const auto& task = registered.task;
  return Json{{"vtid", registered.vtid.to_string()},
                      {"version", registered.version},
                      {"digest", registered.digest.to_string()},
                      {"changed", registered.outcome == domain::UnifyOutcome::registered},
                      {"status", name_of(task.status)},
                      {"blocked_reason", task.blocked ? Json(name_of(*task.blocked)) : Json()}};
}

Json spec_json(const domain::SpecVersion& spec) {
  Json out = summary({spec.vtid, spec.version, spec.digest, spec.provenance, spec.locked_at});
  out["commit"] = spec.provenance.commit;
  out["reason"] = spec.provenance.reason;
  out["text"] = spec.text;
  return out;
}

Json spec_list_json(const std::vector<store::SpecSummary>& specs, const std::string& key) {
  Json list = Json::array();
  for (const auto& spec : specs) list.push_back(summary(spec));
  return Json{{key, std::move(list)}};
}

Json control_json(const store::ControlRow& row, Instant now) {
  return {{"key", row.key},
          {"on", domain::is_on(row.control, now)},
          {"reason", row.control.reason},
          {"actor", row.control.actor},
          {"until", time_or_null(row.control.until)},
          {"at", to_rfc3339(row.control.at)}};
}

Json controls_json(const std::vector<store::ControlRow>& controls, const std::vector<store::BreakerRow>& breakers,
                   Instant now) {
  Json list = Json::array();
  for (const auto& row : controls) list.push_back(control_json(row, now));
  Json paused = Json::array();
  for (const auto& row : breakers) {
    if (!row.breaker.open) continue;
    paused.push_back({{"key", row.key},
                      {"code", name_of(row.breaker.code)},
                      {"detail", row.breaker.detail},
                      {"since", to_rfc3339(row.breaker.since)},
                      {"probe_at", to_rfc3339(row.breaker.probe_at)}});
  }
  return {{"controls", std::move(list)}, {"paused", std::move(paused)}};
}

Json stats_json(const std::string& by, const std::string& since, const std::vector<store::StatRow>& rows) {
  Json list = Json::array();
  for (const auto& row : rows) {
    list.push_back({{"key", row.key},
                    {"completed", row.completed},
                    {"failed", row.failed},
                    {"cancelled", row.cancelled}});
  }
  return {{"by", by}, {"since", since}, {"rows", std::move(list)}};
}

Json repos_json(const std::vector<RepoView>& repos) {
  Json list = Json::array();
  for (const auto& repo : repos) {
    list.push_back({{"name", repo.name},
                    {"branch", repo.branch.empty() ? Json() : Json(repo.branch)},
                    {"folder", repo.folder},
                    {"synced_at", time_or_null(repo.synced_at)},
                    {"synced_commit", repo.synced_commit.empty() ? Json() : Json(repo.synced_commit)},
                    {"files", repo.files}});
  }
  return {{"repos", std::move(list)}};
}

Json token_json(const store::TokenRow& token, Instant now) {
  return {{"id", token.id},
          {"name", token.name},
          {"role", name_of(token.role)},
          {"repos", token.repos},
          {"valid", token.is_valid(now)},
          {"created_by", token.created_by},
          {"created_at", to_rfc3339(token.created_at)},
          {"expires_at", time_or_null(token.expires_at)},
          {"revoked_at", time_or_null(token.revoked_at)}};
}

Json draft_json(const store::DraftRow& draft) {
  return {{"id", draft.id},
          {"version", draft.version},
          {"vtid", draft.vtid ? Json(draft.vtid->to_string()) : Json()},
          {"title", draft.title},
          {"status", draft.status},
          {"digest", draft.digest.to_string()},
          {"author", draft.author},
          {"repo", draft.repo},
          {"updated_at", to_rfc3339(draft.updated_at)}};
}

Json draft_validation_json(const store::DraftRow& draft, const std::vector<domain::Diagnostic>& diagnostics) {
  auto out = draft_json(draft);
  out["valid"] = !domain::has_errors(diagnostics);
  out["diagnostics"] = wire::diagnostics_json(diagnostics);
  return out;
}

Json prompt_json(const engine::IntakePrompt& prompt) {
  return {{"id", prompt.id}, {"step", prompt.step}, {"question", prompt.question}};
}

Json tokens_json(const std::vector<store::TokenRow>& tokens, Instant now) {
  Json list = Json::array();
  for (const auto& token : tokens) list.push_back(token_json(token, now));
  return {{"tokens", std::move(list)}};
}

Json diagnostics_json(const std::vector<domain::Diagnostic>& list) {
  return Json{{"diagnostics", wire::diagnostics_json(list)}};
}

}  // namespace vitana::view
