#include "wire/task_json.h"

#include <nlohmann/json.hpp>

#include "wire/values.h"

namespace vitana::wire {
namespace {

Json next_json(const domain::Next& next) {
  return {{"kind", name_of(next.kind)}, {"what", next.what}, {"due_at", or_null(next.due)}};
}

/// What `show` and `list` have in common, up to the spec.
Json head_json(const domain::Task& task, const std::optional<domain::Run>& newest) {
  Json json{{"vtid", task.vtid.to_string()},
            {"title", task.title},
            {"status", name_of(task.status)},
            {"stage", stage_of(task, newest)}};
  json["blocked_reason"] = task.blocked ? Json(name_of(*task.blocked)) : Json();
  json["failure"] = failure_json(task.failure);
  json["next"] = next_json(task.next);
  json["priority"] = task.priority;
  json["repo"] = text_or_null(task.repo);
  json["attempt"] = task.attempt;
  json["created_at"] = to_rfc3339(task.created_at);
  json["updated_at"] = to_rfc3339(task.updated_at);
  return json;
}

Json provenance_json(const domain::Provenance& p) {
  Json json{{"author", p.author}, {"at", to_rfc3339(p.at)}};
  const std::pair<const char*, const std::string*> others[] = {
      {"repo", &p.repo}, {"path", &p.path},           {"commit", &p.commit},
      {"blob", &p.blob}, {"reference", &p.reference}, {"reason", &p.reason}};
  for (const auto& [key, text] : others) {
    if (!text->empty()) json[key] = *text;
  }
  return json;
}

Json run_json(const RunView& view) {
  const domain::Run& run = view.run;
  Json json{{"id", run.id.to_string()},
            {"attempt", run.id.attempt},
            {"state", name_of(run.state)},
            {"started_at", or_null(run.started_at)},
            {"ended_at", or_null(run.ended_at)}};
  json["worker"] = text_or_null(run.worker);
  json["agent"] = text_or_null(run.agent);
  json["failure"] = failure_json(run.failure);
  json["spec_digest"] = run.spec_digest.to_string();
  json["base_commit"] = text_or_null(run.base_commit);
  json["result_commit"] = text_or_null(run.result_commit);
  json["delivered_commit"] = run.state == domain::RunState::completed && run.deliverable
                                 ? Json(run.deliverable->new_commit)
                                 : Json();
  json["unsandboxed"] = run.unsandboxed;
  Json evidence = Json::array();
  for (const auto& e : view.evidence) {
    evidence.push_back({{"criterion", e.criterion},
                        {"text", e.text},
                        {"class", name_of(e.cls)},
                        {"verdict", name_of(e.verdict)},
                        {"exit_code", or_null(e.exit_code)}});
  }
  json["evidence"] = std::move(evidence);
  return json;
}

}  // namespace

std::string_view stage_of(const domain::Task& task, const std::optional<domain::Run>& newest) {
  if (is_terminal(task.status)) return "done";
  if (newest && !is_terminal(newest->state)) return name_of(newest->state);
  return task.status == domain::TaskStatus::draft ? "spec" : "gate";
}

Json failure_json(const std::optional<domain::Failure>& failure) {
  if (!failure) return nullptr;
  const auto& info = failure_info(failure->code);
  Json json{{"code", info.name},
            {"class", name_of(info.cls)},
            {"message", failure->message},
            {"retryable", info.retryable},
            {"from_state", failure->from_state}};
  if (!failure->causes.empty()) json["causes"] = failure->causes;
  if (!failure->context.empty()) json["context"] = failure->context;
  return json;
}

Json evidence_json(const domain::Evidence& e) {
  return {{"criterion", e.criterion},
          {"text", e.text},
          {"class", name_of(e.cls)},
          {"verdict", name_of(e.verdict)},
          {"exit_code", or_null(e.exit_code)},
          {"base_exit_code", or_null(e.base_exit_code)},
          {"command", e.command},
          {"output", e.output},
          {"tree", e.tree},
          {"at", to_rfc3339(e.at)}};
}

Json task_json(const TaskView& view) {
  std::optional<domain::Run> newest;
  if (!view.runs.empty()) newest = view.runs.back().run;
  Json json = head_json(view.task, newest);
  json["spec"] = nullptr;
  if (view.spec) {
    json["spec"] = {{"version", view.spec->version},
                    {"digest", view.spec->digest.to_string()},
                    {"source", name_of(view.spec->provenance.source)},
                    {"provenance", provenance_json(view.spec->provenance)}};
  }
  Json runs = Json::array();
  for (const auto& run : view.runs) runs.push_back(run_json(run));
  json["runs"] = std::move(runs);
  return json;
}

Json task_list_json(const std::vector<ListedTask>& tasks,
                    const std::optional<std::string>& next_cursor) {
  Json list = Json::array();
  for (const auto& [task, newest] : tasks) {
    Json json = head_json(task, newest);
    json["spec"] = nullptr;
    if (task.spec) {
      json["spec"] = {{"version", task.spec->version}, {"digest", task.spec->digest.to_string()}};
    }
    list.push_back(std::move(json));
  }
  Json json{{"tasks", std::move(list)}};
  json["next_cursor"] = next_cursor ? Json(*next_cursor) : Json();
  return json;
}

}  // namespace vitana::wire
